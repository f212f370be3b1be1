package metric

import (
	"math"
	"slices"
)

// CRPS is the continuous ranked probability score of a forecast that is given by samples: E|X-y| - ½·E|X-X'|, the distance between
// the samples' distribution and the truth, in the truth's unit; for one sample, the absolute error (Gneiting and Raftery, 2007). Its
// expectation is larger than that of the distribution from which the samples come, by an amount that falls with their number:
// see FairCRPS. NaN without samples.
func CRPS(samples []float64, truth float64) float64 {
	n := float64(len(samples))
	return distances(samples, truth)/n - spread(samples, truth)/(n*n)
}

// FairCRPS is CRPS with X and X' never the same sample, so that its expectation is that of the distribution that they come from,
// whatever their number (Ferro, 2014). It can be negative; NaN with fewer than two samples.
func FairCRPS(samples []float64, truth float64) float64 {
	n := float64(len(samples))
	return distances(samples, truth)/n - spread(samples, truth)/(n*(n-1))
}

// distances is Σ |xᵢ-y|.
func distances(samples []float64, truth float64) float64 {
	sum := 0.0
	for _, x := range samples {
		sum += math.Abs(x - truth)
	}
	return sum
}

// spread is Σ_{i<j} |xᵢ-xⱼ|. In order, sample number i is above i others and below n-1-i. Taking the truth off them all changes
// nothing but the rounding.
func spread(samples []float64, truth float64) float64 {
	x := slices.Clone(samples)
	slices.Sort(x)
	sum := 0.0
	for i, v := range x {
		sum += float64(2*i-len(x)+1) * (v - truth)
	}
	return sum
}
