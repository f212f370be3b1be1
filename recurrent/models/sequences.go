package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/pkg/errors"
)

// Sequences are rows of numbers, some for each of N ids, and what is known of each id: a class, or a number. Sensor windows,
// patients and trips are such data. ReadSequences reads them from a table.
type Sequences struct {
	Columns []SequenceColumn // of the rows, C of them
	IDs     []string         // N, each once
	Values  [][]float64      // of each sequence, [T, C], row by row, with a T of its own; NaN is missing
	Times   [][]float64      // of each sequence, when its rows were measured, [T], never falling; nil where rows are a step apart
	Labels  []string         // the class of each sequence; nil if there are numbers, or nothing is known
	Numbers []float64        // the number of each sequence; nil if there are classes, or nothing is known
	// Name and Lines, if they are given, say where the sequences come from, for messages: the name of a file, and for each
	// sequence the line of its first row.
	Name  string
	Lines []int
}

// SequenceColumn is a column of a sequence's rows.
type SequenceColumn struct {
	Name string
	// Categories are the words that a column of words has, each once and in order: a value is the place of its word, from 0
	// on. They are nil for a column of numbers.
	Categories []string
}

// Value is a value of the column as a text has it: a number, or the place of a word; NaN for a word that is none of Categories.
func (c SequenceColumn) Value(text string) (float64, error) {
	if c.Categories != nil {
		if at, ok := slices.BinarySearch(c.Categories, text); ok {
			return float64(at), nil
		}
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, errors.Errorf("column %q has %.40q; want a number", c.Name, text)
	}
	return v, nil
}

// Len is the number of sequences.
func (s Sequences) Len() int { return len(s.IDs) }

// Steps is the number of rows of a sequence; 0 if there is no such sequence.
func (s Sequences) Steps(i int) int {
	if i < 0 || i >= len(s.Values) || len(s.Columns) == 0 {
		return 0
	}
	return len(s.Values[i]) / len(s.Columns)
}

// Longest is the number of rows of the longest sequence.
func (s Sequences) Longest() int {
	n := 0
	for i := range s.Values {
		n = max(n, s.Steps(i))
	}
	return n
}

// Missing is the share of the values that are missing; 0 of nothing.
func (s Sequences) Missing() float64 {
	missing, all := 0, 0
	for _, values := range s.Values {
		all += len(values)
		for _, v := range values {
			if math.IsNaN(v) {
				missing++
			}
		}
	}
	return float64(missing) / float64(max(all, 1))
}

// Place says where a sequence comes from.
func (s Sequences) Place(i int) string {
	if i < 0 || i >= len(s.IDs) {
		return fmt.Sprintf("sequence %d", i)
	}
	if i < len(s.Lines) {
		return fmt.Sprintf("%s, line %d, id %q", s.Name, s.Lines[i], s.IDs[i])
	}
	return fmt.Sprintf("id %q", s.IDs[i])
}

// Pick is some of the sequences, by their numbers from 0 on; numbers that there are not are passed over.
func (s Sequences) Pick(at []int) Sequences {
	out := Sequences{Columns: s.Columns, Name: s.Name}
	for _, i := range at {
		if i < 0 || i >= s.Len() || i >= len(s.Values) {
			continue
		}
		out.IDs, out.Values = append(out.IDs, s.IDs[i]), append(out.Values, s.Values[i])
		if i < len(s.Times) {
			out.Times = append(out.Times, s.Times[i])
		}
		if i < len(s.Labels) {
			out.Labels = append(out.Labels, s.Labels[i])
		}
		if i < len(s.Numbers) {
			out.Numbers = append(out.Numbers, s.Numbers[i])
		}
		if i < len(s.Lines) {
			out.Lines = append(out.Lines, s.Lines[i])
		}
	}
	return out
}

// Split cuts the sequences into three parts, always in the same way: to train on, to stop by, and to test. Test and
// validation are the shares of the last two, the second of what the first leaves: 0.1 is a tenth, 0 is nothing, and what is
// more than nothing is one sequence at least. Every class has its share of each part, to within one sequence.
func (s Sequences) Split(validation, test float64) (fit, valid, exam Sequences, err error) {
	if err := s.check(); err != nil {
		return fit, valid, exam, err
	}
	if err := checkShares(validation, test); err != nil {
		return fit, valid, exam, err
	}
	n := s.Len()
	share := func(part float64, of int) int {
		if part == 0 || of == 0 {
			return 0
		}
		return max(int(part*float64(of)), 1)
	}
	order := s.spread()
	a := share(test, n)
	b := a + share(validation, n-a)
	return s.Pick(order[b:]), s.Pick(order[a:b]), s.Pick(order[:a]), nil
}

