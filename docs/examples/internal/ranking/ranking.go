// Package ranking tells how well scores tell what is strange from what is not.
package ranking

import (
	"slices"

	"github.com/unroll-go/unroll/nn/train/metric"
)

// Area is the area under the ROC curve: how often what is strange has a higher score than what is not, where a tie counts a half.
// Scores may be of any size: only their order counts.
func Area(scores []float64, strange []bool) (float64, error) {
	p, err := metric.NewProbabilities(2)
	if err != nil {
		return 0, err
	}
	order := slices.Compact(slices.Sorted(slices.Values(scores)))
	for i, s := range scores {
		at, _ := slices.BinarySearch(order, s)
		share, truth := float64(at)/float64(len(order)), 0
		if strange[i] {
			truth = 1
		}
		if err := p.Add([]float64{1 - share, share}, truth); err != nil {
			return 0, err
		}
	}
	return p.ROCAUC(1), nil
}
