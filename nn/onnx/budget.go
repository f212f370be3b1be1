package onnx

import (
	"math"

	"github.com/unroll-go/unroll/graph"
)

// A model is a program that somebody else wrote, and a few bytes of it can ask for any amount of memory: one node
// repeats a number 2³⁰ times, thirty double a tensor. So there is a limit to what all values of a model take together.
// It grows with the file and the inputs, which are what an honest model's values are made of.
const (
	everyModel  = 64 << 20 // bytes that any model may take
	timesFile   = 32       // and for what it makes of its own numbers, this many times its file
	timesInputs = 4096     // and for what it makes of its inputs, this many times file and inputs together
	perNode     = 4 << 10  // a node of the graph and its step in a program, however few numbers it gives
	perNumber   = 8        // bytes, of every type
	mostAxes    = 32       // dimensions of a value
)

// budget counts what a model takes while it is built: own for values that the file alone decides, such as constants and
// what is folded of them, given for those that the inputs have a part in.
type budget struct{ own, given meter }

type meter struct{ used, limit int64 }

// newBudget is what a model of so many bytes may take for its inputs.
func newBudget(file int64, in []graph.Node) *budget {
	all := file
	for _, n := range in {
		all = add(all, bytesOf(n.Shape()))
	}
	return &budget{own: meter{limit: add(everyModel, times(timesFile, file))},
		given: meter{limit: add(everyModel, times(timesInputs, all))}}
}

// takes tells whether so many bytes are left, and counts them if they are.
func (m *meter) takes(bytes int64) bool {
	if !m.has(bytes) {
		return false
	}
	m.used += bytes
	return true
}

func (m *meter) has(bytes int64) bool { return bytes <= m.limit-m.used }

// most stands for sizes that are out of all bounds; sums of them do not overflow.
const most = math.MaxInt64 / 4

func add(a, b int64) int64 { return min(most, a+b) }

func times(a, b int64) int64 {
	if b > 0 && a > most/b {
		return most
	}
	return a * b
}

// bytesOf is what a value of a shape takes. A dimension below 1, of which the operators speak, counts as 0.
func bytesOf(shape []int) int64 {
	n := int64(perNumber)
	for _, d := range shape {
		n = times(n, int64(max(d, 0)))
	}
	return add(perNode, n)
}

// perKnown is what a tensor takes that is known when the graph is built, however few numbers it has: it is no node.
const perKnown = 512

// counts spends what a value that a node gives takes.
func (c *call) counts(v value) bool {
	switch {
	case v.list != nil:
		return c.spend(times(perKnown, int64(1+len(*v.list))))
	case v.known != nil:
		return c.room(v.shape()) && c.spend(bytesOf(v.shape())-perNode+perKnown)
	}
	return c.room(v.shape()) && c.spend(bytesOf(v.shape()))
}

// meter is the one that the node's values count on.
func (c *call) meter() *meter {
	if c.own {
		return &c.budget.own
	}
	return &c.budget.given
}

// room tells whether a value of the shape may be made, and fails if not. Whatever makes known numbers or constants of
// the graph asks before it does; Model.Build counts what came of it.
func (c *call) room(shape []int) bool {
	if len(shape) > mostAxes {
		c.failf("a value with %d dimensions; want at most %d", len(shape), mostAxes)
		return false
	}
	if least := bytesOf(shape) - perNode + perKnown; !c.meter().has(least) {
		c.tooLarge(least)
		return false
	}
	return true
}

// spend counts what a node takes beside its outputs.
func (c *call) spend(bytes int64) bool {
	if !c.meter().takes(bytes) {
		c.tooLarge(bytes)
		return false
	}
	return true
}

func (c *call) tooLarge(bytes int64) {
	m := c.meter()
	if c.own {
		c.failf("it takes %d bytes of memory, %d are taken; want at most %d: "+
			"%d MiB and %d times the model's files for what is made of them alone",
			bytes, m.used, m.limit, everyModel>>20, timesFile)
		return
	}
	c.failf("it takes %d bytes of memory, %d are taken; want at most %d: %d MiB and %d times the model's files and inputs",
		bytes, m.used, m.limit, everyModel>>20, timesInputs)
}
