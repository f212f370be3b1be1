package command

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// sequencesTask is the model of rows of numbers that belong together by an id.
type sequencesTask struct {
	simple
	// of eval and predict
	judged    string // table to judge the model by
	labels    string
	format    tableFormat
	stream    bool
	parting   parting
	confusion bool // the picture of what it confuses
	measures  measuring
}

func (t *sequencesTask) kind() models.Kind { return models.KindSequence }

func (t *sequencesTask) data() string { return "sequences" }

func (t *sequencesTask) help() string {
	return `With --sequences: rows of numbers that belong together by an id, to a class or
a number for each id: sensor windows, patients, trips. Columns are found by
their names; features are all others with numbers. A tenth of the ids is kept
for the test, a tenth of the others to stop by. Targets that are words or few
whole numbers are classes. Missing values are filled in, or left to --cell grud.
The last line is test_accuracy=<share> test_macro_f1=<F1> baseline=<accuracy>,
or test_mae=<error> test_rmse=<error> test_r2=<share> baseline=<RMSE>, and
val_loss=<loss>. The baseline is a logistic or ridge regression on each
feature's mean, deviation, first and last value.
` + otherDefaults(t)
}

// judge looks for ids that come again, with one target each.
func (t *sequencesTask) judge(s *sample) (likelihood, string) {
	if !s.ends(".csv", ".tsv") {
		return impossible, ""
	}
	r, err := datasets.CSV{Comma: datasets.CommaDetect, Header: datasets.HeaderDetect, Names: idNames}.Read(
		strings.NewReader(strings.Join(s.lines, "\n")), s.path)
	if err != nil || !r.HasHeader() {
		return impossible, ""
	}
	id, target := known(r.Columns(), idNames, ""), known(r.Columns(), outcomeNames, "")
	if id == "" || target == "" {
		return impossible, ""
	}
	of, n := map[string]string{}, 0
	for r.Next() {
		key, value := r.Text(id), r.Text(target)
		if had, ok := of[key]; ok && had != value {
			return impossible, ""
		}
		of[key] = value
		n++
	}
	if n < 2*len(of) || len(of) == 0 {
		return impossible, ""
	}
	return certain, fmt.Sprintf("rows share their %q, each with one %q", id, target)
}

func (t *sequencesTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	o, s := &c.Origin.Sequences, &c.Sequence
	f.StringVar(&o.File, t.data(), o.File, "table of rows that belong together by an id: .csv, .tsv or .jsonl")
	f.StringVar(&o.IDColumn, "id", o.IDColumn, "column that tells the sequence of a row; found by its name unless given")
	f.StringVar(&o.TimeColumn, "time", o.TimeColumn, "column of the rows' times, or none; found by its name unless given")
	f.StringVar(&o.TargetColumn, "target", o.TargetColumn, "column of what is to be predicted; found by its name unless given")
	f.Var(orElse{&s.TargetKind, auto}, "target-kind", "what is predicted: class, number or auto")
	f.StringVar(&o.LabelsFile, "labels", o.LabelsFile, "table of ids and targets, where --sequences has none")
	f.Var(words{list: &o.Features}, "features", "columns of the values, such as x,y; all with numbers unless given")
	f.Var(words{list: &o.Words}, "words", "features whose values are categories even if they look like numbers")
	f.IntVar(&s.MaxRows, "max-rows", s.MaxRows, "rows of the longest sequence that is taken")
	f.BoolVar(&o.Cut, "cut", o.Cut, "take the last --max-rows rows of longer sequences")
	f.StringVar(&s.Fill, "fill", s.Fill, "what stands for a missing value: mean or forward (the last before)")
	f.BoolVar(&s.Marks, "marks", s.Marks, "read beside each value whether it is missing, and for how long")
	f.Float64Var(&s.Huber, "huber", s.Huber, "error, in deviations, beyond which the loss of a number grows linearly; 0 for never")
	partFlags(f, &c.Origin)
	formatFlags(f, (*tableFormat)(&c.Origin.Format))
	decimalFlag(f, (*tableFormat)(&c.Origin.Format))
	f.Var(words{list: &c.Origin.Format.Missing}, "missing", "marks of missing values beside NA, NaN, null, None and an empty field")
}

func (t *sequencesTask) check(c models.Config) error { return checkRows(c.Origin) }

func (t *sequencesTask) inputs(c models.Config) []string {
	return []string{c.Origin.Sequences.File, c.Origin.Sequences.LabelsFile, c.Origin.ValidFile, c.Origin.TestFile}
}

func (t *sequencesTask) evalFlags(f *pflag.FlagSet) {
	f.StringVar(&t.judged, t.data(), "", "table of sequences to judge the model by")
	f.StringVar(&t.labels, "labels", "", "table of ids and targets, where --sequences has none")
	formatFlags(f, &t.format)
	decimalFlag(f, &t.format)
	f.Var(words{list: &t.format.Missing}, "missing", "marks of missing values beside NA, NaN, null, None and an empty field")
	t.measures.flags(f)
}

func (t *sequencesTask) predictFlags(f *pflag.FlagSet) {
	f.BoolVar(&t.stream, "stream", false, "predict after each row of the standard input, for models that read --one-way with --pool last")
	formatFlags(f, &t.format)
	decimalFlag(f, &t.format)
	f.Var(words{list: &t.format.Missing}, "missing", "marks of missing values beside NA, NaN, null, None and an empty field")
	t.parting.flags(f)
}

func (t *sequencesTask) plotFlags(f *pflag.FlagSet) {
	f.BoolVar(&t.confusion, "confusion", false, "draw the confusion matrix of a classifier")
}

func (t *sequencesTask) picture(m models.Model) (*chart.Picture, error) {
	if !t.confusion {
		return nil, nil
	}
	own, err := ownSequences(m.Config())
	if err != nil {
		return nil, err
	}
	e, err := m.(*models.SequenceModel).Evaluate(own.test)
	if err != nil {
		return nil, err
	}
	if e.Confusion == nil {
		return nil, usage("the model predicts a number: it confuses no classes")
	}
	return chart.Confusion(e.Confusion), nil
}

func (t *sequencesTask) about(a *account, c models.Config) {
	var inputs struct {
		Columns []struct {
			Name string `json:"name"`
		} `json:"columns"`
	}
	if a.take("inputs", &inputs) {
		var names []string
		for _, c := range inputs.Columns {
			names = append(names, c.Name)
		}
		a.say("features", "%s", strings.Join(names, ", "))
	}
	var labels []string
	if a.take("labels", &labels) {
		a.say("labels", "%s", strings.Join(labels, ", "))
	}
	var target struct {
		Mean      float64 `json:"mean"`
		Deviation float64 `json:"deviation"`
	}
	if a.take("target", &target) {
		a.say("number", "%.4g ± %.4g", target.Mean, target.Deviation)
	}
	if o := c.Origin.Sequences; o.File != "" {
		a.say("table", "%s, ids in %s, targets in %s", o.File, o.IDColumn, o.TargetColumn)
	}
}
