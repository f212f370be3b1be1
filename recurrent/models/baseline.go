package models

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// baseline is a forecast that needs no network: what follows the first known values of a series.
type baseline struct {
	name    string
	predict func(r *readSeries, known int) []float64
}

// naive forecasts that nothing changes.
func (f ForecastConfig) naive(r *readSeries, known int) []float64 {
	out := make([]float64, f.Horizon)
	for h := range out {
		out[h] = history{filled: r.filled}.at(known - 1)
	}
	return out
}

// seasonalNaive forecasts what was a season ago, or where that is in the horizon, too, some seasons ago.
func (f ForecastConfig) seasonalNaive(r *readSeries, known int) []float64 {
	out := make([]float64, f.Horizon)
	for h := range out {
		seasons := h/f.Season + 1
		out[h] = history{filled: r.filled}.at(known + h - seasons*f.Season)
		if math.IsNaN(out[h]) { // the series is not as long
			out[h] = history{filled: r.filled}.at(known - 1)
		}
	}
	return out
}

// ridge is the regression of that name from a window to the horizon, one for all series: of the context's values and past columns, and
// of the columns known ahead, all series being brought to one size by what is trained on of them. Values are differences from
// the last one, so that a trend does not lead out of what was seen.
type ridge struct {
	windows
	weights mat.Dense // [features, H]
	sizes   map[*readSeries]float64
}

// Limits of the regression.
const (
	mostLinearWindows  = 5000
	mostLinearFeatures = 800
)

// reach is how many steps of the context the regression reads: the last ones, of a long one.
func (l *ridge) reach() int { return min(l.c.Context, mostLinearFeatures-1) }

// features is how many numbers a window has.
func (l *ridge) features() int {
	n := 1 + l.reach()
	if all := n + l.reach()*l.f.behind() + l.c.Horizon*widthOf(l.f.Known); all <= mostLinearFeatures {
		n = all
	}
	return n
}

// size is the scale of a series.
func (l *ridge) size(r *readSeries) float64 {
	if s, ok := l.sizes[r]; ok {
		return s
	}
	s := l.f.scaleOfWindow(r.Values[:max(0, r.Len()-l.c.Test-l.c.Validation)], l.c.Scaling).scale
	l.sizes[r] = s
	return s
}

// see is what is known of a window.
func (l *ridge) see(r *readSeries, known int) []float64 {
	values, size := history{filled: r.filled}, l.size(r)
	last := values.at(known - 1)
	x := make([]float64, 0, l.features())
	x = append(x, 1)
	for t := known - l.reach(); t < known; t++ {
		v := values.at(t)
		if math.IsNaN(v) {
			v = last
		}
		x = append(x, (v-last)/size)
	}
	if l.features() == len(x) {
		return x
	}
	past, ahead, calendar := l.f.behind(), l.f.ahead(), l.f.Calendar
	for t := known - l.reach(); t < known; t++ {
		for k := range past {
			v := float32(0)
			if t >= 0 {
				v = r.past[t*past+k]
			}
			x = append(x, float64(v))
		}
	}
	for t := known; t < known+l.c.Horizon; t++ {
		for _, v := range r.ahead[t*ahead+calendar : (t+1)*ahead-1] {
			x = append(x, float64(v))
		}
	}
	return x
}

// newLinear fits the regression on the windows that a network is trained on.
func newLinear(w windows, list []*readSeries) (*ridge, error) {
	l := &ridge{windows: w, sizes: map[*readSeries]float64{}}
	all := 0
	for _, r := range list {
		all += w.c.trainable(r.Len())
	}
	share, next := float64(mostLinearWindows)/float64(max(all, mostLinearWindows)), -1
	f, h := l.features(), w.c.Horizon
	square, right := mat.NewSymDense(f, nil), mat.NewDense(f, h, nil)
	for _, r := range list {
		for k := range w.c.trainable(r.Len()) {
			if next++; !drawn(next, share) {
				continue
			}
			known := w.c.least() + k
			last := r.filled[known-1]
			truth := r.filled[known : known+h] // gaps are filled forward
			if math.IsNaN(last) || slices.ContainsFunc(truth, math.IsNaN) {
				continue
			}
			x := mat.NewVecDense(f, l.see(r, known))
			square.SymRankOne(square, 1, x)
			y := make([]float64, h)
			for i, v := range truth {
				y[i] = (v - last) / l.size(r)
			}
			right.RankOne(right, 1, x, mat.NewVecDense(h, y))
		}
	}
	weight := 1e-9
	for i := range f { // neighbouring values say nearly the same
		weight += 1e-4 * square.At(i, i) / float64(f)
	}
	for i := range f {
		square.SetSym(i, i, square.At(i, i)+weight)
	}
	return l, l.weights.Solve(square, right)
}

// drawn tells whether the window of a number is among those that are learned from, a share of all. It goes by the fractions of
// the golden ratio, which are spread evenly over every step of a season and of a series; every eighteenth of windows of which a
// series has nine would be always the same.
func drawn(window int, share float64) bool {
	_, fraction := math.Modf(float64(window) * math.Phi)
	return fraction < share
}

func (l *ridge) predict(r *readSeries, known int) []float64 {
	out := make([]float64, l.c.Horizon)
	x, last := mat.NewVecDense(l.features(), l.see(r, known)), history{filled: r.filled}.at(known-1)
	for h := range out {
		out[h] = last + l.size(r)*mat.Dot(x, l.weights.ColView(h))
	}
	return out
}

// mostResiduals is how many forecasts of the past a baseline's intervals are taken from.
const mostResiduals = 200

// spread are the quantiles of a baseline's errors, [levels][H], on the last windows of a series that are trained on: added to its
// forecast they make one with intervals.
func (b baseline) spread(f ForecastConfig, r *readSeries, levels []float64) [][]float64 {
	n := f.trainable(r.Len())
	errs := make([][]float64, f.Horizon)
	for k := max(0, n-mostResiduals); k < n; k++ {
		known := f.least() + k
		for h, y := range b.predict(r, known) {
			if v := r.Values[known+h]; !math.IsNaN(v) && !math.IsNaN(y) {
				errs[h] = append(errs[h], v-y)
			}
		}
	}
	out := make([][]float64, len(levels))
	for i := range out {
		out[i] = make([]float64, f.Horizon)
	}
	for h, e := range errs {
		slices.Sort(e)
		for i, level := range levels {
			if len(e) > 0 {
				out[i][h] = quantile(e, level)
			}
		}
	}
	return out
}
