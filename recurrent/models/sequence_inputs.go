package models

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// sequenceInputs makes the numbers that a network reads of the rows of sequences: standardised features, by the mean and the
// deviation that they have where training saw them; a column of words is a feature for each word, 1 where it is that word and
// 0 elsewhere. A model's file carries it.
type sequenceInputs struct {
	Columns []inputColumn `json:"columns"`
	// Unit is the time that is one step, the median of those between rows; 0 where there were no times.
	Unit float64 `json:"unit"`
}

// inputColumn is a column of the rows, with the scale of its features: one, or as many as it has words.
type inputColumn struct {
	Name       string    `json:"name"`
	Categories []string  `json:"categories,omitempty"`
	Mean       []float64 `json:"mean"`
	Deviation  []float64 `json:"deviation"`
}

// mostWords is how many words a column may have: each is a feature.
const mostWords = 100

// fitInputs measures sequences that are to be trained on.
func fitInputs(s Sequences) (*sequenceInputs, error) {
	in := &sequenceInputs{}
	for c, column := range s.Columns {
		if n := len(column.Categories); n > mostWords {
			return nil, errors.Errorf("models: the column %q has %d different words; want %d at most, as each becomes a feature",
				column.Name, n, mostWords)
		}
		n := max(len(column.Categories), 1)
		own := inputColumn{column.Name, column.Categories, make([]float64, n), make([]float64, n)}
		if err := own.measure(s, c); err != nil {
			return nil, err
		}
		in.Columns = append(in.Columns, own)
	}
	if s.Times != nil {
		in.Unit = medianGap(s.Times)
	}
	return in, in.check()
}

// measure finds means and deviations of column c. A feature that never changes has deviation 1.
func (f *inputColumn) measure(s Sequences, c int) error {
	n, width := 0.0, len(s.Columns)
	each := func(do func(feature int, x float64)) {
		for _, values := range s.Values {
			for k := c; k < len(values); k += width {
				if math.IsNaN(values[k]) {
					continue
				}
				for j := range f.Mean {
					do(j, f.feature(values[k], j))
				}
			}
		}
	}
	each(func(j int, _ float64) {
		if j == 0 {
			n++
		}
	})
	if n == 0 {
		return errors.Errorf("models: the column %q has no value in the sequences to train on", f.Name)
	}
	each(func(j int, x float64) { f.Mean[j] += x / n })
	each(func(j int, x float64) { f.Deviation[j] += (x - f.Mean[j]) * (x - f.Mean[j]) / n })
	for j, v := range f.Deviation {
		f.Deviation[j] = math.Sqrt(v)
		if f.Deviation[j] <= 1e-12*math.Abs(f.Mean[j]) { // the rounding of a constant
			f.Deviation[j] = 1
		}
	}
	return nil
}

// feature is feature j of a value of the column.
func (f *inputColumn) feature(v float64, j int) float64 {
	switch {
	case f.Categories == nil:
		return v
	case int(v) == j:
		return 1
	}
	return 0
}

