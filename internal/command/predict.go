package command

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"slices"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

func predictCommand() *cobra.Command {
	var model modelFlags
	var flags *taskFlags
	cmd := &cobra.Command{
		Use:   "predict [FILE]",
		Short: "Predict with a model of any kind, and print JSON",
		Long: `Predict for FILE, or the standard input, and print JSON objects, one a line:

  language model   of each text: its log-probability in nats, and perplexity,
                   which is null where there is nothing to predict
  classifier       of each text: the likeliest label, all probabilities
  translator       of each text: the translation, its score and log-probability
  tagger           of each sentence: its words, tags, and spans
  forecaster       of each series: what comes next, with quantiles
  sequences        of each id: the label and probabilities, or the number

Texts are read from a table (.csv, .tsv, .jsonl), whose other columns are kept
under "columns", or one a line. Files for the others are those that training
takes, without labels. unroll translate, tag and forecast print plain text.`,
		Example: `  unroll predict --model reviews.safetensors new.csv > labelled.jsonl
  unroll predict --model reviews.safetensors new.csv --keep id --top 3
  echo "a wonderful evening" | unroll predict --model reviews.safetensors
  unroll predict --model windows.safetensors new.csv > predicted.jsonl`,
		Args: oneFileAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := model.load()
			if err != nil {
				return err
			}
			t, err := flags.choose(cmd, model.path, m)
			if err != nil {
				return err
			}
			return t.predict(cmd, m, args)
		},
	}
	model.add(cmd)
	flags = addTaskFlags(cmd, tasks(), task.predictFlags)
	completeFormat(cmd)
	groupFlags(cmd, flags)
	return cmd
}

// buffered gives f a buffer before the standard output. What f wrote before an error is written, too.
func buffered(cmd *cobra.Command, f func(w io.Writer) error) error {
	out := bufio.NewWriter(cmd.OutOrStdout())
	err := f(out)
	return cmp.Or(err, out.Flush())
}

// textRows reads texts to predict something of: the rows of a table, or lines.
type textRows struct {
	column string   // of the texts
	keep   []string // columns to keep; nil for all
	format tableFormat
}

func (t *textRows) flags(f *pflag.FlagSet) {
	f.StringVar(&t.column, "text-column", "", "a table's column of the texts; the name that the model's own table has, unless given")
	f.Var(words{list: &t.keep}, "keep", "a table's columns to keep in the output, such as id,date; all unless given, \"\" for none")
	formatFlags(f, &t.format)
}

// predict reads the texts of a file, or of the standard input, and has some of them predicted at a time.
func (t *textRows) predict(cmd *cobra.Command, m models.Model, args []string, say func(p *predictor) error) error {
	if err := t.format.check(); err != nil {
		return err
	}
	return buffered(cmd, func(w io.Writer) error {
		p := &predictor{model: m, say: say, out: json.NewEncoder(w)}
		switch {
		case len(args) == 0:
			return p.lines(t.format.decoded(cmd.InOrStdin()), "standard input")
		case isTable(args[0]):
			return t.table(cmd.ErrOrStderr(), args[0], p)
		}
		file, err := inputfile.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		return p.lines(t.format.decoded(file), args[0])
	})
}

// table predicts the texts of a table.
func (t *textRows) table(log io.Writer, path string, p *predictor) error {
	want := tableColumns{text: t.column}
	if want.text == "" {
		want.text = p.model.Config().Origin.Table.TextColumn // none of a language model
	}
	r, err := t.format.open(path, want.names())
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	p.texts.Name = path
	var columns tableColumns
	var keep []string
	for r.Next() {
		if columns.text == "" {
			if len(r.Columns()) == 1 && t.column == "" { // whatever it is called
				want.text = r.Columns()[0]
			}
			if columns, err = want.choose(path, r, false, differing(path, want, t.format)); err != nil {
				return err
			}
			if keep, err = t.kept(path, r.Columns(), columns.text); err != nil {
				return err
			}
			tell(log, "Table", "%s: texts in %q", path, columns.text)
			tell(log, "Format", "%s", r.format())
		}
		others := map[string]any{}
		for _, k := range keep {
			if v := r.Value(k); v != nil {
				others[k] = v
			}
		}
		text := r.Text(columns.text)
		if r.Err() != nil {
			break
		}
		if err := p.add(text, r.Line(), others); err != nil {
			return err
		}
	}
	if err := p.finish(r.Err()); err != nil {
		return err
	}
	if columns.text == "" {
		return errors.Errorf("%s has no rows", path)
	}
	return nil
}

// kept are the columns to keep of a table's.
func (t *textRows) kept(path string, columns []string, text string) ([]string, error) {
	if t.keep == nil {
		return slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return c == text }), nil
	}
	for _, k := range t.keep {
		if !slices.Contains(columns, k) {
			return nil, errors.Errorf("%s has no column %q (--keep); it has %s", path, k, quotedList(columns))
		}
	}
	return t.keep, nil
}

// together is how many texts are predicted at a time.
const together = 256

// predictor collects texts and writes what a model says of them.
type predictor struct {
	model   models.Model
	say     func(p *predictor) error // writes what the model says of the texts
	out     *json.Encoder
	texts   models.Examples
	columns []map[string]any
}

// lines predicts the lines of a text.
func (p *predictor) lines(r io.Reader, name string) error {
	p.texts.Name = name
	lines := datasets.PlainText{}.Read(r, name)
	for lines.Next() {
		if err := p.add(lines.Text(), lines.Line(), nil); err != nil {
			return err
		}
	}
	return p.finish(lines.Err())
}

func (p *predictor) add(text string, line int, columns map[string]any) error {
	p.texts.Texts, p.texts.Lines, p.columns = append(p.texts.Texts, text), append(p.texts.Lines, line), append(p.columns, columns)
	if len(p.columns) < together {
		return nil
	}
	return p.finish(nil)
}

// finish predicts what was collected before the reader ended, with an error or without.
func (p *predictor) finish(readError error) error {
	err := p.predict()
	p.texts, p.columns = models.Examples{Name: p.texts.Name}, p.columns[:0]
	return cmp.Or(err, readError)
}

// predict writes what the model says of the texts, up to the first that it cannot read.
func (p *predictor) predict() error {
	err := p.say(p)
	var at *models.TextError
	if errors.As(err, &at) {
		return errors.Wrapf(at.Err, "%s: in its text", p.texts.Place(at.Index))
	}
	return err
}

func (p *predictor) classify(m *models.Classifier, top int) error {
	all, unreadable := m.Predict(p.texts.Texts)
	labels := m.Labels()
	for i, found := range all {
		if err := p.out.Encode(record.LabelOf(labels, p.texts.Texts[i], found, top, p.columns[i])); err != nil {
			return err
		}
	}
	return unreadable
}

func (p *predictor) judge(m *models.LanguageModel) error {
	all, unreadable := m.Predict(p.texts.Texts)
	for i, l := range all {
		if err := p.out.Encode(record.LikelihoodOf(p.texts.Texts[i], l, p.columns[i])); err != nil {
			return err
		}
	}
	return unreadable
}
