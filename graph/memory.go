package graph

import (
	"slices"

	"gorgonia.org/tensor"
)

// align is the granularity of the arena in elements: 64 bytes of float32, one cache line.
const align = 16

// plan gives every arena buffer an offset so that buffers whose lives overlap do not, and allocates the arena. It
// walks the steps once, taking for each new buffer the smallest free block that fits.
func (k *compiler) plan(p *Program) {
	for _, c := range p.copies { // what is copied out lives to the end
		k.places[c.node.n].buf.last = len(k.steps)
	}
	var live freeList
	ends := make([][]*buffer, len(k.steps)+1)
	for i, s := range k.steps {
		if b := s.dst.buf; b.mem == nil && b.first == i && !s.onto {
			b.offset = live.take(b.size)
			ends[b.last] = append(ends[b.last], b)
		}
		for _, b := range ends[i] { // only after this step's own buffer was taken: results never overlap operands
			live.give(b.offset, b.size)
		}
	}
	if k.dtype == tensor.Float64 {
		p.arena.f64 = make([]float64, live.size)
	} else {
		p.arena.f32 = make([]float32, live.size)
	}
}

// operand returns the memory at a place with a shape.
func (p *Program) operand(at place, shape []int) operand {
	mem, start := &p.arena, at.buf.offset+at.offset
	if at.buf.mem != nil {
		mem, start = at.buf.mem, at.offset
	}
	out := operand{shape: shape}
	end := start + sizeOf(shape)
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
