package compile

import (
	"fmt"
	"time"

	"github.com/unroll-go/unroll/internal/op"
)

// Timer is told of every instruction that has run: the kind of work, the layer, and how long it took.
type Timer interface {
	Took(kind, path string, flops float64, d time.Duration)
}

// executeTimed runs the instructions, from one on, against the clock.
func (p *Program) executeTimed(from int) error {
	before := time.Now()
	for p.at = from; p.at < len(p.steps); p.at++ {
		s := &p.steps[p.at]
		if err := s.run(); err != nil {
			return s.failed(err)
		}
		now := time.Now()
		p.Timer.Took(s.kind(), s.values[0].Path, s.flops(), now.Sub(before))
		before = now
	}
	return nil
}

// kind is the sort of work that an instruction does.
func (s *instruction) kind() string {
	v := s.values[0]
	_, tiled := v.Op.(op.Elementwise)
	switch o := v.Op.(type) {
	case op.MatMul:
		if s.copies == nil {
			return o.String()
		}
	case packing:
		return "pack"
	}
	switch {
	case s.copies != nil:
		return "copy"
	case tiled:
		return "element-wise"
	}
	return kindOf(v)
}

// kindOf is the name of an operation for a profile: where a slice lies is left out, or each step of a sequence would be
// a kind of its own.
func kindOf(v *Value) string {
	switch o := v.Op.(type) {
	case op.Slice:
		return fmt.Sprintf("slice %d of %d", o.End-o.Start, o.N)
	case op.Pad:
		return fmt.Sprintf("pad %d to %d", o.End-o.Start, o.N)
	}
	return v.opName()
}

// flops counts the floating-point operations of a product.
func (s *instruction) flops() float64 {
	v := s.values[0]
	o, ok := v.Op.(op.MatMul)
	if !ok || s.copies != nil {
		return 0
	}
	_, _, k := o.Sizes(v.In[0].Shape, v.In[1].Shape)
	return 2 * float64(v.size()) * float64(k)
}
