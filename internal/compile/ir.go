package compile

import (
	"container/heap"
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Value is one result in the code that a graph is compiled through: a leaf, or an operation on other values. Passes
// replace values by others; the graph itself never changes.
type Value struct {
	Op     op.Op // nil for leaves
	Leaf   *Leaf // nil for operations
	Opaque bool  // an operation that is not the library's: nothing is known of it
	Shape  []int
	In     []*Value
	onto   *Value // what the result is added to: onto + op(in)

	Name     int64  // the number of the node that it stands for, or came from
	Key      int64  // decides which of several values that could be next comes first
	UID      uint32 // tells random operations apart
	Path     string // scope, for messages
	Origin   Origin // who made it
	Backward bool   // part of a derivative
	frozen   bool   // depends on weights and constants alone

	id      int // place in the code's order
	users   []*Value
	exits   int    // how often it is an output or a gradient
	instead *Value // what a pass replaced it by
}

func (v *Value) size() int { return op.Size(v.Shape) }

// readers is how often the value is read, exits included.
func (v *Value) readers() int { return len(v.users) + v.exits }

// sole is the only reader of v, nil if there are others.
func (v *Value) sole() *Value {
	if len(v.users) == 1 && v.exits == 0 {
		return v.users[0]
	}
	return nil
}

// opOf is v's operation as a T.
func opOf[T op.Op](v *Value) (T, bool) {
	o, ok := v.Op.(T)
	return o, ok
}

// is tells whether v is an operation of type T, and nothing more than that: not added onto another value.
func is[T op.Op](v *Value) bool {
	_, ok := v.Op.(T)
	return ok && v.onto == nil
}

// Code is a list of values, operands before results, on its way from a graph to a program.
type Code struct {
	Dtype tensor.Dtype
	Order []*Value
	Exits []*Exit
	Packs *Packs // of the store that the weights are in
	// Weights is how products without gradients read weights of float32.
	Weights kernel.Format
	// Precision is that of products of float32.
	Precision kernel.Precision
	on        PassSet
}

// Exit is a value that leaves the program.
type Exit struct {
	Value *Value
	Name  string        // for messages
	Dst   *tensor.Dense // where to
	Own   bool          // dst may be computed into, not only copied to: a gradient's memory
}

// derived is a new value that a pass makes, with the messages and the place in time of an old one.
func derived(from *Value, o op.Op, shape []int, in ...*Value) *Value {
	return &Value{
		Op: o, Shape: shape, In: in, id: unlinked,
		Name: from.Name, Key: from.Key, Path: from.Path, Origin: from.Origin, Backward: from.Backward,
	}
}

// unlinked is the id of a value that is not in the order yet.
const unlinked = -1

// replace has every reader of v read w from the next link on.
func (v *Value) replace(w *Value) { v.instead = w }

// now is v, or what it was replaced by.
func (v *Value) now() *Value {
	for v.instead != nil {
		v = v.instead
	}
	return v
}

// Link follows replacements, drops what no exit needs, and puts the rest in order.
func (k *Code) Link() {
	for _, v := range k.Order {
		v.users, v.exits, v.id = v.users[:0], 0, unlinked
	}
	k.Order = k.Order[:0]
	for _, e := range k.Exits {
		e.Value = e.Value.now()
		k.visit(e.Value)
		e.Value.exits++
	}
}

// visit puts v into the order behind its operands. It keeps a stack of its own: chains are as long as sequences.
func (k *Code) visit(v *Value) {
	const open, done = unlinked - 1, 0
	type frame struct {
		v    *Value
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
				panic(fmt.Sprintf("graph: a pass made %%%d depend on itself", in.Name))
			}
			if in.id < done {
				in.id, in.users = open, in.users[:0]
				stack = append(stack, frame{in, 0})
			}
			continue
		}
		v := f.v
		stack = stack[:len(stack)-1]
		v.id = len(k.Order)
		k.Order = append(k.Order, v)
		for n := range v.operands() {
			in := v.operand(n)
			in.users = append(in.users, v)
		}
	}
}

// operands counts what v is computed from, what it is added onto included.
func (v *Value) operands() int {
	if v.onto != nil {
		return len(v.In) + 1
	}
	return len(v.In)
}

func (v *Value) operand(i int) *Value {
	if i == len(v.In) {
		return v.onto
	}
	return v.In[i]
}

func (v *Value) setOperand(i int, w *Value) {
	if i == len(v.In) {
		v.onto = w
	} else {
		v.In[i] = w
	}
}

// schedule puts the code in the order in which it will run: of the values whose operands are there, the one with the
// smallest key is next.
func (k *Code) schedule() {
	waiting := make([]int, len(k.Order))
	var ready byKey
	for _, v := range k.Order {
		waiting[v.id] = v.operands()
		if v.operands() == 0 {
			ready = append(ready, v)
		}
	}
	heap.Init(&ready)
	order := make([]*Value, 0, len(k.Order))
	for len(ready) > 0 {
		v := heap.Pop(&ready).(*Value)
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
	k.Order = order
}

// byKey is a heap of values, smallest key first.
type byKey []*Value

func (h byKey) Len() int { return len(h) }

func (h byKey) Less(i, j int) bool {
	if h[i].Key != h[j].Key {
		return h[i].Key < h[j].Key
	}
	return h[i].id < h[j].id
}

func (h byKey) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *byKey) Push(v any) { *h = append(*h, v.(*Value)) }

func (h *byKey) Pop() (v any) {
	old := *h
	n := len(old) - 1
	v = old[n]
	*h = old[:n]
	return v
}
