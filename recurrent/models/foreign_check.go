package models

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// The inputs on which Difference compares.
const (
	differenceBatch = 2
	differenceSteps = 7
)

// Difference runs the model that Model made and another function of the same network, on ids [B, T] of the file's rows or on
// numbers [B, T, F], and tells how far the results are apart, as a share of the largest. The function's are logits, or what a
// softmax, its logarithm or a sigmoid makes of them, [B, C] or [B, T, C].
func (f *Foreign) Difference(m Model, theirs func(in *tensor.Dense) (*tensor.Dense, error)) (float64, error) {
	b, ok := m.(built)
	if !ok || f == nil || f.head == nil {
		return 0, errors.New("models: Difference wants a model that Model made")
	}
	given, own, err := f.trial()
	if err != nil {
		return 0, err
	}
	want, err := theirs(given)
	if err != nil {
		return 0, err
	}
	lengths := graph.Ints(slices.Repeat([]int{differenceSteps}, differenceBatch))
	out, err := b.base().Network().Run(own, lengths)
	if err != nil {
		return 0, err
	}
	logits, err := f.restored(out[0])
	if err != nil {
		return 0, err
	}
	target, err := f.flattened(want)
	if err != nil {
		return 0, err
	}
	if last := len(target) / len(logits[0]); last == differenceBatch && len(logits) > last { // of the last step alone
		logits = logits[len(logits)-last:]
	}
	if len(target) != len(logits)*len(logits[0]) {
		return 0, errors.Errorf("models: its output has shape %v; want %d rows of %d", []int(want.Shape()), len(logits), len(logits[0]))
	}
	best := math.Inf(1)
	for _, form := range []func(row []float64) []float64{plain, softmaxed, logSoftmaxed, sigmoids} {
		best = min(best, furthest(logits, target, form))
	}
	return best, nil
}

// trial draws an input, batch first as files have it, and the same for the model, time first.
func (f *Foreign) trial() (given, own *tensor.Dense, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	const B, T = differenceBatch, differenceSteps
	if f.embed == nil {
		n := f.shape.input
		a, b := make([]float32, B*T*n), make([]float32, B*T*n)
		for i := range a {
			a[i] = float32(rng.NormFloat64())
			row, k := i/n, i%n
			b[(row%T*B+row/T)*n+k] = a[i]
		}
		return graph.Floats(a, B, T, n), graph.Floats(b, T, B, n), nil
	}
	_, rows, err := f.vocabulary()
	if err != nil {
		return nil, nil, err
	}
	a, b := make([]int, B*T), make([]int, B*T)
	for i := range a {
		a[i] = rng.IntN(f.embed.Shape()[0])
		b[i%T*B+i/T] = slices.Index(rows, a[i])
	}
	return graph.Ints(a, B, T), graph.Ints(b, T, B), nil
}

// restored are rows of our logits with the file's order of classes: steps of a sequence one after the other, time first.
func (f *Foreign) restored(out *tensor.Dense) ([][]float64, error) {
	c := out.Shape()[out.Dims()-1]
	order := make([]int, c)
	for i := range order {
		order[i] = i
	}
	switch {
	case f.Kind == KindLanguage:
		_, rows, err := f.vocabulary()
		if err != nil {
			return nil, err
		}
		order = rows
	case !f.number():
		_, rows, err := f.labels()
		if err != nil {
			return nil, err
		}
		order = rows
	}
	var list [][]float64
	for r := range out.DataSize() / c {
		row := make([]float64, c)
		for i, at := range order {
			if at < 0 { // the first of two labels, whose logit is 0
				row = row[:1]
				continue
			}
			row[at] = float64(out.Float32s()[r*c+i])
		}
		list = append(list, row)
	}
	return list, nil
}

// flattened are the numbers of the file's result, time first.
func (f *Foreign) flattened(want *tensor.Dense) ([]float64, error) {
	if want.Dtype() != tensor.Float32 && want.Dtype() != tensor.Float64 {
		return nil, errors.New("models: its output has no numbers")
	}
	shape := want.Shape()
	out := make([]float64, 0, want.DataSize())
	at := func(i int) float64 {
		if want.Dtype() == tensor.Float64 {
			return want.Float64s()[i]
		}
		return float64(want.Float32s()[i])
	}
	if len(shape) != 3 {
		for i := range want.DataSize() {
			out = append(out, at(i))
		}
		return out, nil
	}
	for t := range shape[1] {
		for b := range shape[0] {
			for k := range shape[2] {
				out = append(out, at((b*shape[1]+t)*shape[2]+k))
			}
		}
	}
	return out, nil
}

// furthest is the largest difference, as a share of the largest value, between rows in some form and numbers.
func furthest(rows [][]float64, want []float64, form func([]float64) []float64) float64 {
	difference, largest, i := 0.0, 1e-30, 0
	for _, row := range rows {
		for _, v := range form(row) {
			d := math.Abs(v - want[i])
			if math.IsNaN(d) {
				return math.Inf(1)
			}
			difference, largest = max(difference, d), max(largest, math.Abs(want[i]))
			i++
		}
	}
	return difference / largest
}

func plain(row []float64) []float64 { return row }

func logSoftmaxed(row []float64) []float64 {
	top, sum := slices.Max(row), 0.0
	for _, v := range row {
		sum += math.Exp(v - top)
	}
	out := make([]float64, len(row))
	for i, v := range row {
		out[i] = v - top - math.Log(sum)
	}
	return out
}

func softmaxed(row []float64) []float64 {
	out := logSoftmaxed(row)
	for i, v := range out {
		out[i] = math.Exp(v)
	}
	return out
}

func sigmoids(row []float64) []float64 {
	out := make([]float64, len(row))
	for i, v := range row {
		out[i] = 1 / (1 + math.Exp(-v))
	}
	return out
}
