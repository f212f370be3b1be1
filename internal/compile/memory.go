package compile

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// align is the granularity of the arena in elements: 64 bytes of float32, one cache line.
const align = 16

// Memory is what the programs of one function share, which run one at a time: an arena for intermediate values, and packed
// weights as they see them.
type Memory struct {
	arena   op.Operand
	weights map[viewKey]any // *weightPack
}

// grow makes room for n elements. Programs that were planned before keep the memory that they have.
func (m *Memory) grow(dtype tensor.Dtype, n int) {
	have := m.Size()
	if n <= have {
		return
	}
	if have > 0 { // lengths of a data set come in any order: do not grow for each
		n = max(n, have+have/2)
	}
	if dtype == tensor.Float64 {
		m.arena.F64 = make([]float64, n)
	} else {
		m.arena.F32 = make([]float32, n)
	}
}

// Size is how many intermediate values there is room for.
func (m *Memory) Size() int { return max(len(m.arena.F32), len(m.arena.F64)) }

// layOut gives every block of the arena an offset, so that blocks whose lives overlap do not. It walks the steps once,
// taking for each new block the smallest free span that fits.
func (e *emitter) layOut() error {
	for _, x := range e.Exits { // what is copied out lives to the end
		if r := e.planner.regions[x.Value.id]; r != nil {
			r.block.last = len(e.steps)
		}
	}
	for _, v := range e.Order { // and so does what later runs will need
		if r := e.planner.regions[v.id]; r != nil && v.frozen {
			r.block.last = len(e.steps)
		}
	}
	var live freeList
	starts, ends := make([]*block, len(e.steps)+1), make([]*block, len(e.steps)+1) // of each step: the first of a list
	for _, v := range slices.Backward(e.Order) {
		if r := e.planner.regions[v.id]; r != nil && r.block.mem == nil {
			r.block.owner = v
		}
	}
	for _, v := range slices.Backward(e.Order) {
		if r := e.planner.regions[v.id]; r != nil && r.block.owner == v {
			b := r.block
			b.nextStart, starts[b.first] = starts[b.first], b
			b.nextEnd, ends[b.last] = ends[b.last], b
		}
	}
	for i := range e.steps {
		for b := starts[i]; b != nil; b = b.nextStart {
			b.offset = live.take(b.size)
			if b.size < 0 || live.size < 0 || live.size > dense.MaxElements {
				return errors.Errorf("graph: the program needs memory for more than %d intermediate numbers", dense.MaxElements)
			}
		}
		for b := ends[i]; b != nil; b = b.nextEnd { // only after this step's own blocks were taken: results never overlap operands
			live.give(b.offset, b.size)
		}
	}
	e.mem.grow(e.Dtype, live.size)
	e.program.size = live.size
	return nil
}

// at returns the memory of a region.
func (e *emitter) at(r *region) op.Operand {
	mem, start := &e.mem.arena, r.block.offset+r.off
	if r.block.mem != nil {
		mem, start = r.block.mem, r.off
	}
	out := op.Operand{}
	if !r.compact() {
		out.Stride = r.ld
	}
	end := start + (r.rows-1)*r.ld + r.cols
	if r.rows == 1 {
		end = start + r.cols
	}
	switch {
	case mem.IDs != nil:
		out.IDs = mem.IDs[start:end:end]
	case mem.F64 != nil:
		out.F64 = mem.F64[start:end:end]
	default:
		out.F32 = mem.F32[start:end:end]
	}
	return out
}

// freeList manages the arena's free spans, sorted by offset and never touching each other.
type freeList struct {
	size  int // of the arena so far
	spans []span
}

type span struct{ offset, size int }

// take returns the offset of a span of at least n elements, growing the arena if none is free.
func (f *freeList) take(n int) int {
	n = (n + align - 1) / align * align
	best := -1
	for i, b := range f.spans {
		if b.size >= n && (best < 0 || b.size < f.spans[best].size) {
			best = i
		}
	}
	if best >= 0 {
		b := &f.spans[best]
		offset := b.offset
		b.offset += n
		b.size -= n
		if b.size == 0 {
			f.spans = slices.Delete(f.spans, best, best+1)
		}
		return offset
	}
	offset := f.size
	if last := len(f.spans) - 1; last >= 0 && f.spans[last].offset+f.spans[last].size == f.size {
		offset = f.spans[last].offset // extend the free block at the end
		f.spans = f.spans[:last]
	}
	f.size = offset + n
	return offset
}

// give returns a block, joining it with free neighbours.
func (f *freeList) give(offset, n int) {
	n = (n + align - 1) / align * align
	i, _ := slices.BinarySearchFunc(f.spans, offset, func(b span, at int) int { return b.offset - at })
	if i > 0 && f.spans[i-1].offset+f.spans[i-1].size == offset {
		i--
		f.spans[i].size += n
	} else {
		f.spans = slices.Insert(f.spans, i, span{offset, n})
	}
	if i+1 < len(f.spans) && f.spans[i].offset+f.spans[i].size == f.spans[i+1].offset {
		f.spans[i].size += f.spans[i+1].size
		f.spans = slices.Delete(f.spans, i+1, i+2)
	}
}
