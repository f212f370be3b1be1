package onnx

import "slices"

// Sequences of tensors are lists here, whose lengths are known when the graph is built, as are the places in them.

// sequence gives the i-th input as a list.
func (c *call) tensors(i int) ([]value, bool) {
	v := c.arg(i)
	if c.g.Err() == nil && v.list == nil {
		c.failf("input %d (%q) is no sequence of tensors", i, c.node.input(i))
	}
	if c.g.Err() != nil {
		return nil, false
	}
	return *v.list, true
}

// position gives the i-th input as a place in a list of n, which may count from the end; otherwise if it was left out.
func (c *call) position(i, n, otherwise int) (int, bool) {
	if c.arg(i).absent() {
		return otherwise, true
	}
	at, ok := c.ints(i)
	if !ok {
		return 0, false
	}
	if len(at) != 1 || at[0] < -n || at[0] > n {
		c.failf("place %v in a sequence of %d", at, n)
		return 0, false
	}
	if at[0] < 0 {
		return at[0] + n, true
	}
	return at[0], true
}

func listed(list []value) []value { return []value{{list: &list}} }

func buildSequenceEmpty(*call) []value { return listed([]value{}) }

func buildSequenceConstruct(c *call) []value {
	for i := range c.in {
		if v := c.arg(i); v.absent() || v.list != nil {
			return c.failf("input %d (%q) is no tensor", i, c.node.input(i))
		}
	}
	return listed(slices.Clone(c.in))
}

// buildSequenceInsert puts a tensor before a place, at the end unless one is given.
func buildSequenceInsert(c *call) []value {
	list, ok := c.tensors(0)
	v := c.arg(1)
	if !ok || v.absent() || v.list != nil {
		return c.failf("input 1 (%q) is no tensor", c.node.input(1))
	}
	at, ok := c.position(2, len(list), len(list))
	if !ok {
		return nil
	}
	return listed(slices.Insert(slices.Clone(list), at, v))
}

// buildSequenceErase takes a tensor out, the last one unless a place is given.
func buildSequenceErase(c *call) []value {
	list, ok := c.tensors(0)
	if !ok {
		return nil
	}
	at, ok := c.position(1, len(list), len(list)-1)
	if !ok || at < 0 || at >= len(list) {
		return c.failf("place %d in a sequence of %d", at, len(list))
	}
	return listed(slices.Delete(slices.Clone(list), at, at+1))
}

func buildSequenceAt(c *call) []value {
	list, ok := c.tensors(0)
	if !ok {
		return nil
	}
	at, ok := c.position(1, len(list), -1)
	if !ok || at < 0 || at >= len(list) {
		return c.failf("place %d in a sequence of %d", at, len(list))
	}
	return list[at : at+1]
}

func buildSequenceLength(c *call) []value {
	list, ok := c.tensors(0)
	if !ok {
		return nil
	}
	return []value{{known: single(len(list))}}
}

// buildConcatFromSequence joins the tensors of a sequence along an axis of theirs, or along a new one.
func buildConcatFromSequence(c *call) []value {
	list, ok := c.tensors(0)
	if !ok {
		return nil
	}
	if len(list) == 0 {
		return c.failf("an empty sequence")
	}
	if c.int("new_axis", 0) != 0 {
		return []value{c.stack(list, c.int("axis", 0))}
	}
	return c.concat(list, c.int("axis", 0))
}

// buildSplitToSequence cuts an axis into parts of given sizes, or of one size; into single entries, whose axis may go, unless
// sizes are given.
func buildSplitToSequence(c *call) []value {
	v := c.arg(0)
	axis, ok := c.axis(c.int("axis", 0), len(v.shape()))
	if !ok || v.absent() || v.list != nil {
		return c.failf("input 0 (%q) is no tensor", c.node.input(0))
	}
	n, sizes, single := v.shape()[axis], []int(nil), c.arg(1).absent()
	switch {
	case single:
		sizes = repeated(1, n)
	default:
		if sizes, ok = c.ints(1); !ok {
			return nil
		}
		if len(c.arg(1).shape()) == 0 && sizes[0] > 0 {
			sizes = equalParts(n, sizes[0])
		}
	}
	var list []value
	start := 0
	for _, size := range sizes {
		if size < 1 || size > n-start {
			return c.failf("parts %v of axis %d of %v", sizes, axis, v.shape())
		}
		part := c.picked(v, axis, start, size, 1)
		if single && c.int("keepdims", 1) == 0 {
			part = c.entry(v, axis, start)
		}
		if c.g.Err() != nil || !c.counts(part) {
			return nil
		}
		list, start = append(list, part), start+size
	}
	if start != n {
		return c.failf("parts %v of axis %d of %v", sizes, axis, v.shape())
	}
	return listed(list)
}
