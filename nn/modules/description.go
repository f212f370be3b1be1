package modules

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// description is a network as JSON has it.
type description struct {
	Inputs []struct {
		Name  string `json:"name"`
		Type  string `json:"type"` // int or float
		Shape []any  `json:"shape"`
	} `json:"inputs"`
	Layers   []map[string]any `json:"layers"`
	Outputs  []string         `json:"outputs"`
	Generate *generation      `json:"generate"`
}

// layer is one line of a description.
type layer struct {
	name, module string
	weights      string   // scope of its weights; empty for none
	from         []string // names of what it reads
	results      []string // names of what it gives: its own, and others behind a dot
	batchFirst   bool     // of a CRF
	run          func(c *call) []graph.Node
}

// call is one use of a layer in a graph.
type call struct {
	g     *graph.Graph
	layer *layer
	dims  map[string]int // lengths of the inputs' axes by their names
	room  int            // elements that results may have
	in    []graph.Node
}

// failf records an error of the layer in the graph, and gives no results.
func (c *call) failf(format string, args ...any) []graph.Node {
	c.g.Failf(c.layer.module, "layer "+c.layer.name+": "+format, args...)
	return nil
}

// maxLayers is how many layers a description may have.
const maxLayers = 4096

// Open reads a description and gives its layers their weights. The error names all modules, settings and weights that do not
// fit. Tensors that no layer takes are no error: Unused lists them. Names of tensors are as in the file; _l0 may be missing at
// the end of those of a single cell, such as LSTMCell.
func Open(data []byte, tensors []graph.Named) (*Network, error) {
	n, err := open(data, tensors)
	return n, errors.Wrap(err, "modules")
}

func open(data []byte, tensors []graph.Named) (*Network, error) {
	var d description
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, errors.Wrap(err, "the description")
	}
	if decoder.More() {
		return nil, errors.New("the description: there is more behind its end")
	}
	if len(d.Inputs) == 0 || len(d.Layers) == 0 || len(d.Outputs) == 0 || len(d.Layers) > maxLayers {
		return nil, errors.Errorf("the description has %d inputs, %d layers and %d outputs; want at least one of each, and at most %d layers",
			len(d.Inputs), len(d.Layers), len(d.Outputs), maxLayers)
	}
	p := newParser(tensors)
	n := &Network{outputs: d.Outputs, generate: d.Generate}
	n.inputs = p.ports(d)
	last := n.inputs[0].Name
	for i, values := range d.Layers {
		l := p.layer(i, values, last)
		n.layers = append(n.layers, l)
		last = l.name
	}
	n.crf = p.crf(n)
	for _, name := range d.Outputs {
		if !p.known[name] {
			p.problem("output %q is no input and no result of a layer", name)
		}
	}
	p.generation(n)
	if len(p.problems) > 0 {
		return nil, errors.New(strings.Join(p.problems[:min(len(p.problems), 20)], "; "))
	}
	n.weights, n.unused = p.taken, p.unused()
	for _, w := range n.weights {
		n.double = n.double || w.Value.Dtype() == tensor.Float64
		n.size += w.Value.DataSize()
	}
	return n, nil
}

// ports reads the inputs.
func (p *parser) ports(d description) []Port {
	var out []Port
	for _, in := range d.Inputs {
		port := Port{Name: in.Name, Ints: in.Type == "int", Shape: []string{}}
		if in.Type != "int" && in.Type != "float" {
			p.problem("input %q has the type %q; want int or float", in.Name, in.Type)
		}
		for _, v := range in.Shape {
			switch v := v.(type) {
			case string:
				port.Shape = append(port.Shape, v)
			case float64:
				port.Shape = append(port.Shape, strconv.FormatFloat(v, 'f', -1, 64))
			default:
				p.problem("input %q has %v in its shape; want numbers and names", in.Name, v)
			}
		}
		p.know("input", in.Name)
		out = append(out, port)
	}
	return out
}

// number reads an axis's length that is a number.
func number(dim string) (n int, ok bool) {
	n, err := strconv.Atoi(dim)
	return n, err == nil
}

// know notes the name of a value that layers may read.
func (p *parser) know(what, name string) {
	if name == "" || p.known[name] {
		p.problem("%s: the name %q is empty or taken", what, name)
	}
	p.known[name] = true
}

// layer reads one line. What it reads unless told is the last layer's result.
func (p *parser) layer(i int, values map[string]any, last string) *layer {
	s := &settings{parser: p, values: values, used: map[string]bool{"module": true, "name": true, "weights": true, "from": true}}
	l := &layer{module: s.text("module", ""), weights: s.text("weights", "")}
	l.name = s.text("name", l.weights)
	if l.name == "" {
		l.name = l.module + "_" + strconv.Itoa(i)
	}
	s.layer = l.name
	switch from := values["from"].(type) {
	case nil:
		l.from = []string{last}
	case string:
		l.from = []string{from}
	case []any:
		for _, v := range from {
			name, _ := v.(string)
			l.from = append(l.from, name)
		}
	default:
		s.problem("from is %v; want a name or a list of names", from)
	}
	for _, name := range l.from {
		if !p.known[name] {
			s.problem("it reads %q, which is no input and no result of a layer before it", name)
		}
	}
	k, ok := kinds[l.module]
	switch {
	case !ok:
		s.problem("there is no module %q; there are %s", l.module, strings.Join(Kinds(), ", "))
	case len(l.from) < k.least || len(l.from) > k.most:
		s.problem("%s reads %d values; want %d to %d", l.module, len(l.from), k.least, k.most)
	case k.weighs && l.weights == "":
		s.problem("%s has weights; want their name in the file as \"weights\"", l.module)
	case !k.weighs && l.weights != "":
		s.problem("%s has no weights, but is given %q", l.module, l.weights)
	default:
		l.run = k.make(s, p.below(l.weights, l.name))
		s.finish()
	}
	l.batchFirst, _ = values["batch_first"].(bool)
	p.know("layer "+l.name, l.name)
	l.results = []string{l.name}
	for _, r := range k.more {
		l.results = append(l.results, l.name+"."+r)
		p.know("layer "+l.name, l.name+"."+r)
	}
	return l
}
