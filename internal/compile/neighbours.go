package compile

import (
	"math/bits"
	"slices"
)

// neighbours are the parts of a region, found by where they lie: the steps of a sequence are thousands of parts of one
// tensor, and whoever wants to overwrite one of them asks who else has its elements.
//
// The region is cut into cells of 2^l elements, once for every l. A part of more than 2^(l-1) and at most 2^l elements,
// from its first to its last, belongs to the cell in which it begins. So all that overlap a span begin in its cells or in
// the one before.
type neighbours struct {
	list  []*region
	cells map[cell]*region // the last part of each cell, which knows the one before; nil while there are few parts
	sizes uint64           // a bit for each l that parts have
}

// cell is number at among those of 2^l elements.
type cell struct{ l, at int }

// fewParts is the number of parts up to which looking at each of them is quicker.
const fewParts = 8

func (n *neighbours) add(r *region) {
	n.list = append(n.list, r)
	switch {
	case n.cells != nil:
		n.put(r)
	case len(n.list) > fewParts:
		n.cells = make(map[cell]*region, 2*len(n.list))
		for _, p := range n.list {
			n.put(p)
		}
	}
}

func (n *neighbours) put(r *region) {
	l := bits.Len(uint(r.end() - r.off - 1))
	n.sizes |= 1 << l
	at := cell{l, (r.off - r.parent.off) >> l}
	r.before, n.cells[at] = n.cells[at], r
}

// any tells whether such is true of one of the parts of a region that overlap a part of it. It may ask about others, too.
func (n *neighbours) any(of, part *region, such func(*region) bool) bool {
	if n == nil {
		return false
	}
	begin, end := part.off-of.off, part.end()-of.off
	smallest := bits.TrailingZeros64(n.sizes)
	if n.cells == nil || (end-begin)>>smallest > len(n.list) {
		return slices.ContainsFunc(n.list, such)
	}
	for sizes := n.sizes; sizes != 0; sizes &= sizes - 1 {
		l := bits.TrailingZeros64(sizes)
		for at := begin>>l - 1; at <= (end-1)>>l; at++ {
			for p := n.cells[cell{l, at}]; p != nil; p = p.before {
				if such(p) {
					return true
				}
			}
		}
	}
	return false
}
