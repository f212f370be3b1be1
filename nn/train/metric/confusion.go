package metric

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/texttable"
)

// Confusion counts which class was predicted for which: the confusion matrix, from which accuracy, precision, recall
// and F1 come, as scikit-learn computes them. NewConfusion makes one. Add the batches of a data set, then ask. Of a class
// that is none of the labels', counts are 0 and shares are NaN.
type Confusion struct {
	Labels []string // of the classes, for printing
	// Ignore is a truth that does not count: padding. Nil counts everything.
	Ignore *int

	counts [][]int // [truth][prediction]
}

// NewConfusion counts classes of the given names.
func NewConfusion(labels ...string) *Confusion {
	c := &Confusion{Labels: labels, counts: make([][]int, len(labels))}
	for i := range c.counts {
		c.counts[i] = make([]int, len(labels))
	}
	return c
}

// Add counts predictions beside the truth. Nothing is counted if one of them is no class.
func (c *Confusion) Add(truth, predicted []int) error {
	if len(truth) != len(predicted) {
		return errors.Errorf("metric: %d predictions for %d truths", len(predicted), len(truth))
	}
	for i, t := range truth {
		switch {
		case c.ignored(t) || c.has(t) && c.has(predicted[i]):
		case len(c.counts) == 0:
			return errors.New("metric: a Confusion without classes; give NewConfusion the label of each")
		default:
			return errors.Errorf("metric: prediction %d is class %d for %d; want 0 to %d", i, predicted[i], t, len(c.counts)-1)
		}
	}
	for i, t := range truth {
		if !c.ignored(t) {
			c.counts[t][predicted[i]]++
		}
	}
	return nil
}

func (c *Confusion) ignored(truth int) bool { return c.Ignore != nil && truth == *c.Ignore }

func (c *Confusion) has(class int) bool { return class >= 0 && class < len(c.counts) }

// Count is how often a class was predicted where truth was right.
func (c *Confusion) Count(truth, predicted int) int {
	if !c.has(truth) || !c.has(predicted) {
		return 0
	}
	return c.counts[truth][predicted]
}

// Total is the number of predictions.
func (c *Confusion) Total() int {
	n := 0
	for i := range c.counts {
		n += c.Support(i)
	}
	return n
}

// Support is how often a class was right.
func (c *Confusion) Support(class int) int {
	n := 0
	for i := range c.counts {
		n += c.Count(class, i)
	}
	return n
}

// Predicted is how often a class was predicted.
func (c *Confusion) Predicted(class int) int {
	n := 0
	for i := range c.counts {
		n += c.Count(i, class)
	}
	return n
}

// Accuracy is the share of right predictions; 0 of none. It is micro-averaged precision, recall and F1, too.
func (c *Confusion) Accuracy() float64 {
	right := 0
	for i := range c.counts {
		right += c.Count(i, i)
	}
	return ratio(right, c.Total())
}

// Precision is the share of a class's predictions that are right; 0 if it was never predicted (scikit-learn's
// zero_division=0).
func (c *Confusion) Precision(class int) float64 {
	return c.share(class, c.Count(class, class), c.Predicted(class))
}

// Recall is the share of a class's members that were found; 0 if it has none.
func (c *Confusion) Recall(class int) float64 {
	return c.share(class, c.Count(class, class), c.Support(class))
}

// F1 is the harmonic mean of precision and recall: 2·right/(support + predicted); 0 if the class neither came up nor was
// predicted.
func (c *Confusion) F1(class int) float64 {
	return c.share(class, 2*c.Count(class, class), c.Support(class)+c.Predicted(class))
}

func (c *Confusion) share(class, a, b int) float64 {
	if !c.has(class) {
		return math.NaN()
	}
	return ratio(a, b)
}

// MacroF1 is the mean of the classes' F1: every class counts alike, however rare. Classes that neither came up nor were
// predicted do not count, as in scikit-learn's f1_score(average="macro"); 0 of nothing.
func (c *Confusion) MacroF1() float64 {
	sum, classes := 0.0, 0
	for i := range c.counts {
		if c.Support(i)+c.Predicted(i) > 0 {
			sum += c.F1(i)
			classes++
		}
	}
	return sum / float64(max(classes, 1))
}

// WeightedF1 is the mean of the classes' F1, weighed by their support.
func (c *Confusion) WeightedF1() float64 {
	sum := 0.0
	for i := range c.counts {
		sum += c.F1(i) * float64(c.Support(i))
	}
	return sum / float64(max(c.Total(), 1))
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// String is two tables: precision, recall, F1 and support of every class, and the counts, truths down and predictions
// across. Where the second is wider than a terminal of 80 columns, its headings are cut.
func (c *Confusion) String() string {
	if len(c.counts) == 0 {
		return "no classes\n"
	}
	shares, counts := c.tables()
	return texttable.Aligned(shares) + "\n" + texttable.Fitted(counts, 80)
}

// SimpleRender shows both tables in a cell of a notebook: gophernotes looks for this method.
func (c *Confusion) SimpleRender() map[string]any {
	shares, counts := c.tables()
	return map[string]any{"text/plain": c.String(), "text/html": texttable.HTML(shares) + texttable.HTML(counts)}
}

// tables are the shares of each class, and the matrix of counts.
func (c *Confusion) tables() (shares, counts [][]string) {
	shares = [][]string{{"", "precision", "recall", "F1", "support"}}
	head := []string{"truth \\ predicted"}
	for i := range c.counts {
		shares = append(shares, []string{c.label(i), share3(c.Precision(i)), share3(c.Recall(i)), share3(c.F1(i)), fmt.Sprint(c.Support(i))})
		head = append(head, c.label(i))
	}
	shares = append(shares, []string{"macro", "", "", share3(c.MacroF1()), fmt.Sprint(c.Total())})
	shares = append(shares, []string{"accuracy", "", "", share3(c.Accuracy()), fmt.Sprint(c.Total())})
	counts = [][]string{head}
	for i, all := range c.counts {
		row := []string{c.label(i)}
		for _, n := range all {
			row = append(row, fmt.Sprint(n))
		}
		counts = append(counts, row)
	}
	return shares, counts
}

// label is a class's name, or its number if somebody has shortened the labels.
func (c *Confusion) label(class int) string {
	if class < len(c.Labels) {
		return c.Labels[class]
	}
	return fmt.Sprint(class)
}

func share3(v float64) string { return fmt.Sprintf("%.3f", v) }
