// Package modules runs and trains networks whose weights are in a file without the code that uses them, such as a state dict
// of PyTorch. A description says what that code did, as a list of PyTorch's modules and functions in JSON:
//
//	{"inputs": [{"name": "ids", "type": "int", "shape": ["T", "B"]}],
//	 "layers": [
//	  {"module": "Embedding", "weights": "embedding"},
//	  {"module": "LSTM", "weights": "lstm", "name": "lstm"},
//	  {"module": "select", "from": "lstm.h_n", "dim": 0, "index": -1},
//	  {"module": "Linear", "weights": "hidden2out"},
//	  {"module": "log_softmax", "dim": 1, "name": "labels"}],
//	 "outputs": ["labels"]}
//
// Names, arguments, their defaults and the order of axes are PyTorch's: weights names the module in the state dict. What shapes
// tell is not said: sizes, how many layers a module has, whether it has a bias or reads in both directions. A layer reads what the
// one before gives, or what from names. See Open for how it becomes a model, and Network for what can be done with it.
package modules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Network is a description together with the weights that it names:
//
//	file, err := torch.Read("labels.pth")
//	_, tensors := file.Weights()
//	network, err := modules.Open(description, tensors)
//	params, err := network.Params(1)
//	f := graph.NewFunc(params, network.Build) // runs and trains
//	out, err := network.Run(params, ids)      // what its outputs are
type Network struct {
	inputs   []Port
	layers   []*layer
	outputs  []string
	generate *generation
	crf      *layer // decodes the last output, if there is one
	weights  []graph.Named
	unused   []string
	double   bool
	size     int // numbers in the weights
}

// Port is an input or output of a network.
type Port struct {
	Name  string
	Ints  bool     // ids instead of floats
	Shape []string // of an input, numbers or names of what varies; nil for an output's
}

func (p Port) String() string {
	kind := "float"
	if p.Ints {
		kind = "int"
	}
	if p.Shape == nil {
		return p.Name
	}
	return fmt.Sprintf("%s %s [%s]", p.Name, kind, strings.Join(p.Shape, ", "))
}

// Inputs lists what Build takes, in order.
func (n *Network) Inputs() []Port {
	if n == nil {
		return nil
	}
	return slices.Clone(n.inputs)
}

// Outputs lists what Run gives, in order: what Build gives, and the paths of a CRF or the ids that were generated.
func (n *Network) Outputs() []Port {
	if n == nil {
		return nil
	}
	var out []Port
	for _, name := range n.outputs {
		out = append(out, Port{Name: name})
	}
	if n.crf != nil {
		out = append(out, Port{Name: n.crf.name, Ints: true})
	}
	if n.generate != nil {
		out = append(out, Port{Name: generated, Ints: true})
	}
	return out
}

// Unused are the names of the tensors that no layer takes.
func (n *Network) Unused() []string {
	if n == nil {
		return nil
	}
	return slices.Clone(n.unused)
}

// Params returns a new store with the network's weights, of float64 if any of them is.
func (n *Network) Params(seed uint64) (*graph.Params, error) {
	if n == nil || n.layers == nil {
		return nil, errEmpty
	}
	p := graph.NewParams(seed)
	if n.double {
		p = graph.NewParams64(seed)
	}
	for _, w := range n.weights {
		if _, err := p.Add(w.Name, converted(w.Value, p.Dtype())); err != nil {
			return nil, errors.Wrap(err, "modules")
		}
	}
	return p, nil
}

var errEmpty = errors.New("modules: the network is empty; want one that Open made")

// What the layers of a network give together may have so many elements, and so many times those of the weights and inputs: a
// description from elsewhere cannot take any amount of memory.
const (
	resultsFixed = 16 << 20
	resultsTimes = 1024
)

const tooMuch = "up to layer %s the results take more memory than weights of this size may"

