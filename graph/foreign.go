package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// foreign is one of Gorgonia's own operations, or of a user's: it runs through its Do.
type foreign struct{ n *gorgonia.Node }

func (f foreign) String() string { return fmt.Sprint(f.n.Op()) }

func (f foreign) bind(b *binding) task {
	in := make([]gorgonia.Value, len(b.in))
	for i, x := range b.in {
		switch {
		case x.ids != nil:
			in[i] = wrap(x.ids, len(x.ids), x.shape)
		case len(x.shape) == 0 && x.f64 != nil:
			in[i] = (*gorgonia.F64)(&x.f64[0])
		case len(x.shape) == 0:
			in[i] = (*gorgonia.F32)(&x.f32[0])
		case x.f64 != nil:
			in[i] = wrap(x.f64, len(x.f64), x.shape)
		default:
			in[i] = wrap(x.f32, len(x.f32), x.shape)
		}
	}
	return func() error {
		v, err := f.n.Op().Do(in...)
		if err != nil {
			return err
		}
		if !slices.Equal(v.Shape(), b.out.shape) {
			return errors.Errorf("want shape %v, the operation gave %v", b.out.shape, []int(v.Shape()))
		}
		switch data := v.Data().(type) {
		case []float32:
			copy(b.out.f32, data)
		case []float64:
			copy(b.out.f64, data)
		case float32:
			b.out.f32[0] = data
		case float64:
			b.out.f64[0] = data
		default:
			return errors.Errorf("the operation gave %T", v)
		}
		return nil
	}
}
