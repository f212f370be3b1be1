package metric

import "math"

// BalancedAccuracy is the mean recall of the classes that came up: accuracy as if all were equally frequent, as scikit-learn's
// balanced_accuracy_score; 0 of nothing.
func (c *Confusion) BalancedAccuracy() float64 {
	sum, classes := 0.0, 0
	for i := range c.counts {
		if c.Support(i) > 0 {
			sum += c.Recall(i)
			classes++
		}
	}
	return sum / float64(max(classes, 1))
}

// Matthews is the correlation of predictions and truth, from -1 to 1, 0 for predictions that say nothing: the Matthews correlation
// coefficient for any number of classes (Gorodkin, 2004). 0 if all predictions or all truths are one class.
func (c *Confusion) Matthews() float64 {
	total, right, both, predicted, truth := c.agreement()
	covariance := right*total - both
	spread := (total*total - predicted) * (total*total - truth)
	if spread == 0 {
		return 0
	}
	return covariance / math.Sqrt(spread)
}

// Kappa is Cohen's kappa: how much of the agreement that chance does not explain there is, 1 for all of it (Cohen, 1960). NaN if
// chance explains everything, since predictions and truth are one and the same class.
func (c *Confusion) Kappa() float64 {
	total, right, both, _, _ := c.agreement()
	return (right*total - both) / (total*total - both)
}

// agreement are the number of rows and of right ones, Σ predicted·truth over the classes, Σ predicted² and Σ truth².
func (c *Confusion) agreement() (total, right, both, predicted, truth float64) {
	for i := range c.counts {
		p, t := float64(c.Predicted(i)), float64(c.Support(i))
		total += t
		right += float64(c.Count(i, i))
		both += p * t
		predicted += p * p
		truth += t * t
	}
	return total, right, both, predicted, truth
}