// Build adds the network to a graph: a graph.Build, for the store that Params returned. in are the inputs in order; axes of
// their shapes that have a name may have any length, the same wherever the name is.
func (n *Network) Build(g *graph.Graph, in []graph.Node) []graph.Node {
	if n == nil || n.layers == nil {
		return []graph.Node{g.Failf("Modules", "the network is empty; want one that Open made")}
	}
	if len(in) != len(n.inputs) {
		return []graph.Node{g.Failf("Modules", "%d inputs; want %d: %v", len(in), len(n.inputs), n.inputs)}
	}
	values, dims, room := map[string]graph.Node{}, map[string]int{}, resultsFixed+resultsTimes*n.size
	for i, x := range in {
		if !x.Valid() || !n.inputs[i].fits(g, x, dims) {
			return []graph.Node{{}}
		}
		values[n.inputs[i].Name] = x
		room += resultsTimes * elements(x)
	}
	used := map[string]bool{}
	for _, l := range n.layers {
		c := &call{g: l.scoped(g, used), layer: l, dims: dims, room: room}
		for _, name := range l.from {
			c.in = append(c.in, values[name])
		}
		results := l.run(c)
		if g.Err() != nil {
			return []graph.Node{{}}
		}
		for i, r := range results {
			values[l.results[i]] = r
			room -= elements(r)
		}
		if room < 0 {
			return []graph.Node{g.Failf("Modules", tooMuch, l.name)}
		}
	}
	out := make([]graph.Node, len(n.outputs))
	for i, name := range n.outputs {
		out[i] = values[name]
	}
	return out
}

// fits checks an input's type and shape, and notes the lengths of axes that have a name.
func (p Port) fits(g *graph.Graph, x graph.Node, dims map[string]int) bool {
	bad := x.IsIDs() != p.Ints || x.Rank() != len(p.Shape)
	for i := 0; !bad && i < len(p.Shape); i++ {
		want := p.Shape[i]
		if have, ok := dims[want]; ok {
			bad = have != x.Dim(i)
		} else if n, ok := number(want); ok {
			bad = n != x.Dim(i)
		} else {
			dims[want] = x.Dim(i)
		}
	}
	if bad {
		g.Failf("Modules", "input %s is %v of shape %v; want %v%s", p.Name, kindOf(x), x.Shape(), p, lengths(p, dims))
	}
	return !bad
}

// lengths says how long the axes are that other inputs have, too.
func lengths(p Port, dims map[string]int) string {
	var out []string
	for _, d := range p.Shape {
		if n, ok := dims[d]; ok {
			out = append(out, fmt.Sprintf("%s is %d", d, n))
		}
	}
	if out == nil {
		return ""
	}
	return ", where " + strings.Join(out, ", ")
}

func kindOf(x graph.Node) string {
	if x.IsIDs() {
		return "int"
	}
	return "float"
}

// scoped is the graph in which a layer's weights have their names. A module that is used twice has one set of them.
func (l *layer) scoped(g *graph.Graph, used map[string]bool) *graph.Graph {
	for part := range strings.SplitSeq(l.weights, ".") {
		if part != "" {
			g = g.Scope(part)
		}
	}
	if used[l.weights] {
		g = g.Shared()
	}
	used[l.weights] = used[l.weights] || l.weights != ""
	return g
}

// elements is how many numbers a node has.
func elements(x graph.Node) int {
	if !x.Valid() {
		return 0
	}
	return product(x.Shape())
}

func product(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// converted is a tensor in the type of a store.
func converted(t *tensor.Dense, kind tensor.Dtype) *tensor.Dense {
	if t.Dtype() == kind {
		return t.Clone().(*tensor.Dense)
	}
	wide := make([]float64, t.DataSize())
	for i := range wide {
		switch t.Dtype() {
		case tensor.Float32:
			wide[i] = float64(t.Float32s()[i])
		case tensor.Float64:
			wide[i] = t.Float64s()[i]
		default:
			wide[i] = float64(t.Ints()[i])
		}
	}
	if kind == tensor.Float64 {
		return graph.Floats64(wide, t.Shape()...)
	}
	narrow := make([]float32, len(wide))
	for i, v := range wide {
		narrow[i] = float32(v)
	}
	return graph.Floats(narrow, t.Shape()...)
}

// String lists inputs, layers with their weights, and outputs.
func (n *Network) String() string {
	if n == nil || n.layers == nil {
		return "an empty network"
	}
	var b strings.Builder
	for _, p := range n.inputs {
		fmt.Fprintf(&b, "input  %v\n", p)
	}
	for _, l := range n.layers {
		fmt.Fprintf(&b, "layer  %s: %s of %s\n", l.name, l.module, strings.Join(l.from, ", "))
	}
	for _, p := range n.Outputs() {
		fmt.Fprintf(&b, "output %v\n", p)
	}
	return b.String()
}
