package train

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// checkState refuses an initial state that cannot be carried.
func checkState(state []*tensor.Dense) error {
	for i, v := range state {
		if err := dense.CheckFloats(v); err != nil {
			return errors.Wrapf(err, "state %d", i)
		}
	}
	return nil
}

// lossAndStates splits what a loss function returned into the loss and the next states, which must be as many as the
// states, and like them. Where nothing is carried, what follows the loss is the caller's own.
func lossAndStates(out, states []*tensor.Dense) (float64, []*tensor.Dense, error) {
	if len(out) == 0 {
		return 0, nil, errors.New("the loss function returned nothing; want the loss, then the next states")
	}
	if out[0].Shape().TotalSize() != 1 {
		return 0, nil, errors.Errorf("the loss has shape %v; want a scalar", []int(out[0].Shape()))
	}
	next := out[1:]
	if len(states) == 0 {
		return graph.Scalar(out[0]), nil, nil
	}
	if len(next) != len(states) {
		return 0, nil, errors.Errorf("the loss function returned %d states; want %d, one for each that it was given", len(next), len(states))
	}
	for i, v := range states {
		if v.Dtype() != next[i].Dtype() || !slices.Equal(v.Shape(), next[i].Shape()) {
			return 0, nil, errors.Errorf("state %d is %v %v; the function's next is %v %v",
				i, v.Dtype(), []int(v.Shape()), next[i].Dtype(), []int(next[i].Shape()))
		}
	}
	return graph.Scalar(out[0]), next, nil
}

// carry copies the next states over the current ones, which are like them.
func carry(dst, src []*tensor.Dense) {
	for i := range dst {
		vectorOf(dst[i]).set(vectorOf(src[i]))
	}
}

func cloneAll(in []*tensor.Dense) []*tensor.Dense {
	out := make([]*tensor.Dense, len(in))
	for i, t := range in {
		out[i] = t.Clone().(*tensor.Dense)
	}
	return out
}

// firstError is err unless an earlier step failed worse.
func firstError(worse, err error) error {
	if worse != nil {
		return worse
	}
	return err
}

func cloneNamed(in []graph.Named) []graph.Named {
	out := make([]graph.Named, len(in))
	for i, t := range in {
		out[i] = graph.Named{Name: t.Name, Value: t.Value.Clone().(*tensor.Dense)}
	}
	return out
}

// tensorsOf is Params.Tensors for those who only read.
func tensorsOf(p *graph.Params) []graph.Named {
	out := make([]graph.Named, p.Len())
	for i := range out {
		out[i] = graph.Named{Name: p.At(i).Name(), Value: weights.Of(p.At(i))}
	}
	return out
}
