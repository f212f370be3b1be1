package command

import (
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent/models"
)

func evalCommand() *cobra.Command {
	var model modelFlags
	var flags *taskFlags
	var foundation foundationEval
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Judge a trained model of any kind",
		Long: `Judge a trained model, by data that a flag names, or without it by those of its
own that were kept for the test:

  language model   loss in nats a token, and perplexity; of its own text, the
                   last tenth
  classifier       accuracy; precision, recall and F1 of each label; the
                   confusion matrix; how good its probabilities are; with
                   --bootstrap, how sure all that is
  translator       BLEU and chrF as sacreBLEU computes them, or of symbols the
                   share of wrong ones, beside a baseline
  tagger           accuracy, and F1 of spans if its tags mark any
  forecaster       MASE, CRPS and others, beside forecasts that need no network
  sequences        as a classifier; of numbers, MAE, RMSE and R2
  recogniser       word and character error rates; of labels, accuracy
  foundation model of a text, loss and perplexity; how likely lines are; how
                   many last words of passages it knows

--calibrate finds the temperature that makes a classifier's probabilities true
on the rows of its own table to stop by, and keeps it in the model's file:
predict and eval use it from then on.

What the figures mean: unroll help measures.`,
		Example: `  unroll eval --model reviews.safetensors
  unroll eval --model reviews.safetensors --table others.csv --json
  unroll eval --model reviews.safetensors --calibrate --bootstrap 1000
  unroll eval --model book.safetensors --text other.txt
  unroll eval --model book.safetensors --weights int8
  unroll eval --model french.safetensors --beam 1
  unroll eval --model pos.safetensors --tags others.conllu --confusion
  unroll eval --model co2.safetensors --origins 12
  unroll eval --model digits.safetensors --beam 16
  unroll eval --model mamba-130m --last-word lambada.jsonl`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if model.isFoundation() {
				m, err := model.foundation()
				if err != nil {
					return err
				}
				r, err := foundation.eval(cmd, m)
				if err != nil {
					return err
				}
				return show(cmd, r)
			}
			if flag := foundation.given(); flag != "" {
				return usage("%s is for foundation models; %s is none", flag, model.path)
			}
			m, err := model.load()
			if err != nil {
				return err
			}
			t, err := flags.choose(cmd, model.path, m)
			if err != nil {
				return err
			}
			r, err := t.eval(cmd, m)
			if err != nil {
				return err
			}
			return show(cmd, r)
		},
	}
	model.add(cmd)
	flags = addTaskFlags(cmd, tasks(), task.evalFlags)
	foundation.add(cmd)
	completeFormat(cmd)
	jsonFlag(cmd)
	groupFlags(cmd, flags)
	return cmd
}

// judged is how good a classifier is.
type judged struct {
	Rows     int                    `json:"rows"`
	Loss     number                 `json:"loss"`
	Accuracy number                 `json:"accuracy"`
	MacroF1  number                 `json:"macro_f1"`
	Labels   map[string]rankedScore `json:"labels"`
	measured
	Temperature number `json:"temperature"`
	confusion   *metric.Confusion
}

type score struct {
	Precision number `json:"precision"`
	Recall    number `json:"recall"`
	F1        number `json:"f1"`
	Support   int    `json:"support"`
}

// rankedScore is that of a label whose probabilities are known, too.
type rankedScore struct {
	score
	ROCAUC           number `json:"roc_auc"` // against the rest
	AveragePrecision number `json:"average_precision"`
}

// evalClassifier judges a classifier by a table, or, if the path is empty, by the test rows of its own. The log is told
// how another table was read.
func evalClassifier(log io.Writer, m *models.Classifier, path string, columns tableColumns, format tableFormat,
	measures measuring) (*judged, error) {
	var rows models.Examples
	var err error
	own := m.Config().Origin
	if path == "" {
		rows, err = ownTest(own)
	} else {
		rows, err = otherTest(log, path, own.Table, columns, format)
	}
	if err != nil {
		return nil, err
	}
	e, err := m.Evaluate(rows)
	if err != nil {
		return nil, err
	}
	j, err := judgedBy(e.Rows, e.Loss, e.Probabilities, m.Labels(), measures)
	if err == nil {
		j.Temperature = number(m.Temperature())
	}
	return j, err
}

// judgedBy is how good a model of classes is that gives rows such probabilities of some labels.
func judgedBy(rows int, loss float64, p *metric.Probabilities, labels []string, measures measuring) (*judged, error) {
	c, err := p.Confusion(labels...)
	if err != nil {
		return nil, err
	}
	j := &judged{
		Rows: rows, Loss: number(loss), Accuracy: number(c.Accuracy()), MacroF1: number(c.MacroF1()),
		Labels: map[string]rankedScore{}, Temperature: 1, confusion: c,
	}
	for i, name := range labels {
		j.Labels[name] = rankedScore{
			score{number(c.Precision(i)), number(c.Recall(i)), number(c.F1(i)), c.Support(i)},
			number(p.ROCAUC(i)), number(p.AveragePrecision(i)),
		}
	}
	j.measured, err = measures.measure(p, labels)
	return j, err
}

// otherTest are the rows of another table, whose columns are called as those of the model's own unless they are given.
func otherTest(log io.Writer, path string, own models.Table, columns tableColumns, format tableFormat) (models.Examples, error) {
	t, err := readTable(path, tableColumns{cmp.Or(columns.text, own.TextColumn), cmp.Or(columns.label, own.LabelColumn)}, format)
	if err != nil {
		return models.Examples{}, err
	}
	t.describe(log)
	return t.Examples, nil
}

func (j *judged) print(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%d rows, loss %.4f\n\n%v\n", j.Rows, j.Loss, j.confusion); err != nil {
		return err
	}
	return j.measured.print(w)
}

// fluency is how well a language model predicts a text.
type fluency struct {
	Tokens     int    `json:"tokens"`
	Loss       number `json:"loss"` // nats a token
	Perplexity number `json:"perplexity"`
	Bits       number `json:"bits_per_token"`
}

// evalLanguage judges a language model by a text, or, if the path is empty, by the last tenth of its own.
func evalLanguage(m *models.LanguageModel, path string) (*fluency, error) {
	var corpus datasets.Corpus
	var err error
	evaluate := m.Evaluate
	if path == "" {
		evaluate = m.EvaluateRest
		corpus, err = ownRest(m.Config().Origin)
	} else {
		corpus, err = readText(path)
	}
	if err != nil {
		return nil, err
	}
	l, err := evaluate(corpus.Text)
	if err != nil {
		return nil, errors.Wrap(err, corpus.Name)
	}
	return &fluency{l.Tokens, number(l.Loss), number(l.Perplexity()), number(l.Loss / math.Ln2)}, nil
}

// ownRest is a model's own text, whose last tenth it has not seen.
func ownRest(own models.Origin) (datasets.Corpus, error) {
	if own.Hash == "" {
		return datasets.Corpus{}, untold("text")
	}
	corpus, err := ownText(own)
	if err != nil {
		return corpus, errors.Wrap(err, "the model's own text (another one: --text)")
	}
	if textHash(corpus) != own.Hash {
		return corpus, errors.Errorf("%s has changed since the model was trained: the model may have seen its last tenth; "+
			"give the text with --text", corpus.Name)
	}
	return corpus, nil
}

func (f *fluency) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s tokens: loss %.4f nats a token, perplexity %.2f, %.3f bits a token\n",
		thousands(f.Tokens), f.Loss, f.Perplexity, f.Bits)
	return err
}
