package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// tableTask is the classifier of texts in a table.
type tableTask struct {
	simple
	// of eval
	judged    string // table to judge the model by
	columns   tableColumns
	format    tableFormat
	measuring measuring
	calibrate bool

	reads textRows // what is predicted
	top   int      // how many labels have their probabilities

	pictures pictures
}

func (t *tableTask) kind() models.Kind { return models.KindClassifier }

func (t *tableTask) data() string { return "table" }

func (t *tableTask) help() string {
	return `With --table: a classifier of texts, on a file in CSV, TSV or JSONL with a
column of texts and one of labels. A tenth of the rows, always the same, is
kept for the test, a tenth of the others to stop by, and the weights of the
best pass are kept. The last line is
test_accuracy=<share> test_macro_f1=<F1> val_loss=<nats a text>
texts_per_s=<texts a second>, all in one.
` + otherDefaults(t)
}

func (t *tableTask) judge(s *sample) (likelihood, string) {
	if isTable(s.path) {
		return likely, "its name ends in " + s.ending
	}
	return impossible, ""
}

func (t *tableTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	table := &c.Origin.Table
	f.StringVar(&table.File, t.data(), table.File, "texts to learn to classify, with their labels: .csv, .tsv or .jsonl")
	f.StringVar(&table.TextColumn, "text-column", table.TextColumn, "column of the texts; found by its name unless given")
	f.StringVar(&table.LabelColumn, "label-column", table.LabelColumn, "column of the labels; found by its name unless given")
	partFlags(f, &c.Origin)
	formatFlags(f, (*tableFormat)(&c.Origin.Format))
	missingFlag(f, (*tableFormat)(&c.Origin.Format))
}

func (t *tableTask) check(c models.Config) error { return checkRows(c.Origin) }

func (t *tableTask) inputs(c models.Config) []string {
	return []string{c.Origin.Table.File, c.Origin.ValidFile, c.Origin.TestFile}
}

func (t *tableTask) evalFlags(f *pflag.FlagSet) {
	f.StringVar(&t.judged, t.data(), "", "labelled texts to judge a classifier by")
	f.StringVar(&t.columns.text, "text-column", "", "column of the texts; the name that the model's own table has, unless given")
	f.StringVar(&t.columns.label, "label-column", "", "column of the labels; the name that the model's own table has, unless given")
	formatFlags(f, &t.format)
	missingFlag(f, &t.format)
	t.measuring.flags(f)
	f.BoolVar(&t.calibrate, "calibrate", false, "find the temperature of a classifier by its rows to stop by, and keep it in the model's file")
}

func (t *tableTask) eval(cmd *cobra.Command, m models.Model) (report, error) {
	if t.judged == "" && t.columns != (tableColumns{}) {
		return nil, usage("--text-column and --label-column go with --table")
	}
	if err := t.format.check(); err != nil {
		return nil, err
	}
	c := m.(*models.Classifier)
	if _, err := positiveOf(c.Labels(), t.measuring.positive); err != nil { // before the model's file is written
		return nil, err
	}
	if t.calibrate {
		if err := calibrate(cmd.ErrOrStderr(), c); err != nil {
			return nil, err
		}
	}
	return evalClassifier(cmd.ErrOrStderr(), c, t.judged, t.columns, t.format, t.measuring)
}

func (t *tableTask) predictFlags(f *pflag.FlagSet) {
	t.reads.flags(f)
	f.IntVar(&t.top, "top", 0, "give the probabilities of so many likeliest labels only; 0 for all")
}

func (t *tableTask) predict(cmd *cobra.Command, m models.Model, args []string) error {
	if t.top < 0 {
		return usage("--top %d; want 0 or more", t.top)
	}
	return t.reads.predict(cmd, m, args, func(p *predictor) error { return p.classify(m.(*models.Classifier), t.top) })
}

func (t *tableTask) plotFlags(f *pflag.FlagSet) { t.pictures.flags(f) }

func (t *tableTask) picture(m models.Model) (*chart.Picture, error) {
	draw, err := t.pictures.chosen()
	if draw == nil || err != nil {
		return nil, err
	}
	c := m.(*models.Classifier)
	if _, err := positiveOf(c.Labels(), t.pictures.positive); err != nil {
		return nil, err
	}
	rows, err := ownTest(c.Config().Origin)
	if err != nil {
		return nil, err
	}
	e, err := c.Evaluate(rows)
	if err != nil {
		return nil, err
	}
	return draw(e.Probabilities, c.Labels())
}

func (t *tableTask) about(a *account, c models.Config) {
	if a.takeTokens("tokens") {
		tokens := c.Tokens + "s"
		if c.Tokens == models.BytePairs {
			tokens = "byte pairs"
		}
		a.say("vocabulary", "%s %s", thousands(a.tokens), tokens)
	}
	var labels []string
	if a.take("labels", &labels) {
		a.say("labels", "%s", strings.Join(labels, ", "))
	}
	var temperature float64
	if a.take("temperature", &temperature) {
		a.say("temperature", "%.4g, found by unroll eval --calibrate", temperature)
	}
	if t := c.Origin.Table; t.File != "" {
		a.say("table", "%s, texts in %s, labels in %s", t.File, t.TextColumn, t.LabelColumn)
	}
}
