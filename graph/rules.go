package graph

import (
	"reflect"
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// derivation is what a derivative is made from.
type derivation struct {
	g    *Graph
	op   op.Op
	in   []Node
	out  Node
	grad Node // gradient of the loss with respect to out, of out's shape
}

// rule is how the operations of one type are differentiated.
type rule struct {
	// vjp (vector-Jacobian product) builds the gradient of each input from the gradient of the result; the zero Node
	// stands for none. It is written with the graph's own operations.
	vjp    func(d derivation) []Node
	all    bool  // the result is differentiable with respect to every input
	inputs []int // or to these alone
}

// rules holds the rule of every type of operation. The files that make nodes of a type fill it in when the program
// starts, because derivatives are made of operations, which have derivatives.
var rules = map[reflect.Type]*rule{}

// differentiate gives the operations of type O their derivative; without inputs, it is one with respect to all.
func differentiate[O op.Op](vjp func(o O, d derivation) []Node, inputs ...int) {
	rules[reflect.TypeFor[O]()] = &rule{
		vjp: func(d derivation) []Node { return vjp(d.op.(O), d) },
		all: len(inputs) == 0, inputs: inputs,
	}
}

// constant says that the results of the operations of type O have no derivative: masks, choices.
func constant[O op.Op]() {
	rules[reflect.TypeFor[O]()] = &rule{vjp: func(d derivation) []Node { return make([]Node, len(d.in)) }}
}

func ruleOf(o op.Op) *rule { return rules[reflect.TypeOf(o)] }

// differentiable tells whether there is a derivative with respect to input i.
func (r *rule) differentiable(i int) bool { return r.all || slices.Contains(r.inputs, i) }
