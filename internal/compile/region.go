package compile

import (
	"github.com/unroll-go/unroll/internal/op"
)

// block is a block of memory of a program: part of the arena, or memory that exists already (a parameter, a
// constant, an input).
type block struct {
	size        int
	first, last int         // the steps between which a block of the arena is in use
	offset      int         // in the arena, once planned
	mem         *op.Operand // the memory of a block outside the arena

	owner              *Value // the first value that lies in it
	nextStart, nextEnd *block // with the same first and the same last step, see layOut
}

// region is where a value's elements lie: rows of cols elements, ld apart, from off on in a block. Regions form a
// tree, because a part of a value's memory may be another value.
type region struct {
	block               *block
	off, rows, cols, ld int
	parent              *region
	parts               *neighbours // the parts that are in use
	kept                bool        // it is one of its parent's
	before              *region     // see neighbours

	// read is when a value that occupies all of the region is last read; touched, when that or a part is.
	read, touched int
}

func (r *region) compact() bool { return r.ld == r.cols || r.rows == 1 }

// newRegion is a whole block for a value of the given shape.
func newRegion(shape []int, mem *op.Operand) *region {
	rows, cols := op.MatrixOf(shape)
	return &region{block: &block{size: rows * cols, first: -1, mem: mem}, rows: rows, cols: cols, ld: cols, read: never, touched: never}
}

// never is a time before everything, ever one after everything.
const (
	never = -1
	ever  = int(^uint(0) >> 1)
)

// part is a rectangle of r. It does not count as one of r's parts until it is kept.
func (r *region) part(off, rows, cols, ld int) *region {
	return &region{block: r.block, off: r.off + off, rows: rows, cols: cols, ld: ld, parent: r, read: never, touched: never}
}

// keep makes r one of its parent's parts.
func (r *region) keep() {
	if r.parent == nil || r.kept {
		return
	}
	if r.parent.parts == nil {
		r.parent.parts = &neighbours{}
	}
	r.parent.parts.add(r)
	r.kept = true
}

// end is where the last row of r ends.
func (r *region) end() int { return r.off + (r.rows-1)*r.ld + r.cols }

// elements is the part of r that holds n elements from first on, in the order of rows, as a matrix with the given
// number of columns; nil if that is no rectangle.
func (r *region) elements(first, n, cols int) *region {
	switch {
	case r.compact():
		return r.part(first, n/cols, cols, cols)
	case cols == r.cols && first%cols == 0 && n%cols == 0:
		return r.part(first/cols*r.ld, n/cols, cols, r.ld)
	}
	return nil
}

// columns is the part of r with some of its columns.
func (r *region) columns(first, n int) *region { return r.part(first, r.rows, n, r.ld) }

// readAt notes that a value in all of r is read.
func (r *region) readAt(t int) {
	r.read = max(r.read, t)
	for p := r; p != nil && p.touched < t; p = p.parent {
		p.touched = t
	}
}

// overlaps tells whether two parts of one region have elements in common; it may say so of strips that interleave.
func (r *region) overlaps(o *region) bool {
	if r.end() <= o.off || o.end() <= r.off {
		return false
	}
	if r.ld == o.ld && r.rows > 1 { // strips of one matrix
		a, b := r.off%r.ld, o.off%o.ld
		if a+r.cols > r.ld || b+o.cols > o.ld {
			return true
		}
		return a < b+o.cols && b < a+r.cols
	}
	return true
}

// free tells whether the memory may be overwritten at a time: whoever reads all of r did so by then, and whoever
// reads other values in that memory did so before start.
func (r *region) free(start, at int) bool {
	if r.block.mem != nil || r.read > at {
		return false
	}
	if r.touched >= start && r.parts.any(r, r, func(p *region) bool { return p.touched >= start }) {
		return false
	}
	for c := r; c.parent != nil; c = c.parent {
		if c.parent.read >= start {
			return false
		}
		if c.parent.parts.any(c.parent, r, func(p *region) bool { return p != c && p.touched >= start && p.overlaps(r) }) {
			return false
		}
	}
	return true
}
