package explain

import (
	"cmp"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Unit is a unit that follows a property.
type Unit struct {
	Layer string
	Unit  int     // its number in the layer
	Found float64 // correlation over the first half of the sequence, by which the unit was chosen
	Held  float64 // correlation over the second half, which had no say in that
}

// Follow ranks the units of layers by how closely they do what a property of the input does, step by step [T]: by the
// size of Pearson's correlation. The first half of the steps chooses; what a unit is worth, the second half says. The count
// best are returned, the best first; none if the property is the same at all steps of a half. (The search for units that can
// be understood is that of Karpathy, Johnson and Li 2015, "Visualizing and Understanding Recurrent Networks", section 4.2,
// who looked; correlations rank.)
func Follow(layers []Layer, property []float64, count int) ([]Unit, error) {
	if count < 0 {
		return nil, errors.Errorf("explain: Follow: count %d; want 0 or more", count)
	}
	half := len(property) / 2
	var out []Unit
	for _, l := range layers {
		for h, u := range l.Units {
			if len(u) != len(property) {
				return nil, errors.Errorf("explain: Follow: unit %d of %s has %d steps, the property %d", h, l.Name, len(u), len(property))
			}
			found, ok := correlation(u[:half], property[:half])
			held, also := correlation(u[half:], property[half:])
			if ok && also {
				out = append(out, Unit{l.Name, h, found, held})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Unit) int { return cmp.Compare(math.Abs(b.Found), math.Abs(a.Found)) })
	return out[:min(count, len(out))], nil
}

// correlation is Pearson's; there is none where one of the two stays the same.
func correlation(x, y []float64) (r float64, ok bool) {
	n := float64(len(x))
	var mx, my float64
	for i := range x {
		mx += x[i] / n
		my += y[i] / n
	}
	var xy, xx, yy float64
	for i := range x {
		a, b := x[i]-mx, y[i]-my
		xy, xx, yy = xy+a*b, xx+a*a, yy+b*b
	}
	if !(xx > 0) || !(yy > 0) {
		return 0, false
	}
	r = xy / math.Sqrt(xx*yy)
	return r, !math.IsNaN(r)
}
