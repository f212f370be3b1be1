package metric

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Bin holds the rows whose probability is above Low and at most High.
type Bin struct {
	Low, High  float64
	Rows       int
	Confidence float64 // the mean probability; NaN without rows
	Accuracy   float64 // the share of rows for which it came true; NaN without rows
}

// Reliability says how often predictions came true, by the probability that they had: those with about 0.8 should be right 80 times
// of 100. The rows are put into bins by the probability of the class that was predicted, the likeliest.
type Reliability []Bin

// Reliability puts the rows into so many bins of equal width; with equalMass, into bins of about as many rows each, whose edges are
// quantiles of the probabilities. Equal probabilities are in one bin.
func (p *Probabilities) Reliability(bins int, equalMass bool) (Reliability, error) {
	confidence, right := make([]float64, len(p.rows)), make([]bool, len(p.rows))
	for i, row := range p.rows {
		best := likeliest(row)
		confidence[i], right[i] = row[best], best == p.truth[i]
	}
	return reliability(confidence, right, bins, equalMass)
}

// ReliabilityOf is Reliability for the probabilities of one class, predicted or not: for a decision between two.
func (p *Probabilities) ReliabilityOf(class, bins int, equalMass bool) (Reliability, error) {
	if class < 0 || class >= p.classes {
		return nil, errors.Errorf("metric: class %d; want 0 to %d", class, p.classes-1)
	}
	confidence, right := make([]float64, len(p.rows)), make([]bool, len(p.rows))
	for i, row := range p.rows {
		confidence[i], right[i] = row[class], class == p.truth[i]
	}
	return reliability(confidence, right, bins, equalMass)
}

// mostBins are more than anybody can look at.
const mostBins = 10000

func reliability(confidence []float64, right []bool, bins int, equalMass bool) (Reliability, error) {
	if bins < 1 || bins > mostBins {
		return nil, errors.Errorf("metric: %d bins; want 1 to %d", bins, mostBins)
	}
	edges := make([]float64, bins+1)
	for i := range edges {
		edges[i] = float64(i) / float64(bins)
	}
	if equalMass {
		sorted := slices.Clone(confidence)
		slices.Sort(sorted)
		for i := 1; i < bins; i++ {
			edges[i] = percentile(sorted, float64(i)/float64(bins))
		}
	}
	r := make(Reliability, bins)
	for i := range r {
		r[i].Low, r[i].High = edges[i], edges[i+1]
	}
	for i, c := range confidence {
		at, _ := slices.BinarySearch(edges[1:bins], c) // the first edge that is not below
		b := &r[at]
		b.Rows++
		b.Confidence += c
		if right[i] {
			b.Accuracy++
		}
	}
	for i := range r {
		r[i].Confidence /= float64(r[i].Rows)
		r[i].Accuracy /= float64(r[i].Rows)
	}
	return r, nil
}

// percentile is the quantile of sorted numbers, between two of them on the line that joins them, as numpy has it; NaN of none.
func percentile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}

// CalibrationError is the mean distance of accuracy from confidence over the rows: the expected calibration error (Naeini et al.,
// 2015; Guo et al., 2017). NaN without rows.
func (r Reliability) CalibrationError() float64 {
	sum, rows := 0.0, 0
	for _, b := range r {
		if b.Rows > 0 {
			sum += float64(b.Rows) * math.Abs(b.Accuracy-b.Confidence)
			rows += b.Rows
		}
	}
	return sum / float64(rows)
}

// MaxCalibrationError is the largest distance of accuracy from confidence in a bin; NaN without rows.
func (r Reliability) MaxCalibrationError() float64 {
	worst := math.NaN()
	for _, b := range r {
		if d := math.Abs(b.Accuracy - b.Confidence); b.Rows > 0 && !(d <= worst) {
			worst = d
		}
	}
	return worst
}
