package metric

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Probabilities holds what a classifier said about each row, beside the class that was right, and measures how good its
// probabilities are: LogLoss, Brier, TopK; how well they rank, ROCAUC and AveragePrecision; whether they are true, Reliability. The
// definitions are scikit-learn's. NewProbabilities makes one; the measures of nothing are NaN.
type Probabilities struct {
	classes int
	rows    [][]float64
	truth   []int
}

// mostClasses is the limit of the number of classes: the measures count each.
const mostClasses = 1 << 24

// NewProbabilities holds probabilities of so many classes, one at least and 2^24 at most.
func NewProbabilities(classes int) (*Probabilities, error) {
	if classes < 1 || classes > mostClasses {
		return nil, errors.Errorf("metric: probabilities of %d classes; want 1 to %d", classes, mostClasses)
	}
	return &Probabilities{classes: classes}, nil
}

// Add takes the probabilities of all classes for a row, which add up to 1, and its class.
func (p *Probabilities) Add(probabilities []float64, truth int) error {
	switch {
	case p.classes == 0:
		return errors.New("metric: Probabilities of no classes; NewProbabilities makes them")
	case len(probabilities) != p.classes:
		return errors.Errorf("metric: %d probabilities; want %d", len(probabilities), p.classes)
	case truth < 0 || truth >= p.classes:
		return errors.Errorf("metric: class %d; want 0 to %d", truth, p.classes-1)
	}
	sum := 0.0
	for i, v := range probabilities {
		if !(v >= 0 && v <= 1) {
			return errors.Errorf("metric: the probability of class %d is %g; want 0 to 1", i, v)
		}
		sum += v
	}
	if math.Abs(sum-1) > 1e-3 {
		return errors.Errorf("metric: the probabilities add up to %g; want 1", sum)
	}
	p.rows = append(p.rows, slices.Clone(probabilities))
	p.truth = append(p.truth, truth)
	return nil
}

// Count is the number of rows.
func (p *Probabilities) Count() int { return len(p.rows) }

// Select are the rows of the given numbers, any of them as often as it is named: for Bootstrap. A number that no row has is passed
// over.
func (p *Probabilities) Select(rows []int) *Probabilities {
	q := &Probabilities{classes: p.classes, rows: make([][]float64, 0, len(rows)), truth: make([]int, 0, len(rows))}
	for _, i := range rows {
		if i >= 0 && i < len(p.rows) {
			q.rows, q.truth = append(q.rows, p.rows[i]), append(q.truth, p.truth[i])
		}
	}
	return q
}

// Confusion counts the likeliest classes, the first of several that are equally likely.
func (p *Probabilities) Confusion(labels ...string) (*Confusion, error) {
	if len(labels) != p.classes {
		return nil, errors.Errorf("metric: %d labels of %d classes", len(labels), p.classes)
	}
	c := NewConfusion(labels...)
	for i, row := range p.rows {
		c.counts[p.truth[i]][likeliest(row)]++
	}
	return c, nil
}

// likeliest is the first of the largest numbers.
func likeliest(row []float64) int {
	best := 0
	for i, v := range row {
		if v > row[best] {
			best = i
		}
	}
	return best
}

// mean is the mean of a number over the rows.
func (p *Probabilities) mean(of func(row []float64, truth int) float64) float64 {
	sum := 0.0
	for i, row := range p.rows {
		sum += of(row, p.truth[i])
	}
	return sum / float64(len(p.rows))
}

// LogLoss is the mean of -log p of the class that was right, in nats: the cross-entropy. A probability of 0 counts as 2⁻⁵², as in
// scikit-learn's log_loss.
func (p *Probabilities) LogLoss() float64 {
	return p.mean(func(row []float64, truth int) float64 { return -math.Log(min(max(row[truth], 0x1p-52), 1-0x1p-52)) })
}

// Brier is the mean squared distance of the probabilities from 1 for the class that was right and 0 for the others, summed over the
// classes; for two classes half of that, which is the squared error of one of them: scikit-learn's brier_score_loss (Brier, 1950).
func (p *Probabilities) Brier() float64 {
	score := p.mean(func(row []float64, truth int) float64 {
		sum := 0.0
		for i, v := range row {
			if i == truth {
				v = 1 - v
			}
			sum += v * v
		}
		return sum
	})
	if p.classes == 2 {
		return score / 2
	}
	return score
}

// TopK is the share of rows whose class is among the k likeliest, the later ones first of classes that are equally likely:
// scikit-learn's top_k_accuracy_score.
func (p *Probabilities) TopK(k int) float64 {
	return p.mean(func(row []float64, truth int) float64 {
		before := 0
		for i, v := range row {
			if v > row[truth] || v == row[truth] && i > truth {
				before++
			}
		}
		if before < k {
			return 1
		}
		return 0
	})
}