// medianGap is the median of the times between rows that are not 0; 1 if there is none.
func medianGap(times [][]float64) float64 {
	var gaps []float64
	for _, t := range times {
		for i := 1; i < len(t); i++ {
			if t[i] > t[i-1] {
				gaps = append(gaps, t[i]-t[i-1])
			}
		}
	}
	if len(gaps) == 0 {
		return 1
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

// features is F, the number of features of all columns.
func (in *sequenceInputs) features() int {
	n := 0
	for _, c := range in.Columns {
		n += len(c.Mean)
	}
	return n
}

// check refuses scales that no training makes: they are a part of a file.
func (in *sequenceInputs) check() error {
	if len(in.Columns) == 0 {
		return errors.New("its inputs have no columns")
	}
	if in.Unit-in.Unit != 0 || in.Unit < 0 {
		return errors.Errorf("its inputs have the unit of time %g; want above 0, or 0 for none", in.Unit)
	}
	seen := map[string]bool{}
	for _, c := range in.Columns {
		n := max(len(c.Categories), 1)
		if seen[c.Name] {
			return errors.Errorf("its inputs have the column %q twice", c.Name)
		}
		seen[c.Name] = true
		if n > mostWords || len(c.Mean) != n || len(c.Deviation) != n {
			return errors.Errorf("its inputs have %d means and %d deviations for column %q of %d words",
				len(c.Mean), len(c.Deviation), c.Name, len(c.Categories))
		}
		for i := 1; i < len(c.Categories); i++ {
			if c.Categories[i-1] >= c.Categories[i] {
				return errors.Errorf("its inputs have the word %q before %q in column %q; want each once, in order",
					c.Categories[i-1], c.Categories[i], c.Name)
			}
		}
		for j := range n {
			if m, d := c.Mean[j], c.Deviation[j]; m-m != 0 || d-d != 0 || d <= 0 {
				return errors.Errorf("its inputs have mean %g and deviation %g for column %q; want finite numbers, the second above 0", m, d, c.Name)
			}
		}
	}
	return nil
}

// columns are the columns as Sequences have them.
func (in *sequenceInputs) columns() []SequenceColumn {
	out := make([]SequenceColumn, len(in.Columns))
	for i, c := range in.Columns {
		out[i] = SequenceColumn{c.Name, slices.Clone(c.Categories)}
	}
	return out
}

// matched says where the columns are among others, and which of the others' words are which of one's own: -1 for one that
// training had not, which counts as missing.
type matched struct {
	at    []int
	words [][]int
}

// match finds the columns among those of some sequences, by their names.
func (in *sequenceInputs) match(columns []SequenceColumn) (matched, error) {
	var m matched
	for _, c := range in.Columns {
		at := slices.IndexFunc(columns, func(other SequenceColumn) bool { return other.Name == c.Name })
		if at < 0 {
			return m, errors.Errorf("the column %q is missing, which the model was trained on", c.Name)
		}
		theirs := columns[at].Categories
		if (theirs == nil) != (c.Categories == nil) && theirs != nil {
			return m, errors.Errorf("the column %q has words such as %q; the model was trained on numbers there", c.Name, theirs[0])
		}
		var words []int
		for _, w := range theirs {
			place, ok := slices.BinarySearch(c.Categories, w)
			if !ok {
				place = -1
			}
			words = append(words, place)
		}
		m.at, m.words = append(m.at, at), append(m.words, words)
	}
	return m, nil
}

// inputLayout says what of the features a network reads.
type inputLayout struct {
	forward bool // a missing value is the last one before it; else it is the mean
	marks   bool // mask and gaps stand beside the values: x, m, log(1+δ)
	gaps    bool // with marks, gaps are δ itself
}

// width is how many numbers a step has, for F features.
func (l inputLayout) width(features int) int {
	if l.marks {
		return 3 * features
	}
	return features
}

// walker makes the inputs of one sequence, row after row. It remembers what was observed last, and when.
type walker struct {
	in     *sequenceInputs
	layout inputLayout
	from   matched
	last   []float64 // of each feature, standardised; 0, the mean, before the first
	gap    []float64 // since each feature was observed, at the row before; 0 if it was there
	when   float64
	begun  bool
}

func (in *sequenceInputs) walk(l inputLayout, from matched) *walker {
	f := in.features()
	return &walker{in: in, layout: l, from: from, last: make([]float64, f), gap: make([]float64, f)}
}

// row makes the inputs of a row of values, measured at a time: appended to out, width(F) of them.
func (w *walker) row(out []float32, values []float64, when float64) []float32 {
	step := 0.0
	if w.begun {
		step = 1
		if w.in.Unit > 0 {
			step = (when - w.when) / w.in.Unit
		}
	}
	w.begun, w.when = true, when
	f, at := len(w.last), len(out)
	out = append(out, make([]float32, w.layout.width(f))...)
	x, k := out[at:], 0
	for i := range w.in.Columns {
		c := &w.in.Columns[i]
		v := values[w.from.at[i]]
		if words := w.from.words[i]; words != nil && !math.IsNaN(v) {
			if v = float64(words[int(v)]); v < 0 {
				v = math.NaN()
			}
		}
		for j := range c.Mean {
			w.feature(x, k, step, v, c, j)
			k++
		}
	}
	return out
}

// feature sets feature k of a row, which is feature j of a column. The gap is the time since the feature was last observed, eq.
// 1 of Che et al. (2018).
func (w *walker) feature(x []float32, k int, step, v float64, c *inputColumn, j int) {
	gap := w.gap[k] + step
	w.gap[k] = gap
	missing := math.IsNaN(v)
	if !missing {
		w.last[k], w.gap[k] = (c.feature(v, j)-c.Mean[j])/c.Deviation[j], 0
		x[k] = float32(w.last[k])
	} else if w.layout.forward {
		x[k] = float32(w.last[k])
	}
	if !w.layout.marks {
		return
	}
	f := len(w.last)
	if !missing {
		x[f+k] = 1
	}
	if !w.layout.gaps { // a network that knows nothing of gaps reads no number of any size
		gap = math.Log1p(gap)
	}
	x[2*f+k] = float32(gap)
}

// encode makes the inputs of sequences, [T, width(F)] each.
func (in *sequenceInputs) encode(s Sequences, l inputLayout) ([][]float32, error) {
	from, err := in.match(s.Columns)
	if err != nil {
		return nil, errors.WithMessage(err, s.where())
	}
	if in.Unit > 0 && s.Times == nil {
		return nil, errors.Errorf("%s: the rows have no times; the model was trained on some", s.where())
	}
	if err := in.checkWords(s, from); err != nil {
		return nil, errors.WithMessage(err, s.where())
	}
	width := len(s.Columns)
	out := make([][]float32, s.Len())
	for i, values := range s.Values {
		w := in.walk(l, from)
		x := make([]float32, 0, s.Steps(i)*l.width(len(w.last)))
		for t := range s.Steps(i) {
			when := 0.0
			if s.Times != nil {
				when = s.Times[i][t]
			}
			x = w.row(x, values[t*width:(t+1)*width], when)
		}
		out[i] = x
	}
	return out, nil
}

// checkWords refuses numbers in a column where training had words: nobody knows how they were written.
func (in *sequenceInputs) checkWords(s Sequences, from matched) error {
	for i, c := range in.Columns {
		if c.Categories == nil || from.words[i] != nil {
			continue
		}
		for _, values := range s.Values {
			for k := from.at[i]; k < len(values); k += len(s.Columns) {
				if !math.IsNaN(values[k]) {
					return errors.Errorf("the column %q has numbers such as %g; the model was trained on words such as %q",
						c.Name, values[k], c.Categories[0])
				}
			}
		}
	}
	return nil
}

// where is what messages call the sequences.
func (s Sequences) where() string {
	if s.Name == "" {
		return "the sequences"
	}
	return s.Name
}
