package models

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
)

// Baselines are simpler methods, trained on fit and judged by test, for comparison. Of classes: the most frequent class, and
// multinomial logistic regression on each feature's mean, standard deviation, first and last value; of numbers: the mean, and
// ridge regression on the same. Both are regularised, with a strength that validation chooses.
func (m *SequenceModel) Baselines(fit, validation, test Sequences) ([]*SequenceEvaluation, error) {
	if err := m.made(); err != nil {
		return nil, err
	}
	for what, s := range map[string]Sequences{"train on": fit, "validate with": validation, "test": test} {
		if s.Len() == 0 {
			return nil, errors.Errorf("models: there are no sequences to %s", what)
		}
	}
	var x [3][][]float64
	for i, s := range []Sequences{fit, validation, test} {
		var err error
		if x[i], err = m.summaries(s); err != nil {
			return nil, err
		}
	}
	standardise(x[0], x[1], x[2])
	if m.config.Sequence.TargetKind == TargetNumber {
		return m.numberBaselines(fit, validation, test, x)
	}
	return m.classBaselines(fit, validation, test, x)
}

// summaries are, for each sequence, the mean, the standard deviation, the first and the last value of each feature, over those
// that are there, and a 1 for the intercept: [N, 4F + 1].
func (m *SequenceModel) summaries(s Sequences) ([][]float64, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	rows, err := m.own.inputs.encode(s, inputLayout{marks: true})
	if err != nil {
		return nil, err
	}
	f := m.own.inputs.features()
	out := make([][]float64, len(rows))
	for i, row := range rows {
		own := make([]float64, 4*f+1)
		for k := range f {
			n := 0.0
			mean, deviation, first, last := &own[k], &own[f+k], &own[2*f+k], &own[3*f+k]
			for at := k; at < len(row); at += 3 * f {
				if row[at+f] == 0 {
					continue
				}
				v := float64(row[at])
				if n == 0 {
					*first = v
				}
				n++
				*last = v
				*deviation += (v - *mean) * (v - *mean) * (n - 1) / n // Welford's sum of squares
				*mean += (v - *mean) / n
			}
			*deviation = math.Sqrt(*deviation / max(n, 1))
		}
		own[4*f] = 1
		out[i] = own
	}
	return out, nil
}

// standardise brings the columns of some rows to mean 0 and deviation 1, as they are in the first; but for the last, which is 1.
func standardise(first [][]float64, others ...[][]float64) {
	for j := range len(first[0]) - 1 {
		column := make([]float64, len(first))
		for i, row := range first {
			column[i] = row[j]
		}
		s := scaleOf(column)
		for _, rows := range append(others, first) {
			for _, row := range rows {
				row[j] = (row[j] - s.Mean) / s.Deviation
			}
		}
	}
}

// penalties are what is tried of the weight of the squares of the coefficients.
func penalties() []float64 { return []float64{1e-4, 1e-3, 1e-2, 1e-1, 1} }

func (m *SequenceModel) classBaselines(fit, validation, test Sequences, x [3][][]float64) ([]*SequenceEvaluation, error) {
	truth, err := m.labelIDs(fit)
	if err != nil {
		return nil, err
	}
	count := make([]int, len(m.own.labels))
	for _, t := range truth {
		count[t]++
	}
	most := m.own.labels[slices.Index(count, slices.Max(count))]
	majority, err := m.judge("most frequent class", test, slices.Repeat([]SequencePrediction{{Label: most}}, test.Len()))
	if err != nil {
		return nil, err
	}
	var best *logistic
	least := math.Inf(1)
	for _, penalty := range penalties() {
		l, err := fitLogistic(x[0], truth, len(m.own.labels), penalty)
		if err != nil {
			return nil, err
		}
		e, err := m.judge("", validation, l.predict(m, x[1]))
		if err != nil {
			return nil, err
		}
		if e.Loss < least {
			least, best = e.Loss, l
		}
	}
	if best == nil {
		return []*SequenceEvaluation{majority}, nil
	}
	regression, err := m.judge("logistic regression", test, best.predict(m, x[2]))
	return []*SequenceEvaluation{majority, regression}, err
}

// logistic is multinomial logistic regression.
type logistic struct {
	classes int
	w       []float32 // [classes, D]
}

