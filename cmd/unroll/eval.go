package main

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
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Judge a trained model",
		Long: `Judge a trained model: a classifier by accuracy, precision, recall and F1 of
each label and the confusion matrix; a language model by its loss in nats a
token and its perplexity.

Without --table, a classifier is judged by the rows of its own table that were
kept for the test; without --text, a language model by the last tenth of its own
text, on which it was not trained.`,
		Example: `  unroll eval --model reviews.safetensors
  unroll eval --model reviews.safetensors --table others.csv --json
  unroll eval --model book.safetensors --text other.txt
  unroll eval --model book.safetensors --weights int8`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	completeFormat(cmd)
	jsonFlag(cmd)
	groupFlags(cmd, flags)
	return cmd
}

// judged is how good a classifier is.
type judged struct {
	Rows      int              `json:"rows"`
	Loss      number           `json:"loss"`
	Accuracy  number           `json:"accuracy"`
	MacroF1   number           `json:"macro_f1"`
	Labels    map[string]score `json:"labels"`
	confusion *metric.Confusion
}

type score struct {
	Precision number `json:"precision"`
	Recall    number `json:"recall"`
	F1        number `json:"f1"`
	Support   int    `json:"support"`
}

// evalClassifier judges a classifier by a table, or, if the path is empty, by the test rows of its own. The log is told
// how another table was read.
func evalClassifier(log io.Writer, m *models.Classifier, path string, columns tableColumns, format tableFormat) (*judged, error) {
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
	c := e.Confusion
	j := &judged{
		Rows: e.Rows, Loss: number(e.Loss), Accuracy: number(c.Accuracy()), MacroF1: number(c.MacroF1()),
		Labels: map[string]score{}, confusion: c,
	}
	for i, name := range m.Labels() {
		j.Labels[name] = score{number(c.Precision(i)), number(c.Recall(i)), number(c.F1(i)), c.Support(i)}
	}
	return j, nil
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
	_, err := fmt.Fprintf(w, "%d rows, loss %.4f\n\n%v", j.Rows, j.Loss, j.confusion)
	return err
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
