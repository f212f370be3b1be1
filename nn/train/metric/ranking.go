package metric

import (
	"cmp"
	"math"
	"slices"
)

// Curve is a classifier at every threshold, from the highest to the lowest: rows whose probability is at least the threshold count
// as found. X and Y are the false and the true positive rate (ROC), or recall and precision.
type Curve struct {
	X, Y, Threshold []float64
}

// cut is what a threshold finds: all rows with at least that probability.
type cut struct {
	threshold   float64
	right, rest int // rows of the class, and others
}

// cuts are the thresholds for a class, from the highest probability down; equal ones are one. The last finds everything.
func (p *Probabilities) cuts(class int) []cut {
	if class < 0 || class >= p.classes {
		return nil
	}
	order := make([]int, len(p.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p.rows[b][class], p.rows[a][class]) })
	var cuts []cut
	now := cut{}
	for i, row := range order {
		now.threshold = p.rows[row][class]
		if p.truth[row] == class {
			now.right++
		} else {
			now.rest++
		}
		if i+1 == len(order) || p.rows[order[i+1]][class] != now.threshold {
			cuts = append(cuts, now)
		}
	}
	return cuts
}

// ROC is the receiver operating characteristic of a class against the rest: true over false positive rate, from (0, 0), where the
// threshold is infinite, to (1, 1). Rates of a class that all rows or no row has are NaN.
func (p *Probabilities) ROC(class int) Curve {
	cuts := p.cuts(class)
	if len(cuts) == 0 {
		return Curve{}
	}
	all := cuts[len(cuts)-1]
	c := Curve{X: []float64{share(0, all.rest)}, Y: []float64{share(0, all.right)}, Threshold: []float64{math.Inf(1)}}
	for _, k := range cuts {
		c.X, c.Y = append(c.X, share(k.rest, all.rest)), append(c.Y, share(k.right, all.right))
		c.Threshold = append(c.Threshold, k.threshold)
	}
	return c
}

// PrecisionRecall is precision over recall of a class against the rest. The recall of a class that no row has is NaN.
func (p *Probabilities) PrecisionRecall(class int) Curve {
	cuts := p.cuts(class)
	var c Curve
	for _, k := range cuts {
		c.X, c.Y = append(c.X, share(k.right, cuts[len(cuts)-1].right)), append(c.Y, share(k.right, k.right+k.rest))
		c.Threshold = append(c.Threshold, k.threshold)
	}
	return c
}

// share is a/b, NaN for b = 0.
func share(a, b int) float64 { return float64(a) / float64(b) }

// ROCAUC is the area under the ROC curve: the probability that a row of the class has a higher probability of it than a row of
// another, where equal ones count half (Hanley and McNeil, 1982). NaN if one of the two is missing.
func (p *Probabilities) ROCAUC(class int) float64 {
	c := p.ROC(class)
	if len(c.X) == 0 {
		return math.NaN()
	}
	area := 0.0
	for i := 1; i < len(c.X); i++ {
		area += (c.X[i] - c.X[i-1]) * (c.Y[i] + c.Y[i-1]) / 2
	}
	return area
}

// AveragePrecision is the area under the precision-recall curve as steps, Σ (Rₙ-Rₙ₋₁)·Pₙ: scikit-learn's
// average_precision_score. Where a class is rare, it says more than ROCAUC. NaN if no row has the class.
func (p *Probabilities) AveragePrecision(class int) float64 {
	c := p.PrecisionRecall(class)
	if len(c.X) == 0 {
		return math.NaN()
	}
	area, before := 0.0, 0.0
	for i, recall := range c.X {
		area += (recall - before) * c.Y[i]
		before = recall
	}
	return area
}

// MacroROCAUC is the mean of ROCAUC over the classes, each against the rest; those without one, which all rows or no row has, do not
// count.
func (p *Probabilities) MacroROCAUC() float64 { return p.average(p.ROCAUC, false) }

// WeightedROCAUC is MacroROCAUC with classes weighed by their number of rows.
func (p *Probabilities) WeightedROCAUC() float64 { return p.average(p.ROCAUC, true) }

// MacroAveragePrecision is the mean of AveragePrecision over the classes that a row has.
func (p *Probabilities) MacroAveragePrecision() float64 { return p.average(p.AveragePrecision, false) }

// WeightedAveragePrecision is MacroAveragePrecision with classes weighed by their number of rows.
func (p *Probabilities) WeightedAveragePrecision() float64 {
	return p.average(p.AveragePrecision, true)
}

func (p *Probabilities) average(of func(class int) float64, weighted bool) float64 {
	support := make([]int, p.classes)
	for _, t := range p.truth {
		support[t]++
	}
	sum, total := 0.0, 0.0
	for class, n := range support {
		v, w := of(class), 1.0
		if weighted {
			w = float64(n)
		}
		if v == v {
			sum += w * v
			total += w
		}
	}
	return sum / total
}
