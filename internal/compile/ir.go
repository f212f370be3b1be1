package compile

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Value is one result in the code that a graph is compiled through: a leaf, or an operation on other values. Passes
// replace values by others; the graph itself never changes.
//
// There are about fifty for each step of a recurrence, and each pass walks all of them: what every walk reads comes first,
// in one line of the cache.
type Value struct {
	In      []*Value
	onto    *Value // what the result is added to: onto + op(in)
	instead *Value // what a pass replaced it by
	id      int    // place in the code's order
	reads   int    // how many users it has
	Op      op.Op  // nil for leaves

	users []*Value
	exits int   // how often it is an output or a gradient
	Leaf  *Leaf // nil for operations
	Shape []int
	IDs   bool // the result is ids, in memory of its own

	Name     int64  // the number of the node that it stands for, or came from
	Key      int64  // decides which of several values that could be next comes first
	Path     string // scope, for messages
	Origin   Origin // who made it
	UID      uint32 // tells random operations apart
	Segment  int32  // values of two segments are never joined, as one of them is computed again to save memory
	Backward bool   // part of a derivative
	Opaque   bool   // an operation that is not the library's: nothing is known of it
	frozen   bool   // depends on weights and constants alone
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

	stack []frame  // of visit
	users []*Value // of all values, see findUsers
}

// Exit is a value that leaves the program.
type Exit struct {
	Value *Value
	Name  string        // for messages
	Dst   *tensor.Dense // where to
	Own   bool          // dst may be computed into, not only copied to: a gradient's memory

	Touched *op.Touched // the rows that have to be looked at; nil for all
}

// derived is a new value that a pass makes, with the messages and the place in time of an old one.
func derived(from *Value, o op.Op, shape []int, in ...*Value) *Value {
	return &Value{
		Op: o, Shape: shape, In: in, id: unlinked,
		Name: from.Name, Key: from.Key, Path: from.Path, Origin: from.Origin, Backward: from.Backward, Segment: from.Segment,
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

// Link follows replacements, drops what no exit needs, puts the rest in order and tells each value its readers.
func (k *Code) Link() {
	k.sort()
	k.findUsers()
}

// sort is Link without the readers, for a pass that asks for operands alone.
func (k *Code) sort() {
	for _, v := range k.Order {
		v.users, v.reads, v.exits, v.id = nil, 0, 0, unlinked
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
	if v.id >= done {
		return
	}
	stack := append(k.stack[:0], frame{v, 0})
	v.id = open
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if n := f.next; n < f.v.operands() {
			f.next++
			in := f.v.operand(n).now()
			f.v.setOperand(n, in)
			in.reads++
			if in.id == open {
				panic(fmt.Sprintf("graph: a pass made %%%d depend on itself", in.Name))
			}
			if in.id < done {
				in.id = open
				stack = append(stack, frame{in, 0})
			}
			continue
		}
		f.v.id = len(k.Order)
		k.Order = append(k.Order, f.v)
		stack = stack[:len(stack)-1]
	}
	k.stack = stack
}

// frame is a value on the stack of visit, and the number of the operand that is next.
type frame struct {
	v    *Value
	next int
}

// findUsers lists the readers of each value, in order. The lists lie one behind the other in memory that is used again at
// the next link.
func (k *Code) findUsers() {
	total := 0
	for _, v := range k.Order {
		total += v.reads
	}
	if cap(k.users) < total {
		k.users = make([]*Value, total)
	}
	room := k.users[:total]
	for _, v := range k.Order {
		v.users, room = room[:0:v.reads], room[v.reads:]
	}
	for _, v := range k.Order {
		for i := range v.operands() {
			in := v.operand(i)
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
	waiting := make([]int32, len(k.Order))
	var ready byKey
	for _, v := range k.Order {
		waiting[v.id] = int32(v.operands())
		if v.operands() == 0 {
			ready.push(v)
		}
	}
	order := make([]*Value, 0, len(k.Order))
	for len(ready) > 0 {
		v := ready.pop()
		order = append(order, v)
		for _, u := range v.users {
			if waiting[u.id]--; waiting[u.id] == 0 {
				ready.push(u)
			}
		}
	}
	for i, v := range order {
		v.id = i
	}
	k.Order = order
}

// byKey is a heap of values, smallest key first. Two values never come out in another order than that of their keys and
// places, so how the heap is kept does not matter to the program.
type byKey []*Value

func (h byKey) less(i, j int) bool {
	if h[i].Key != h[j].Key {
		return h[i].Key < h[j].Key
	}
	return h[i].id < h[j].id
}

func (h *byKey) push(v *Value) {
	*h = append(*h, v)
	for i := len(*h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			break
		}
		(*h)[i], (*h)[parent] = (*h)[parent], (*h)[i]
		i = parent
	}
}

func (h *byKey) pop() *Value {
	s := *h
	first, n := s[0], len(s)-1
	s[0] = s[n]
	*h = s[:n]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < n; c++ {
			if h.less(c, least) {
				least = c
			}
		}
		if least == i {
			return first
		}
		s[i], s[least] = s[least], s[i]
		i = least
	}
}
