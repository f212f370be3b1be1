package keras

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// value is a tensor with its mask [B, T], which is 1 where a step counts; without one, the node is invalid.
type value struct{ x, mask graph.Node }

// layer is one layer of a network.
type layer struct {
	name, scope, class string
	config             map[string]any
	operation          operation
	weights            []*weight
}

// operation is what a layer does.
type operation struct {
	parts []string       // where Keras 3 keeps its arrays, below the layer; nil for the layer itself
	take  func(t *taker) // makes weights of its arrays; nil for none
	run   func(c *call) []value
	inner *body // of a layer that is a model
}

// call is one use of a layer.
type call struct {
	room    *int // elements that results may still have
	g       *graph.Graph
	layer   *layer
	in      []value
	named   map[string]value // inputs that are given by keyword
	numbers []float64        // among the arguments
}

// weight asks the graph for one of the layer's weights, whose name ends as those of the graph's view do.
func (c *call) weight(g *graph.Graph, local string) graph.Node {
	full := local
	if s := g.Suffix(); s != nil {
		full += s.String()
	}
	for _, w := range c.layer.weights {
		switch {
		case w.Name != full:
		case w.buffer:
			return g.Buffer(local, w.init, w.shape...)
		default:
			return g.Param(local, w.init, w.shape...)
		}
	}
	return graph.Node{} // none: use_bias=False, say
}

// step is a call within a model.
type step struct {
	layer   int
	in      []int // numbers of values
	named   map[string]int
	first   int       // number of the first value that it gives
	numbers []float64 // among the arguments
	shared  bool
}

// body is a model: layers, and the calls of them in an order that works. Values are numbered: those of the inputs first.
type body struct {
	layers  []*layer
	inputs  []Port
	steps   []step
	values  int
	outputs []int
	names   []string // of the outputs

	firstCall map[string]int // of models within the model
}

func (b *body) ports() (in, out []Port) {
	for i, p := range b.inputs {
		p.Ints = b.ids(i)
		in = append(in, p)
	}
	for _, name := range b.names {
		out = append(out, Port{Name: name})
	}
	return in, out
}

// ids tells whether a value goes to embeddings alone.
func (b *body) ids(value int) bool {
	found := false
	for _, s := range b.steps {
		for i, v := range s.in {
			if v != value {
				continue
			}
			l := b.layers[s.layer]
			if l.class == "NotEqual" { // a mask of the same ids
				continue
			}
			if l.class != "Embedding" && (l.operation.inner == nil || i >= len(l.operation.inner.inputs) || !l.operation.inner.ids(i)) {
				return false
			}
			found = true
		}
	}
	return found
}

// named is a weight with its full name.
func (b *body) tensors(prefix string) []weight {
	var out []weight
	for _, l := range b.layers {
		for _, w := range l.weights {
			full := *w
			full.Name = prefix + l.scope + "." + w.Name
			out = append(out, full)
		}
		if l.operation.inner != nil {
			out = append(out, l.operation.inner.tensors(prefix+l.scope+".")...)
		}
	}
	return out
}

func (b *body) describe(w *strings.Builder, indent string) {
	for _, l := range b.layers {
		fmt.Fprintf(w, "%slayer  %s: %s", indent, l.name, l.class)
		for i, p := range l.weights {
			separator := ", "
			if i == 0 {
				separator = " with "
			}
			fmt.Fprintf(w, "%s%s %v", separator, p.Name, p.shape)
		}
		w.WriteString("\n")
		if l.operation.inner != nil {
			l.operation.inner.describe(w, indent+"  ")
		}
	}
}

// run builds the steps one after the other.
func (b *body) run(g *graph.Graph, in []value, room *int) []value {
	values := make([]value, b.values)
	copy(values, in)
	for _, s := range b.steps {
		if g.Err() != nil {
			return nil
		}
		l := b.layers[s.layer]
		view := g.Scope(l.scope)
		if s.shared {
			view = view.Shared()
		}
		c := &call{room: room, g: view, layer: l, named: map[string]value{}, numbers: s.numbers}
		for _, v := range s.in {
			c.in = append(c.in, values[v])
		}
		for k, v := range s.named {
			c.named[k] = values[v]
		}
		if m, ok := c.named["mask"]; ok && len(c.in) == 1 { // as Keras 3 writes it, with operations that lead to it
			c.in[0].mask = m.x
		}
		results := l.operation.run(c)
		for _, v := range results[:min(len(results), maxResults)] {
			if g.Err() == nil && v.x.Valid() {
				*room -= size(v.x.Shape())
			}
		}
		if *room < 0 {
			g.Failf("Keras", "up to layer %s the results take more memory than a file of this size may", l.name)
			return nil
		}
		copy(values[s.first:s.first+maxResults], results)
	}
	out := make([]value, len(b.outputs))
	for i, v := range b.outputs {
		if out[i] = values[v]; !out[i].x.Valid() && g.Err() == nil {
			g.Failf("Keras", "output %s is a result that its layer does not give", b.names[i])
		}
	}
	return out
}

// parser makes a network of a configuration.
type parser struct {
	archive  *archive
	options  Options
	notes    *[]string
	problems *[]string
	double   bool
	depth    int
}

