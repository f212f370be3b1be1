package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/gorgonia"
)

// foreign is one of Gorgonia's own operations, or of a user's: it runs through its Do.
type foreign struct{ n *gorgonia.Node }

func (f foreign) String() string { return f.n.Op().String() }

func (f foreign) Bind(b *op.Binding) op.Task {
	in := make([]gorgonia.Value, len(b.In))
	for i, x := range b.In {
		switch {
		case x.IDs != nil:
			in[i] = wrap(x.IDs, len(x.IDs), x.Shape)
		case len(x.Shape) == 0 && x.F64 != nil:
			in[i] = (*gorgonia.F64)(&x.F64[0])
		case len(x.Shape) == 0:
			in[i] = (*gorgonia.F32)(&x.F32[0])
		case x.F64 != nil:
			in[i] = wrap(x.F64, len(x.F64), x.Shape)
		default:
			in[i] = wrap(x.F32, len(x.F32), x.Shape)
		}
	}
	return func() error {
		v, err := f.n.Op().Do(in...)
		if err != nil {
			return err
		}
		if !slices.Equal(v.Shape(), b.Out.Shape) {
			return errors.Errorf("want shape %v, the operation gave %v", b.Out.Shape, []int(v.Shape()))
		}
		switch data := v.Data().(type) {
		case []float32:
			copy(b.Out.F32, data)
		case []float64:
			copy(b.Out.F64, data)
		case float32:
			b.Out.F32[0] = data
		case float64:
			b.Out.F64[0] = data
		default:
			return errors.Errorf("the operation gave %T", v)
		}
		return nil
	}
}
