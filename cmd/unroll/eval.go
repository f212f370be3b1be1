package main

import (
	"cmp"
	"fmt"
	"io"
	"math"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train"
)

func evalCommand() *cobra.Command {
	var path, tablePath, text string
	var columns tableColumns
	var format tableFormat
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
  unroll eval --model book.safetensors --text other.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := loadAny(path)
			if err != nil {
				return err
			}
			var r report
			switch {
			case m.classifier != nil && text != "":
				return usage("%s is a classifier: want --table", path)
			case m.language != nil && tablePath != "":
				return usage("%s is a language model: want --text", path)
			case tablePath == "" && columns != tableColumns{}:
				return usage("--text-column and --label-column go with --table")
			case m.classifier != nil:
				if format, err = format.settled(cmd); err == nil {
					r, err = evalClassifier(cmd.ErrOrStderr(), m.classifier, tablePath, columns, format)
				}
			default:
				r, err = evalLanguage(m.language, text)
			}
			if err != nil {
				return err
			}
			return show(cmd, r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", "model.safetensors", "checkpoint of the model")
	f.StringVar(&tablePath, "table", "", "labelled texts to judge a classifier by")
	f.StringVar(&columns.text, "text-column", "", "column of the texts; the name that the model's own table has, unless given")
	f.StringVar(&columns.label, "label-column", "", "column of the labels; the name that the model's own table has, unless given")
	f.StringVar(&text, "text", "", "text to judge a language model by")
	formatFlags(cmd, &format)
	missingFlag(cmd, &format)
	jsonFlag(cmd)
	return cmd
}

// judged is how good a classifier is.
type judged struct {
	Rows      int              `json:"rows"`
	Loss      number           `json:"loss"`
	Accuracy  number           `json:"accuracy"`
	MacroF1   number           `json:"macro_f1"`
	Labels    map[string]score `json:"labels"`
	confusion *train.Confusion
}

type score struct {
	Precision number `json:"precision"`
	Recall    number `json:"recall"`
	F1        number `json:"f1"`
	Support   int    `json:"support"`
}

// evalClassifier judges a classifier by a table, or, if the path is empty, by the test rows of its own. The log is told
// how another table was read.
func evalClassifier(log io.Writer, m *classifier, path string, columns tableColumns, format tableFormat) (report, error) {
	var rows *samples
	var err error
	if path == "" {
		rows, err = m.ownTest()
	} else {
		rows, err = m.otherTest(log, path, columns, format)
	}
	if err != nil {
		return nil, err
	}
	confusion, loss, err := m.judge(rows)
	if err != nil {
		return nil, err
	}
	j := &judged{Rows: len(rows.texts), Loss: number(loss), Accuracy: number(confusion.Accuracy()), MacroF1: number(confusion.MacroF1()), Labels: map[string]score{}, confusion: confusion}
	for i, name := range m.labels {
		j.Labels[name] = score{number(confusion.Precision(i)), number(confusion.Recall(i)), number(confusion.F1(i)), confusion.Support(i)}
	}
	return j, nil
}

// ownTest are the rows that were kept for the test when a classifier was trained.
func (m *classifier) ownTest() (*samples, error) {
	c := m.config
	hash, err := c.tablesHash()
	if err != nil {
		return nil, errors.Wrap(err, "the model's own table (another one: --table)")
	}
	if hash != c.TextHash {
		return nil, errors.Errorf("%s has changed since the model was trained: its test rows may be others; give the table with --table", c.Table)
	}
	_, p, err := c.readTables()
	return p.test, err
}

// otherTest are the rows of another table, whose columns are called as those of the model's own unless they are given.
func (m *classifier) otherTest(log io.Writer, path string, columns tableColumns, format tableFormat) (*samples, error) {
	t, err := readTable(path, tableColumns{cmp.Or(columns.text, m.config.TextColumn), cmp.Or(columns.label, m.config.LabelColumn)}, format)
	if err != nil {
		return nil, err
	}
	t.describe(log)
	return &t.samples, nil
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

func evalLanguage(m *model, path string) (report, error) {
	var ids []int
	if path != "" {
		corpus, err := datasets.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if ids, err = m.vocab.Encode(corpus.Text); err != nil {
			return nil, errors.Wrap(err, path)
		}
	} else {
		corpus, err := readText(m.config.Text)
		if err != nil {
			return nil, errors.Wrap(err, "the model's own text (another one: --text)")
		}
		if hash := textHash(corpus); hash != m.config.TextHash {
			return nil, errors.Errorf("%s has changed since the model was trained: the model may have seen its last tenth; give the text with --text", corpus.Name)
		}
		all, err := m.vocab.Encode(corpus.Text)
		if err != nil {
			return nil, errors.Wrap(err, corpus.Name)
		}
		if _, ids, err = datasets.Split(all, 0.9); err != nil {
			return nil, err
		}
	}
	loss, n, err := m.lossOf(ids)
	if err != nil {
		return nil, err
	}
	return &fluency{n, number(loss), number(train.Perplexity(loss)), number(loss / math.Ln2)}, nil
}

// lossOf is the mean loss over ids, in lanes side by side, and the number of tokens that were predicted.
func (m *model) lossOf(ids []int) (loss float64, tokens int, err error) {
	if len(ids) < 2 {
		return 0, 0, errors.Errorf("%d tokens: two at least are needed to predict one", len(ids))
	}
	steps := min(m.config.Seq, len(ids)-1)
	lanes := min(m.config.Batch, (len(ids)-1)/steps)
	windows, err := datasets.NewWindows(ids, steps, lanes)
	if err != nil {
		return 0, 0, err
	}
	l := &train.Loop{Loss: m.loss, State: m.state(lanes)}
	loss, err = l.Validate(train.FromWindows(windows))
	return loss, windows.Len() * steps * lanes, err
}

func (f *fluency) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s tokens: loss %.4f nats a token, perplexity %.2f, %.3f bits a token\n", thousands(f.Tokens), f.Loss, f.Perplexity, f.Bits)
	return err
}