// spread is an order of the sequences in which each class is spread evenly, so that every piece of it has the classes in
// their proportions. It is no order of the file's, and always the same.
func (s Sequences) spread() []int {
	order := rand.New(rand.NewPCG(1, 1)).Perm(s.Len())
	if s.Labels == nil {
		return order
	}
	count, seen := map[string]int{}, map[string]int{}
	for _, l := range s.Labels {
		count[l]++
	}
	place := make([]float64, s.Len()) // among those of its class, above 0 and below 1
	for _, i := range order {
		l := s.Labels[i]
		place[i] = (float64(seen[l]) + 0.5) / float64(count[l])
		seen[l]++
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case place[i] < place[j]:
			return -1
		case place[i] > place[j]:
			return 1
		}
		return 0
	})
	return order
}

// Cut is the sequences with the last steps rows of those that are longer, and how many those are.
func (s Sequences) Cut(steps int) (Sequences, int) {
	n, width := 0, len(s.Columns)
	if steps < 1 || s.Longest() <= steps {
		return s, 0
	}
	s.Values, s.Times = slices.Clone(s.Values), slices.Clone(s.Times)
	for i, values := range s.Values {
		if s.Steps(i) <= steps {
			continue
		}
		n++
		s.Values[i] = values[len(values)-steps*width:]
		if i < len(s.Times) && len(s.Times[i]) > steps {
			s.Times[i] = s.Times[i][len(s.Times[i])-steps:]
		}
	}
	return s, n
}

// check refuses parts that do not fit together.
func (s Sequences) check() error {
	if len(s.Values) != s.Len() {
		return errors.Errorf("models: Sequences: %d ids, and values of %d", s.Len(), len(s.Values))
	}
	if len(s.Columns) == 0 && s.Len() > 0 {
		return errors.New("models: Sequences: they have no columns")
	}
	for _, part := range []struct {
		what string
		n    int
		all  bool // given
	}{
		{"times", len(s.Times), s.Times != nil}, {"labels", len(s.Labels), s.Labels != nil},
		{"numbers", len(s.Numbers), s.Numbers != nil}, {"lines", len(s.Lines), s.Lines != nil},
	} {
		if part.all && part.n != s.Len() {
			return errors.Errorf("models: Sequences: %d ids, and %s of %d; want as many", s.Len(), part.what, part.n)
		}
	}
	if s.Labels != nil && s.Numbers != nil {
		return errors.New("models: Sequences: they have both Labels and Numbers; want one of them")
	}
	for i := range s.Values {
		if err := s.checkOne(i); err != nil {
			return errors.WithMessage(err, s.Place(i))
		}
	}
	return nil
}

// checkOne refuses a sequence without rows, and values and times that cannot be.
func (s Sequences) checkOne(i int) error {
	values, width := s.Values[i], len(s.Columns)
	if len(values) == 0 || len(values)%width != 0 {
		return errors.Errorf("%d values; want rows of %d, one row at least", len(values), width)
	}
	for k, v := range values {
		c := s.Columns[k%width]
		if math.IsInf(v, 0) || c.Categories != nil && !math.IsNaN(v) && (v != math.Trunc(v) || v < 0 || v >= float64(len(c.Categories))) {
			return errors.Errorf("row %d has %g in column %q; want a finite number or NaN, in a column of words the place of one",
				k/width, v, c.Name)
		}
	}
	if s.Numbers != nil && s.Numbers[i]-s.Numbers[i] != 0 {
		return errors.Errorf("its number is %g; want a finite one", s.Numbers[i])
	}
	if s.Times == nil {
		return nil
	}
	times := s.Times[i]
	if len(times) != len(values)/width {
		return errors.Errorf("%d times of %d rows", len(times), len(values)/width)
	}
	for t, v := range times {
		if v-v != 0 || t > 0 && v < times[t-1] {
			return errors.Errorf("the time of row %d is %g; want finite times, none before the one above", t, v)
		}
	}
	return nil
}
