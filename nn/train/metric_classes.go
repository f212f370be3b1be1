package train

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/rivo/uniseg"
)

// Confusion counts which class was predicted for which: the confusion matrix, from which accuracy, precision, recall
// and F1 come. Add the batches of a data set, then ask.
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
		return errors.Errorf("train: %d predictions for %d truths", len(predicted), len(truth))
	}
	for i, t := range truth {
		if c.ignored(t) {
			continue
		}
		if n := len(c.counts); t < 0 || t >= n || predicted[i] < 0 || predicted[i] >= n {
			return errors.Errorf("train: prediction %d is class %d for %d; want 0 to %d", i, predicted[i], t, n-1)
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

// Count is how often a class was predicted where truth was right.
func (c *Confusion) Count(truth, predicted int) int { return c.counts[truth][predicted] }

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
	for _, v := range c.counts[class] {
		n += v
	}
	return n
}

// Predicted is how often a class was predicted.
func (c *Confusion) Predicted(class int) int {
	n := 0
	for _, row := range c.counts {
		n += row[class]
	}
	return n
}

// Accuracy is the share of right predictions; 0 of none. It is micro-averaged precision, recall and F1, too.
func (c *Confusion) Accuracy() float64 {
	right := 0
	for i, row := range c.counts {
		right += row[i]
	}
	return ratio(right, c.Total())
}

// Precision is the share of a class's predictions that are right; 0 if it was never predicted, as scikit-learn has it.
func (c *Confusion) Precision(class int) float64 {
	return ratio(c.counts[class][class], c.Predicted(class))
}

// Recall is the share of a class's members that were found; 0 if it has none.
func (c *Confusion) Recall(class int) float64 {
	return ratio(c.counts[class][class], c.Support(class))
}

// F1 is the harmonic mean of precision and recall: 2·right/(support + predicted).
func (c *Confusion) F1(class int) float64 {
	return ratio(2*c.counts[class][class], c.Support(class)+c.Predicted(class))
}

// MacroF1 is the mean of the classes' F1: every class counts alike, however rare. Classes that neither came up nor were
// predicted count with 0, as scikit-learn has it.
func (c *Confusion) MacroF1() float64 {
	sum := 0.0
	for i := range c.counts {
		sum += c.F1(i)
	}
	return sum / float64(max(len(c.counts), 1))
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
// across.
func (c *Confusion) String() string {
	rows := [][]string{{"", "precision", "recall", "F1", "support"}}
	for i, name := range c.Labels {
		rows = append(rows, []string{name, share3(c.Precision(i)), share3(c.Recall(i)), share3(c.F1(i)), fmt.Sprint(c.Support(i))})
	}
	rows = append(rows, []string{"macro", "", "", share3(c.MacroF1()), fmt.Sprint(c.Total())})
	rows = append(rows, []string{"accuracy", "", "", share3(c.Accuracy()), fmt.Sprint(c.Total())})
	counts := [][]string{append([]string{"truth \\ predicted"}, c.Labels...)}
	for i, name := range c.Labels {
		row := []string{name}
		for _, n := range c.counts[i] {
			row = append(row, fmt.Sprint(n))
		}
		counts = append(counts, row)
	}
	return aligned(rows) + "\n" + aligned(counts)
}

func share3(v float64) string { return fmt.Sprintf("%.3f", v) }

// aligned writes rows in columns: the first to the left, the others to the right.
func aligned(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell))
			if i == 0 {
				line.WriteString(cell + gap)
			} else {
				line.WriteString("  " + gap + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}
