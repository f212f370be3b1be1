package command

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/message"
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
  recogniser       of each recording: its text, and the times of its words

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
	column  string   // of the texts
	keep    []string // columns to keep; nil for all
	format  tableFormat
	onError string // what becomes of a text that cannot be read: stop or record
	input   string // what the standard input is: text, csv, tsv or jsonl
	parting parting
}

func (t *textRows) flags(f *pflag.FlagSet) {
	f.StringVar(&t.column, "text-column", "", "a table's column of the texts; the name that the model's own table has, unless given")
	f.Var(words{list: &t.keep}, "keep", "a table's columns to keep in the output, such as id,date; all unless given, \"\" for none")
	formatFlags(f, &t.format)
	f.StringVar(&t.onError, "on-error", stopOnError,
		"what to do with a text, or a line of JSON, that cannot be read: stop, or record it as {\"error\": ...} and go on")
	f.StringVar(&t.input, "input", "text", "what the standard input is: text, a text a line, or a table, csv, tsv or jsonl")
	t.parting.flags(f)
}

// What --on-error may be.
const (
	stopOnError   = "stop"
	recordOnError = "record"
)

// inputs are what --input may be.
var inputs = []string{"text", "csv", "tsv", "jsonl"}

func (t *textRows) check(args []string) error {
	switch {
	case !slices.Contains([]string{stopOnError, recordOnError}, t.onError):
		return usage("--on-error %q; want %s or %s", t.onError, stopOnError, recordOnError)
	case !slices.Contains(inputs, t.input):
		return usage("--input %q; want %s", t.input, oneOf(inputs))
	case t.input != inputs[0] && len(args) > 0:
		return usage("--input %s is for the standard input; %s is what its name says", t.input, args[0])
	}
	return cmp.Or(t.format.check(), t.parting.check(args))
}

// predict reads the texts of a file, or of the standard input, and has some of them predicted at a time.
func (t *textRows) predict(cmd *cobra.Command, m models.Model, args []string, say func(p *predictor) error) error {
	if err := t.check(args); err != nil {
		return err
	}
	return t.parting.write(cmd, m, args, func(w io.Writer) error {
		p := &predictor{model: m, say: say, out: json.NewEncoder(w), records: t.onError == recordOnError, to: math.MaxInt}
		if len(args) == 0 {
			if t.input == inputs[0] {
				return p.lines(t.format.decoded(cmd.InOrStdin()), standardInput)
			}
			return t.table(cmd.ErrOrStderr(), standardInput, cmd.InOrStdin(), p)
		}
		var err error
		if p.from, p.to, err = t.parting.lines(args[0]); err != nil {
			return err
		}
		if isTable(args[0]) {
			return t.table(cmd.ErrOrStderr(), args[0], nil, p)
		}
		file, err := inputfile.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		return p.lines(t.format.decoded(file), args[0])
	})
}

const standardInput = "standard input"

// table predicts the texts of a table: of a file, or of the standard input if it is given.
func (t *textRows) table(log io.Writer, path string, in io.Reader, p *predictor) error {
	want := tableColumns{text: t.column}
	if want.text == "" {
		want.text = p.model.Config().Origin.Table.TextColumn // none of a language model
	}
	r, err := t.open(path, in, want.names())
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	p.texts.Name = path
	var columns tableColumns
	var keep []string
	for {
		if !r.Next() {
			if p.pass(r) {
				continue
			}
			break
		}
		if columns.text != "" && r.Line() < p.from {
			continue
		}
		if r.Line() >= p.to {
			break
		}
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
			if p.pass(r) {
				continue
			}
			break
		}
		if r.Line() < p.from {
			continue
		}
		if err := p.add(text, r.Line(), others); err != nil {
			return err
		}
	}
	if err := p.finish(r.Err()); err != nil {
		return err
	}
	if columns.text == "" && p.to == math.MaxInt && p.failed == 0 && path != standardInput {
		return errors.Errorf("%s has no rows", path)
	}
	return nil
}

// open opens a table: a file, or a reader if one is given.
func (t *textRows) open(path string, in io.Reader, names []string) (rows, error) {
	if in == nil {
		return t.format.open(path, names)
	}
	return t.format.readAs("."+t.input, path, io.NopCloser(in), names)
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

	from, to int  // the lines at which rows begin that are predicted, without to
	records  bool // what cannot be read is recorded, and does not end
	failed   int  // how much could not be read
}

// lines predicts the lines of a text.
func (p *predictor) lines(r io.Reader, name string) error {
	p.texts.Name = name
	lines := datasets.PlainText{}.Read(r, name)
	for {
		if !lines.Next() {
			if p.pass(lines) {
				continue
			}
			break
		}
		if lines.Line() >= p.to {
			break
		}
		if lines.Line() < p.from {
			continue
		}
		if err := p.add(lines.Text(), lines.Line(), nil); err != nil {
			return err
		}
	}
	return p.finish(lines.Err())
}

// failure is what is recorded of a text that cannot be read.
type failure struct {
	Error   string         `json:"error"`
	Line    int            `json:"line"`
	Text    string         `json:"text,omitempty"`
	Columns map[string]any `json:"columns,omitempty"`
}

// pass records an error of a line, if it is to be recorded and the reader can go on after it.
func (p *predictor) pass(r any) bool {
	s, ok := r.(interface {
		Skip() error
		Line() int
	})
	if !p.records || !ok || p.finish(nil) != nil { // what was read before comes before it
		return false
	}
	line := s.Line()
	err := s.Skip()
	if err == nil {
		return false
	}
	if line < p.from || line >= p.to {
		return true
	}
	return p.record(failure{Error: message.WithoutPackages(err.Error()), Line: line}) == nil
}

func (p *predictor) record(f failure) error {
	p.failed++
	return p.out.Encode(f)
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

// predict writes what the model says of the texts, up to the first that it cannot read, or with records of those.
func (p *predictor) predict() error {
	for {
		err := p.say(p)
		var at *models.TextError
		if !errors.As(err, &at) {
			return err
		}
		if err = errors.Wrapf(at.Err, "%s: in its text", p.texts.Place(at.Index)); !p.records {
			return err
		}
		i := at.Index
		f := failure{Error: message.WithoutPackages(err.Error()), Line: p.texts.Lines[i], Text: p.texts.Texts[i], Columns: p.columns[i]}
		if err := p.record(f); err != nil {
			return err
		}
		p.texts.Texts, p.texts.Lines, p.columns = p.texts.Texts[i+1:], p.texts.Lines[i+1:], p.columns[i+1:]
		if len(p.columns) == 0 {
			return nil
		}
	}
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