// object is a JSON object of a configuration that names a class.
type object struct {
	Class   string          `json:"class_name"`
	Name    string          `json:"name"`
	Config  json.RawMessage `json:"config"`
	Version string          `json:"keras_version"`
	Inbound json.RawMessage `json:"inbound_nodes"`
	Build   struct {
		Shape []any `json:"input_shape"`
	} `json:"build_config"`
}

// model reads a model's configuration.
func (r *parser) model(data []byte) (*body, error) {
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, errors.Wrap(err, "the model's configuration is no JSON object of Keras")
	}
	if r.archive.version == "" {
		r.archive.version = o.Version
	}
	return r.classed(o)
}

// maxDepth is how deep models and wrappers may be nested.
const maxDepth = 16

// classed reads a model by its class.
func (r *parser) classed(o object) (*body, error) {
	if r.depth++; r.depth > maxDepth {
		return nil, errors.Errorf("models are nested more than %d deep", maxDepth)
	}
	defer func() { r.depth-- }()
	switch o.Class {
	case "Sequential":
		return r.sequential(o)
	case "Model", "Functional":
		return r.functional(o)
	}
	return nil, errors.Errorf("the model's class is %q, which is not Keras's own; want Sequential or Functional", o.Class)
}

// models are the classes of configurations that hold layers.
var models = []string{"Sequential", "Model", "Functional"}

// layer reads one layer's configuration.
func (r *parser) layer(o object) (*layer, error) {
	l := &layer{class: o.Class}
	if slices.Contains(models, o.Class) {
		inner, err := r.classed(o)
		if err != nil {
			return nil, err
		}
		var named struct{ Name string }
		_ = json.Unmarshal(o.Config, &named) // a list, in the oldest form, has none
		l.name = named.Name
		if o.Name != "" {
			l.name = o.Name
		}
		l.operation = operation{inner: inner, run: func(c *call) []value {
			if len(c.in) != len(inner.inputs) {
				c.g.Failf("Keras", "%s has %d inputs; want %d", l.name, len(c.in), len(inner.inputs))
				return nil
			}
			return inner.run(c.g, c.in, c.room)
		}}
		l.scope = scopeOf(l.name)
		return l, nil
	}
	if err := json.Unmarshal(o.Config, &l.config); err != nil {
		return nil, errors.Wrapf(err, "the configuration of a layer %q", o.Class)
	}
	l.name, _ = l.config["name"].(string)
	if o.Name != "" {
		l.name = o.Name
	}
	l.scope = scopeOf(l.name)
	l.operation = r.operation(l.class, l.settings(r))
	return l, nil
}

// scopeOf makes a word of a layer's name, as scopes of a graph are.
func scopeOf(name string) string {
	word := strings.Map(func(c rune) rune {
		if strings.ContainsRune("./ \t\n", c) {
			return '_'
		}
		return c
	}, strings.ToValidUTF8(name, "_"))
	if word == "" {
		return "_"
	}
	return word
}

func (l *layer) settings(r *parser) settings {
	return settings{
		where: strings.TrimSpace(l.class + " " + l.name), values: l.config, version: r.archive.version,
		problems: r.problems, notes: r.notes,
	}
}

// operation makes what a layer does of its settings.
func (r *parser) operation(class string, s settings) operation {
	if f := r.options.Classes[class]; f != nil {
		return custom(f)
	}
	if wrap := wrappers[class]; wrap != nil {
		return wrap(r, s)
	}
	if class == "Lambda" {
		s.problem("a Lambda layer holds Python code, which is not run; give a function for it in Options.Classes")
		return operation{}
	}
	known := classes[class]
	if known == nil {
		known = masks[class]
	}
	if known == nil {
		s.problem("the class is not one that is supported; give a function for it in Options.Classes")
		return operation{}
	}
	return known(s)
}

// inner makes what a wrapper's layer does.
func (r *parser) inner(s settings, key string) (operation, settings, string) {
	m, _ := s.values[key].(map[string]any)
	class, _ := m["class_name"].(string)
	config, _ := m["config"].(map[string]any)
	in := s
	in.where, in.values = s.where+"'s "+class, config
	if r.depth++; config == nil || r.depth > maxDepth {
		s.problem("its layer is %s; want a layer", brief(s.values[key]))
		return operation{}, in, class
	}
	defer func() { r.depth-- }()
	return r.operation(class, in), in, class
}

// custom runs a function of the caller's, whose arrays are as Keras has them.
func custom(f Function) operation {
	return operation{
		take: func(t *taker) {
			for i := 0; len(t.arrays) > 0; i++ {
				d := t.arrays[0]
				name := d.Path[strings.LastIndexByte(d.Path, '/')+1:]
				t.arrays = t.arrays[1:]
				t.put(scopeOf(strings.TrimSuffix(name, ":0")), d, same(d.Shape))
			}
		},
		run: func(c *call) []value {
			var arrays []string
			for _, w := range c.layer.weights {
				arrays = append(arrays, w.Name)
			}
			in := make([]graph.Node, len(c.in))
			for i, v := range c.in {
				in[i] = v.x
			}
			return []value{{x: f(c.g, c.layer.config, arrays, in)}}
		},
	}
}
