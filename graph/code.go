package graph

import (
	"container/heap"
	"fmt"

	"gorgonia.org/tensor"
)

// value is one result in the code that a graph is compiled through: a leaf, or an operation on other values. Passes
// replace values by others; the graph itself never changes.
type value struct {
	op     operator // nil for leaves
	leaf   *leaf    // nil for operations
	opaque bool     // an operation that is not the library's: nothing is known of it
	shape  []int
	in     []*value
	onto   *value // what the result is added to: onto + op(in)

	name     int64  // the number of the node that it stands for, or came from
	key      int64  // decides which of several values that could be next comes first
	uid      uint32 // tells random operations apart
	path     string // scope, for messages
	origin   Origin // who made it
	backward bool   // part of a derivative
	frozen   bool   // depends on weights and constants alone

	id      int // place in the code's order
	users   []*value
	exits   int    // how often it is an output or a gradient
	instead *value // what a pass replaced it by
}

func (v *value) size() int { return sizeOf(v.shape) }

// readers is how often the value is read, exits included.
func (v *value) readers() int { return len(v.users) + v.exits }

// sole is the only reader of v, nil if there are others.
func (v *value) sole() *value {
	if len(v.users) == 1 && v.exits == 0 {
		return v.users[0]
	}
	return nil
}

// opOf is v's operation as a T.
func opOf[T operator](v *value) (T, bool) {
	o, ok := v.op.(T)
	return o, ok
}

// is tells whether v is an operation of type T, and nothing more than that: not added onto another value.
func is[T operator](v *value) bool {
	_, ok := v.op.(T)
	return ok && v.onto == nil
}

// code is a list of values, operands before results, on its way from a graph to a program.
type code struct {
	dtype tensor.Dtype
	order []*value
	exits []*exit
	on    passSet
}

// exit is a value that leaves the program.
type exit struct {
	value *value
	name  string        // for messages
	dst   *tensor.Dense // where to
	own   bool          // dst may be computed into, not only copied to: a gradient's memory
}

// derived is a new value that a pass makes, with the messages and the place in time of an old one.
func derived(from *value, o operator, shape []int, in ...*value) *value {
	return &value{
		op: o, shape: shape, in: in, id: unlinked,
		name: from.name, key: from.key, path: from.path, origin: from.origin, backward: from.backward,
	}
}

// unlinked is the id of a value that is not in the order yet.
const unlinked = -1

// replace has every reader of v read w from the next link on.
func (v *value) replace(w *value) { v.instead = w }

// now is v, or what it was replaced by.
func (v *value) now() *value {
	for v.instead != nil {
		v = v.instead
	}
	return v
}

// link follows replacements, drops what no exit needs, and puts the rest in order.
func (k *code) link() {
	for _, v := range k.order {
		v.users, v.exits, v.id = v.users[:0], 0, unlinked
	}
	k.order = k.order[:0]
	for _, e := range k.exits {
		e.value = e.value.now()
		k.visit(e.value)
		e.value.exits++
	}
}

// visit puts v into the order behind its operands. It keeps a stack of its own: chains are as long as sequences.
func (k *code) visit(v *value) {
	const open, done = unlinked - 1, 0
	type frame struct {
		v    *value
		next int
	}
	if v.id >= done {
		return
	}
	stack := []frame{{v, 0}}
	v.id, v.users = open, v.users[:0]
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if n := f.next; n < f.v.operands() {
			f.next++
			in := f.v.operand(n).now()
			f.v.setOperand(n, in)
			if in.id == open {
				panic(fmt.Sprintf("graph: a pass made %%%d depend on itself", in.name))
			}
			if in.id < done {
				in.id, in.users = open, in.users[:0]
				stack = append(stack, frame{in, 0})
			}
			continue
		}
		v := f.v
		stack = stack[:len(stack)-1]
		v.id = len(k.order)
		k.order = append(k.order, v)
		for n := range v.operands() {
			in := v.operand(n)
			in.users = append(in.users, v)
		}
	}
}

// operands counts what v is computed from, what it is added onto included.
func (v *value) operands() int {
	if v.onto != nil {
		return len(v.in) + 1
	}
	return len(v.in)
}

func (v *value) operand(i int) *value {
	if i == len(v.in) {
		return v.onto
	}
	return v.in[i]
}

func (v *value) setOperand(i int, w *value) {
	if i == len(v.in) {
		v.onto = w
	} else {
		v.in[i] = w
	}
}

// schedule puts the code in the order in which it will run: of the values whose operands are there, the one with the
// smallest key is next.
func (k *code) schedule() {
	waiting := make([]int, len(k.order))
	var ready byKey
	for _, v := range k.order {
		waiting[v.id] = v.operands()
		if v.operands() == 0 {
			ready = append(ready, v)
		}
	}
	heap.Init(&ready)
	order := make([]*value, 0, len(k.order))
	for len(ready) > 0 {
		v := heap.Pop(&ready).(*value)
		order = append(order, v)
		for _, u := range v.users {
			if waiting[u.id]--; waiting[u.id] == 0 {
				heap.Push(&ready, u)
			}
		}
	}
	for i, v := range order {
		v.id = i
	}
	k.order = order
}

// byKey is a heap of values, smallest key first.
type byKey []*value

func (h byKey) Len() int { return len(h) }
func (h byKey) Less(i, j int) bool {
	if h[i].key != h[j].key {
		return h[i].key < h[j].key
	}
	return h[i].id < h[j].id
}
func (h byKey) Swap(i, j int)       { h[i], h[j] = h[j], h[i] }
func (h *byKey) Push(v interface{}) { *h = append(*h, v.(*value)) }
func (h *byKey) Pop() (v interface{}) {
	old := *h
	n := len(old) - 1
	v = old[n]
	*h = old[:n]
	return v
}
