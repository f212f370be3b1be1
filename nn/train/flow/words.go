package flow

import (
	"fmt"
	"math"
	"strings"

	"github.com/unroll-go/unroll/internal/texttable"
)

// Verdict is what a state's gradients do on their way back.
type Verdict int

// Verdicts.
const (
	Healthy   Verdict = iota // between the two
	Vanishing                // the gradient shrinks to a thousandth of its largest norm or less
	Exploding                // it grows a thousandfold or more
)

func (v Verdict) String() string {
	names := [...]string{"healthy", "vanishing", "exploding"}
	if v < 0 || int(v) >= len(names) {
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
	return names[v]
}

// muchLess is what a gradient shrinks to, or the inverse of what it grows to, before it counts as vanishing or exploding.
const muchLess = 1e-3

// Verdict judges the state's gradients.
func (s State) Verdict() Verdict {
	switch near := s.near(); {
	case near > 0 && s.far() > near/muchLess:
		return Exploding
	case s.Ratio < muchLess:
		return Vanishing
	}
	return Healthy
}

func (s State) reverse() bool { return strings.HasSuffix(s.Name, "_reverse") }

// near and far are the norms at the ends of time, near to the loss and far from it.
func (s State) near() float64 { return s.back(0) }
func (s State) far() float64  { return s.back(len(s.Norms) - 1) }

// back is the norm so many steps back, NaN where there is none.
func (s State) back(steps int) float64 {
	if steps < 0 || steps >= len(s.Norms) {
		return math.NaN()
	}
	if s.reverse() {
		return s.Norms[steps]
	}
	return s.Norms[len(s.Norms)-1-steps]
}

// Reach is the number of steps back after which the gradient is below a thousandth of the largest for good, or above a
// thousand times the nearest: how far back the network can be taught. It is the number of all steps if there is none.
func (s State) Reach() int {
	limit, top := len(s.Norms), 0.0
	for _, v := range s.Norms {
		top = max(top, v)
	}
	switch s.Verdict() {
	case Vanishing:
		for limit > 0 && s.back(limit-1) < top*muchLess {
			limit--
		}
	case Exploding:
		for i := range limit {
			if s.back(i) > s.near()/muchLess {
				return i
			}
		}
	}
	return limit
}

// String is the report: what happens to the gradients of each state, the gates, the recurrent weights and parameters,
// and what to try.
func (f *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Gradient flow, loss %.4g\n\n", f.Loss)
	seen := map[Verdict]bool{}
	for _, s := range f.States {
		carrier := f.carrier(s)
		if carrier == "" {
			seen[s.Verdict()] = true
		} else {
			carrier = fmt.Sprintf("; no matter, %s carries it", carrier)
		}
		b.WriteString(s.sentence() + carrier + "\n")
	}
	if len(f.Gates) > 0 {
		rows := [][]string{{"gate", "mean", "closed (< 0.05)", "open (> 0.95)"}}
		for _, g := range f.Gates {
			rows = append(rows, []string{g.Name, fmt.Sprintf("%.2f", g.Mean), percent(g.Closed), percent(g.Open)})
		}
		b.WriteString("\n" + texttable.Aligned(rows))
	}
	if len(f.Weights) > 0 {
		rows := [][]string{{"recurrent weight", "spectral radius of each gate"}}
		for _, w := range f.Weights {
			var radii []string
			for _, r := range w.Radius {
				radii = append(radii, fmt.Sprintf("%.3f", r))
			}
			rows = append(rows, []string{w.Name, strings.Join(radii, " ")})
		}
		b.WriteString("\n" + texttable.Aligned(rows))
	}
	if len(f.Params) > 0 {
		rows := [][]string{{"parameter", "norm", "gradient", "gradient/norm"}}
		for _, p := range f.Params {
			share := "-"
			if p.Weight > 0 {
				share = fmt.Sprintf("%.3g", p.Gradient/p.Weight)
			}
			rows = append(rows, []string{p.Name, fmt.Sprintf("%.4g", p.Weight), fmt.Sprintf("%.4g", p.Gradient), share})
		}
		b.WriteString("\n" + texttable.Aligned(rows))
	}
	for _, a := range f.advice(seen) {
		b.WriteString("\n" + a + "\n")
	}
	return b.String()
}

// carrier is the state of the same layer that brings the gradient back where this one loses it: an LSTM remembers in c,
// and a weak path through h is how it is meant to be.
func (f *Report) carrier(s State) string {
	if s.Verdict() != Vanishing {
		return ""
	}
	for _, other := range f.States {
		if other.Verdict() == Healthy && other.layer() == s.layer() {
			return other.Name
		}
	}
	return ""
}

// layer is the state's name without its number: rnn.l0 of rnn.state_1_l0.
func (s State) layer() string {
	before, after, _ := strings.Cut(s.Name, "state_")
	return before + strings.TrimLeft(after, "0123456789")
}

func percent(v float64) string { return fmt.Sprintf("%.0f%%", 100*v) }

func (s State) sentence() string {
	steps := len(s.Norms)
	head := fmt.Sprintf("%s: the gradient is ", s.Name)
	factor := fmt.Sprintf("times %.3g a step back", s.Factor)
	span := fmt.Sprintf("(norm %.3g near the loss, %.3g after %d steps)", s.near(), s.far(), max(steps-1, 0))
	switch s.Verdict() {
	case Vanishing:
		return head + fmt.Sprintf("VANISHING, %s: below a thousandth from %d steps back on %s", factor, s.Reach(), span)
	case Exploding:
		return head + fmt.Sprintf("EXPLODING, %s: a thousandfold %d steps back %s", factor, s.Reach(), span)
	}
	return head + fmt.Sprintf("healthy, %s %s", factor, span)
}

// advice says what to try, by what was seen.
func (f *Report) advice(seen map[Verdict]bool) []string {
	var out []string
	if seen[Exploding] {
		out = append(out, "Against exploding gradients: clip their global norm (1 is usual), lower the learning rate, "+
			"start recurrent weights orthogonal (a radius of 1 at most), or shorten the windows.")
	}
	if seen[Vanishing] {
		out = append(out, "Against vanishing gradients: take an LSTM or GRU, with ChronoSpan for long distances, or a cell with a linear "+
			"recurrence (LRU, MinGRU); start recurrent weights orthogonal; layer normalisation.")
	}
	for _, g := range f.Gates {
		if g.Closed+g.Open > 0.95 {
			out = append(out, fmt.Sprintf("%s hardly moves any more: %s of it is shut or wide open. A smaller learning rate, "+
				"weight decay or layer normalisation keeps gates in play.", g.Name, percent(g.Closed+g.Open)))
		}
	}
	zero := 0
	for _, p := range f.Params {
		if p.Gradient == 0 || math.IsNaN(p.Gradient) {
			zero++
		}
	}
	if zero > 0 {
		out = append(out, fmt.Sprintf("%d of %d parameters have no gradient at all: the loss does not depend on them.", zero, len(f.Params)))
	}
	return out
}
