package graph

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// align is the granularity of the arena in elements: 64 bytes of float32, one cache line.
const align = 16

// memory is what the programs of one function share: an arena for intermediate values, and packed weights. Each run
// packs anew, so that it does not matter which program ran before.
type memory struct {
	arena operand
	packs map[packKey]interface{} // *kernel.Packed
}

// packKey says what is packed: a matrix in memory, and how it is read.
type packKey struct {
	f32           *float32
	f64           *float64
	shape         [2]int
	trans, weight bool
}

// grow makes room for n elements. Programs that were planned before keep the memory that they have.
func (m *memory) grow(dtype tensor.Dtype, n int) {
	have := max(len(m.arena.f32), len(m.arena.f64))
	if n <= have {
		return
	}
	if have > 0 { // lengths of a data set come in any order: do not grow for each
		n = max(n, have+have/2)
	}
	if dtype == tensor.Float64 {
		m.arena.f64 = make([]float64, n)
	} else {
		m.arena.f32 = make([]float32, n)
	}
}

// layOut gives every arena buffer an offset so that buffers whose lives overlap do not. It walks the steps once,
// taking for each new buffer the smallest free block that fits.
func (e *emitter) layOut() error {
	for _, x := range e.exits { // what is copied out lives to the end
		if r := e.planner.mem[x.value.id]; r != nil {
			r.buf.last = len(e.steps)
		}
	}
	for _, v := range e.order { // and so does what later runs will need
		if r := e.planner.mem[v.id]; r != nil && v.frozen {
			r.buf.last = len(e.steps)
		}
	}
	var live freeList
	starts, ends := make([][]*buffer, len(e.steps)+1), make([][]*buffer, len(e.steps)+1)
	seen := map[*buffer]bool{}
	for _, v := range e.order {
		if r := e.planner.mem[v.id]; r != nil && r.buf.mem == nil && !seen[r.buf] {
			seen[r.buf] = true
			starts[r.buf.first] = append(starts[r.buf.first], r.buf)
			ends[r.buf.last] = append(ends[r.buf.last], r.buf)
		}
	}
	for i := range e.steps {
		for _, b := range starts[i] {
			b.offset = live.take(b.size)
			if b.size < 0 || live.size < 0 || live.size > dense.MaxElements {
				return errors.Errorf("graph: the program needs memory for more than %d intermediate numbers", dense.MaxElements)
			}
		}
		for _, b := range ends[i] { // only after this step's own buffers were taken: results never overlap operands
			live.give(b.offset, b.size)
		}
	}
	e.mem.grow(e.dtype, live.size)
	e.program.arena = e.mem.arena
	e.program.size = live.size
	return nil
}

// at returns the memory of a region.
func (e *emitter) at(r *region) operand {
	mem, start := &e.mem.arena, r.buf.offset+r.off
	if r.buf.mem != nil {
		mem, start = r.buf.mem, r.off
	}
	out := operand{}
	if !r.compact() {
		out.stride = r.ld
	}
	end := start + (r.rows-1)*r.ld + r.cols
	if r.rows == 1 {
		end = start + r.cols
	}
	switch {
	case mem.ids != nil:
		out.ids = mem.ids[start:end:end]
	case mem.f64 != nil:
		out.f64 = mem.f64[start:end:end]
	default:
		out.f32 = mem.f32[start:end:end]
	}
	return out
}

// freeList manages the arena's free blocks, sorted by offset and never touching each other.
type freeList struct {
	size   int // of the arena so far
	blocks []block
}

type block struct{ offset, size int }

// take returns the offset of a block of at least n elements, growing the arena if none is free.
func (f *freeList) take(n int) int {
	n = (n + align - 1) / align * align
	best := -1
	for i, b := range f.blocks {
		if b.size >= n && (best < 0 || b.size < f.blocks[best].size) {
			best = i
		}
	}
	if best >= 0 {
		b := &f.blocks[best]
		offset := b.offset
		b.offset += n
		b.size -= n
		if b.size == 0 {
			f.blocks = slices.Delete(f.blocks, best, best+1)
		}
		return offset
	}
	offset := f.size
	if last := len(f.blocks) - 1; last >= 0 && f.blocks[last].offset+f.blocks[last].size == f.size {
		offset = f.blocks[last].offset // extend the free block at the end
		f.blocks = f.blocks[:last]
	}
	f.size = offset + n
	return offset
}

// give returns a block, joining it with free neighbours.
func (f *freeList) give(offset, n int) {
	n = (n + align - 1) / align * align
	i, _ := slices.BinarySearchFunc(f.blocks, offset, func(b block, at int) int { return b.offset - at })
	if i > 0 && f.blocks[i-1].offset+f.blocks[i-1].size == offset {
		i--
		f.blocks[i].size += n
	} else {
		f.blocks = slices.Insert(f.blocks, i, block{offset, n})
	}
	if i+1 < len(f.blocks) && f.blocks[i].offset+f.blocks[i].size == f.blocks[i+1].offset {
		f.blocks[i].size += f.blocks[i+1].size
		f.blocks = slices.Delete(f.blocks, i+1, i+2)
	}
}
