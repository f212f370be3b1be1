package explain

import (
	"context"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Sequences run side by side: at most so many, of so many steps together, which bounds memory.
const (
	mostRows  = 64
	mostSteps = 8192
)

// rows is how many sequences of a length run at once.
func rows(steps int) int { return max(1, min(mostRows, mostSteps/max(steps, 1))) }

// rounded is the size of a batch for n sequences: few sizes have to be compiled for.
func rounded(n, most int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return min(size, most)
}

// point is a network at one input.
type point struct {
	value float64
	slope []float64 // [T, F]: the gradient with respect to the input
}

// run runs a function of the network, unless it was told to stop.
func run(ctx context.Context, f *graph.Func, x, target *tensor.Dense) ([]*tensor.Dense, error) {
	if ctx != nil && ctx.Err() != nil {
		return nil, errors.Wrap(ctx.Err(), "explain")
	}
	out, err := f.Run(x, target)
	return out, errors.Wrap(err, "explain")
}

// along computes the network and its gradient at inputs between the baseline, 0, and the input, 1.
func (e *Explainer) along(ctx context.Context, in *input, places []float64) ([]point, error) {
	out := make([]point, 0, len(places))
	most := rows(in.steps)
	for len(places) > 0 {
		n := min(len(places), most)
		size := rounded(n, most)
		x := make([]float64, in.steps*size*in.width) // [T, B, F]
		for b := range size {
			a := places[min(b, n-1)] // what fills the batch up is passed over
			for t := range in.steps {
				for f := range in.width {
					i := t*in.width + f
					x[(t*size+b)*in.width+f] = in.base[i] + a*(in.x[i]-in.base[i])
				}
			}
		}
		r, err := run(ctx, e.slope, graph.Floats64(x, in.steps, size, in.width), targets(in.target, size))
		if err != nil {
			return nil, err
		}
		slope, value := r[0].Float64s(), r[1].Float64s()
		for b := range n {
			p := point{value: value[b], slope: make([]float64, len(in.x))}
			for t := range in.steps {
				copy(p.slope[t*in.width:(t+1)*in.width], slope[(t*size+b)*in.width:])
			}
			out = append(out, p)
		}
		places = places[n:]
	}
	return out, nil
}

// values computes the network over sequences of one length, [T, F] each.
func (e *Explainer) values(ctx context.Context, sequences [][]float64, steps, width, target int) ([]float64, error) {
	var out []float64
	most := rows(steps)
	for len(sequences) > 0 {
		n := min(len(sequences), most)
		size := rounded(n, most)
		x := make([]float64, steps*size*width)
		for b := range size {
			s := sequences[min(b, n-1)]
			for t := range steps {
				copy(x[(t*size+b)*width:], s[t*width:(t+1)*width])
			}
		}
		r, err := run(ctx, e.value, graph.Floats64(x, steps, size, width), targets(target, size))
		if err != nil {
			return nil, err
		}
		out = append(out, r[0].Float64s()[:n]...)
		sequences = sequences[n:]
	}
	return out, nil
}

// targets is a target for each of n sequences, [n, 1].
func targets(target, n int) *tensor.Dense {
	ids := make([]int, n)
	for i := range ids {
		ids[i] = target
	}
	return graph.Ints(ids, n, 1)
}
