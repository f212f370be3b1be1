// Package calibrate makes what a trained model says about its own certainty true, by data that it was not trained on: validation
// rows, or the past.
//
//	Temperature  probabilities of classes that are right as often as they say
//	Intervals    intervals around forecasts that contain the truth as often as they should: split conformal prediction
//	Adaptive     the same while the data change
//
// Like the measures of the package metric, they take plain slices and know nothing of networks.
package calibrate

import (
	"math"

	"github.com/pkg/errors"
)

// Temperature is the T that makes the probabilities softmax(logits/T) fit the classes best, by their cross-entropy (Guo et al.,
// 2017). Above 1, it makes a model less certain that is too certain; which class is the likeliest stays. It is between 1/MaxTemperature
// and MaxTemperature: the ends are for logits that are always right, or no better than chance. Logarithms of probabilities are
// logits too.
func Temperature(logits [][]float64, classes []int) (float64, error) {
	if len(logits) != len(classes) || len(logits) == 0 {
		return 0, errors.Errorf("calibrate: %d rows of logits for %d classes; want as many, and at least one", len(logits), len(classes))
	}
	for i, row := range logits {
		if len(row) != len(logits[0]) || classes[i] < 0 || classes[i] >= len(row) {
			return 0, errors.Errorf("calibrate: row %d has %d logits and the class %d; want %d logits and a class below",
				i, len(row), classes[i], len(logits[0]))
		}
		for j, z := range row {
			if math.IsNaN(z) || math.IsInf(z, 0) {
				return 0, errors.Errorf("calibrate: logit %d of row %d is %g; want finite numbers", j, i, z)
			}
		}
	}
	// The cross-entropy is convex in b = 1/T, and its derivative Σ (E[z] - z_class) grows with b: halves of the interval of log b
	// find its zero to the last bit.
	low, high := -math.Log(MaxTemperature), math.Log(MaxTemperature)
	for range 80 {
		middle := (low + high) / 2
		if surplus(logits, classes, math.Exp(middle)) > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Exp(-(low + high) / 2), nil
}

// MaxTemperature is the highest temperature that Temperature finds; the lowest is its inverse.
const MaxTemperature = 1000

// surplus is Σ over rows of the mean logit under softmax(b·z), less the logit of the class.
func surplus(logits [][]float64, classes []int, b float64) float64 {
	sum := 0.0
	for i, row := range logits {
		top := row[0]
		for _, z := range row {
			top = max(top, z)
		}
		total, mean := 0.0, 0.0
		for _, z := range row {
			w := math.Exp(b * (z - top))
			total += w
			mean += w * (z - top)
		}
		sum += mean/total - (row[classes[i]] - top)
	}
	return sum
}
