package compile

import (
	"fmt"
	"time"

	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Timer is told of every instruction that has run: the kind of work, the layer, and how long it took.
type Timer interface {
	Took(kind, path string, w Work, d time.Duration)
}

// Work is what an instruction has to do at least.
type Work struct {
	FLOPs float64 // of products
	Bytes float64 // read and written
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
		p.Timer.Took(s.kind(), s.values[0].Path, Work{s.flops(), float64(s.bytes(int(p.dtype.Size())))}, now.Sub(before))
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

// bytes counts what an instruction has to read and write at least. A packing that found its work done did nothing.
func (s *instruction) bytes(size int) int {
	if s.idle != nil && *s.idle {
		return 0
	}
	if s.moves == 0 {
		s.moves = s.leastMoved(size)
	}
	return s.moves
}

// leastMoved counts what comes from other instructions once, and once what is left for others, elements of so many bytes.
// What one operation of the instruction hands to the next counts nothing.
func (s *instruction) leastMoved(size int) int {
	switch {
	case s.copies != nil:
		return 2 * size * s.copies.size()
	case is[packing](s.values[0]):
		n := s.values[0].size()
		return size*n + elementBytes(s.values[0], size)*n
	}
	total := 0
	seen := map[*Value]bool{}
	for _, v := range s.values {
		seen[v] = true
	}
	for i, v := range s.values {
		if s.addresses[i] != transient {
			total += size * rowsMoved(v, v)
		}
		for j := range v.operands() {
			in := v.operand(j)
			switch {
			case seen[in]:
			case in.Leaf != nil && in.Leaf.IDs:
				total += in.size() * int(tensor.Int.Size())
			default:
				total += elementBytes(in, size) * rowsMoved(v, in)
			}
			seen[in] = true
		}
	}
	return total
}

// elementBytes is the size of an element of v, where others have so many bytes.
func elementBytes(v *Value, size int) int {
	if o, ok := opOf[packing](v); ok {
		return size / o.format.Shrinks()
	}
	return size
}

// rowsMoved is the number of elements of x, v itself or an operand of it, that v reads or writes: those of the rows that ids
// name, if v looks up rows of a table, or adds to some.
func rowsMoved(v, x *Value) int {
	switch v.Op.(type) {
	case op.GatherRows:
		return min(x.size(), v.size())
	case op.ScatterRows:
		if v.onto != nil {
			return min(x.size(), v.In[0].size())
		}
	}
	return x.size()
}
