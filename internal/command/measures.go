package command

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// measuring are the flags of the measures of a classifier of anything.
type measuring struct {
	positive   string // of two labels the one that areas are those of
	replicates int    // draws of a bootstrap; 0 for none
	seed       uint64
}

func (m *measuring) flags(f *pflag.FlagSet) {
	positiveFlag(f, &m.positive)
	f.IntVar(&m.replicates, "bootstrap", 0, "tell how sure the measures are, by so many draws of rows, such as 1000; 0 for not")
	f.Uint64Var(&m.seed, "bootstrap-seed", 1, "seed of the draws")
}

// positiveFlag is of two labels the one to find.
func positiveFlag(f *pflag.FlagSet, label *string) {
	f.StringVar(label, "positive", "", "of two labels the one to find, for ROC-AUC and average precision; the last in order unless given")
}

// positiveOf is the number of the label to find, of two; -1 of more.
func positiveOf(labels []string, label string) (int, error) {
	if label == "" && len(labels) == 2 {
		return 1, nil
	}
	at := slices.Index(labels, label)
	switch {
	case label == "":
		return -1, nil
	case at < 0:
		return 0, usage("--positive %q is no label of the model; it has %s", label, quotedList(labels))
	case len(labels) > 2:
		return 0, usage("--positive is for two labels; the model has %d, each of which is measured against the rest", len(labels))
	}
	return at, nil
}

// measured is how good the probabilities of a classifier are.
type measured struct {
	Positive  string               `json:"positive,omitempty"` // of two labels
	Measures  map[string]number    `json:"measures"`
	Intervals map[string][2]number `json:"intervals,omitempty"` // 95 %, of the measures
	list      []quality
}

// quality is one of them: its name in JSON and in words, and how it is measured. Those without a name are for JSON alone.
type quality struct {
	key, name string
	plain     bool // it stands above the measures, and comes again only with its interval
	of        func(p *metric.Probabilities, c *metric.Confusion) float64
}

// bins are those of the calibration error.
const bins = 10

// measuresOf are the measures for classes, of which positive is the one to find, -1 for all.
func measuresOf(classes, positive int) []quality {
	var list []quality
	add := func(key, name string, plain bool, of func(p *metric.Probabilities, c *metric.Confusion) float64) {
		list = append(list, quality{key, name, plain, of})
	}
	ofGuesses := func(key, name string, plain bool, of func(c *metric.Confusion) float64) {
		add(key, name, plain, func(_ *metric.Probabilities, c *metric.Confusion) float64 { return of(c) })
	}
	ofScores := func(key, name string, plain bool, of func(p *metric.Probabilities) float64) {
		add(key, name, plain, func(p *metric.Probabilities, _ *metric.Confusion) float64 { return of(p) })
	}
	calibration := func(equalMass bool) func(p *metric.Probabilities) float64 {
		return func(p *metric.Probabilities) float64 {
			r, _ := p.Reliability(bins, equalMass) // there are bins
			return r.CalibrationError()
		}
	}
	ofGuesses("accuracy", "accuracy", true, (*metric.Confusion).Accuracy)
	ofGuesses("macro_f1", "macro F1", true, (*metric.Confusion).MacroF1)
	ofGuesses("balanced_accuracy", "balanced accuracy", false, (*metric.Confusion).BalancedAccuracy)
	ofGuesses("matthews", "Matthews correlation", false, (*metric.Confusion).Matthews)
	ofGuesses("kappa", "Cohen's kappa", false, (*metric.Confusion).Kappa)
	if positive >= 0 {
		ofScores("roc_auc", "ROC-AUC", false, func(p *metric.Probabilities) float64 { return p.ROCAUC(positive) })
		ofScores("average_precision", "average precision", false,
			func(p *metric.Probabilities) float64 { return p.AveragePrecision(positive) })
	} else {
		ofScores("roc_auc", "ROC-AUC, mean", false, (*metric.Probabilities).MacroROCAUC)
		ofScores("roc_auc_weighted", "", true, (*metric.Probabilities).WeightedROCAUC)
		ofScores("average_precision", "average precision, mean", false, (*metric.Probabilities).MacroAveragePrecision)
		ofScores("average_precision_weighted", "", true, (*metric.Probabilities).WeightedAveragePrecision)
	}
	for _, k := range []int{2, 3, 5} {
		if k < classes && (k > 2 || classes == 3) {
			ofScores(fmt.Sprintf("top_%d_accuracy", k), fmt.Sprintf("top-%d accuracy", k), false,
				func(p *metric.Probabilities) float64 { return p.TopK(k) })
		}
	}
	ofScores("log_loss", "log loss", true, (*metric.Probabilities).LogLoss)
	ofScores("brier", "Brier score", false, (*metric.Probabilities).Brier)
	ofScores("calibration_error", "calibration error", false, calibration(false))
	ofScores("calibration_error_equal_mass", "", true, calibration(true))
	return list
}

// measure measures probabilities of labels.
func (m *measuring) measure(p *metric.Probabilities, labels []string) (measured, error) {
	if m.replicates < 0 || m.replicates == 1 || m.replicates > 1e6 {
		return measured{}, usage("--bootstrap %d; want 0, or 2 to 1000000", m.replicates)
	}
	positive, err := positiveOf(labels, m.positive)
	if err != nil {
		return measured{}, err
	}
	out := measured{Measures: map[string]number{}, list: measuresOf(len(labels), positive)}
	if positive >= 0 {
		out.Positive = labels[positive]
	}
	c, err := p.Confusion(labels...)
	if err != nil {
		return measured{}, err
	}
	for _, each := range out.list {
		out.Measures[each.key] = number(each.of(p, c))
	}
	if m.replicates > 0 {
		return out, out.bootstrap(metric.Bootstrap{Replicates: m.replicates, Seed: m.seed}, p, labels)
	}
	return out, nil
}

// bootstrap adds the intervals; a measure that is not defined has none.
func (m *measured) bootstrap(b metric.Bootstrap, p *metric.Probabilities, labels []string) error {
	m.Intervals = map[string][2]number{}
	for _, each := range m.list {
		low, high, err := b.Interval(p.Count(), func(rows []int) float64 {
			drawn := p.Select(rows)
			c, _ := drawn.Confusion(labels...) // it was made before
			return each.of(drawn, c)
		})
		if v := float64(m.Measures[each.key]); v != v {
			continue
		}
		if err != nil {
			return err
		}
		m.Intervals[each.key] = [2]number{number(low), number(high)}
	}
	return nil
}

// print writes the measures in columns, with the intervals if there are any.
func (m measured) print(w io.Writer) error {
	var rows []string
	if m.Positive != "" {
		rows = append(rows, fmt.Sprintf("positive label\t%s", quoted(shortened(m.Positive, 30))))
	}
	undefined := false
	for _, each := range m.list {
		v := m.Measures[each.key]
		interval, drawn := m.Intervals[each.key]
		if each.name == "" || each.plain && !drawn {
			continue
		}
		text := fmt.Sprintf("%.4f", float64(v))
		if v != v {
			text, undefined = "-", true
		}
		if drawn {
			text += fmt.Sprintf("\t%.4f to %.4f", float64(interval[0]), float64(interval[1]))
		}
		rows = append(rows, each.name+"\t"+text)
	}
	if len(m.Intervals) > 0 {
		rows = slices.Insert(rows, 0, "measure\t\tin 95 of 100 draws")
	}
	if err := table(w, rows); err != nil {
		return err
	}
	if undefined {
		_, err := fmt.Fprintln(w, "- needs rows of the label and rows of others")
		return err
	}
	return nil
}
