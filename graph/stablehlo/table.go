package stablehlo

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// rule writes an operation.
type rule func(w *writer, n *listing.Node) value

// entry is a rule with the type of the operations that it is for.
type entry struct {
	of   reflect.Type
	rule rule
}

// on is an entry for operations of type O.
func on[O op.Op](f func(w *writer, o O, n *listing.Node) value) entry {
	return entry{reflect.TypeFor[O](), func(w *writer, n *listing.Node) value { return f(w, n.Op.(O), n) }}
}

// rules has a rule for every type of operation that can be written.
var rules map[reflect.Type]rule

// refused are the types of operations that cannot, and why.
var refused = map[reflect.Type]string{
	reflect.TypeFor[*op.IntegerMatMul](): "quantised weights are for prediction on a processor",
	reflect.TypeFor[op.IntegersMatMul](): "quantised weights are for prediction on a processor",
	reflect.TypeFor[*op.IntegerConv]():   "quantised weights are for prediction on a processor",
	reflect.TypeFor[op.QuantisedRange](): "quantised weights are for prediction on a processor",
	reflect.TypeFor[*op.Loop]():          "a graph of NewRolled is for reading",
	reflect.TypeFor[op.LoopResult]():     "a graph of NewRolled is for reading",
}

func init() {
	rules = map[reflect.Type]rule{}
	for _, part := range [][]entry{elementwise(), shapes(), products(), rowwise(), lookups(), windows(), scans(), ranges(), transducers()} {
		for _, e := range part {
			rules[e.of] = e.rule
		}
	}
}

// check is an error that names every operation of the list that cannot be written.
func check(nodes []listing.Node, host []bool) error {
	var bad []string
	for i, n := range nodes {
		if n.Op == nil || host[i] || rules[reflect.TypeOf(n.Op)] != nil {
			continue
		}
		why := refused[reflect.TypeOf(n.Op)]
		switch {
		case onHost(n.Op):
			why = "it computes with values of the device, where Go's functions do not run"
		case why == "":
			why = "it is not the library's own"
		}
		if text := fmt.Sprintf("%v (%s)", n.Op, why); !slices.Contains(bad, text) {
			bad = append(bad, text)
		}
	}
	if len(bad) > 0 {
		return errors.Errorf("stablehlo: the function has operations that cannot be written: %s", strings.Join(bad, "; "))
	}
	return nil
}

// at is the value of node i, which is written now if nobody has read it before.
func (w *writer) at(i int) value {
	if w.values[i].name == "" {
		n := w.nodes[i]
		switch {
		case n.Leaf != nil:
			w.values[i] = w.constant(&n)
		case w.place(i).run != nil:
			w.values[i] = w.inStep(w.place(i))
		default:
			w.values[i] = w.rule(&n)
		}
	}
	return w.values[i]
}

// stand adds a node to the list that stands for a value; without one, it is written when somebody reads it.
func (w *writer) stand(n listing.Node, x value) int {
	w.nodes, w.values = append(w.nodes, n), append(w.values, x)
	return len(w.values) - 1
}

// rule writes the operation of a node.
func (w *writer) rule(n *listing.Node) value { return rules[reflect.TypeOf(n.Op)](w, n) }

// in is operand k of a node.
func (w *writer) in(n *listing.Node, k int) value { return w.at(n.In[k]) }