// fitLogistic minimises the mean of -log p plus the penalty times half the sum of the squares, by Adam on all rows at once.
// The loss is convex: where it starts makes no difference.
func fitLogistic(x [][]float64, truth []int, classes int, penalty float64) (*logistic, error) {
	const steps, rate = 300, 0.05
	d := len(x[0])
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("weight", graph.Constant(0), classes, d)
		logits := g.MatMulT(in[0], w)
		coefficients := g.Slice(w, 1, 0, d-1)
		return []graph.Node{g.Add(losses.CrossEntropy{}.Apply(g, logits, in[1]), g.MulScalar(g.Sum(g.Square(coefficients)), penalty/2))}
	})
	flat := make([]float32, 0, len(x)*d)
	for _, row := range x {
		for _, v := range row {
			flat = append(flat, float32(v))
		}
	}
	rows, labels, adam := graph.Floats(flat, len(x), d), graph.Ints(truth), &optim.Adam{}
	for i := range steps {
		if _, err := f.Grad(rows, labels); err != nil {
			return nil, err
		}
		if err := adam.Step(p, rate*(1-float64(i)/steps)); err != nil {
			return nil, err
		}
	}
	return &logistic{classes, p.Get("weight").Value().Float32s()}, nil
}

func (l *logistic) predict(m *SequenceModel, x [][]float64) []SequencePrediction {
	out := make([]SequencePrediction, len(x))
	for i, row := range x {
		y := make([]float32, l.classes)
		for k := range y {
			sum := 0.0
			for j, v := range row {
				sum += float64(l.w[k*len(row)+j]) * v
			}
			y[k] = float32(sum)
		}
		out[i] = m.prediction(y)
	}
	return out
}

func (m *SequenceModel) numberBaselines(fit, validation, test Sequences, x [3][][]float64) ([]*SequenceEvaluation, error) {
	if fit.Numbers == nil || validation.Numbers == nil {
		return nil, errors.New("models: the sequences have no Numbers, which the model predicts")
	}
	usual := scaleOf(fit.Numbers)
	mean, err := m.judge("mean", test, slices.Repeat([]SequencePrediction{{Number: usual.Mean}}, test.Len()))
	if err != nil {
		return nil, err
	}
	predict := func(w []float64, x [][]float64) []SequencePrediction {
		out := make([]SequencePrediction, len(x))
		for i, row := range x {
			for j, v := range row {
				out[i].Number += w[j] * v
			}
		}
		return out
	}
	var best []float64
	least := math.Inf(1)
	for _, penalty := range penalties() {
		w := fitRidge(x[0], fit.Numbers, penalty)
		e, err := m.judge("", validation, predict(w, x[1]))
		if err != nil {
			return nil, err
		}
		if e.RMSE < least {
			least, best = e.RMSE, w
		}
	}
	if best == nil {
		return []*SequenceEvaluation{mean}, nil
	}
	regression, err := m.judge("ridge regression", test, predict(best, x[2]))
	return []*SequenceEvaluation{mean, regression}, err
}

// fitRidge minimises the mean of (x·w - y)² plus the penalty times the sum of the squares of w but for the intercept, the last:
// (XᵀX/N + penalty·I)·w = Xᵀy/N, which is solved by Cholesky's factors.
func fitRidge(x [][]float64, y []float64, penalty float64) []float64 {
	d, n := len(x[0]), float64(len(x))
	a, w := make([][]float64, d), make([]float64, d)
	for j := range a {
		a[j] = make([]float64, d)
	}
	for i, row := range x {
		for j, v := range row {
			w[j] += v * y[i] / n
			for k := range j + 1 {
				a[j][k] += v * row[k] / n
			}
		}
	}
	for j := range d {
		a[j][j] += 1e-12
		if j < d-1 {
			a[j][j] += penalty
		}
	}
	for j := range d { // A = L·Lᵀ, in place
		for k := range j + 1 {
			sum := a[j][k]
			for i := range k {
				sum -= a[j][i] * a[k][i]
			}
			if j == k {
				a[j][j] = math.Sqrt(max(sum, 1e-12))
			} else {
				a[j][k] = sum / a[k][k]
			}
		}
	}
	for j := range d { // L·z = Xᵀy/N
		for k := range j {
			w[j] -= a[j][k] * w[k]
		}
		w[j] /= a[j][j]
	}
	for j := d - 1; j >= 0; j-- { // Lᵀ·w = z
		for k := j + 1; k < d; k++ {
			w[j] -= a[k][j] * w[k]
		}
		w[j] /= a[j][j]
	}
	return w
}
