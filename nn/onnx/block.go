package onnx

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// block is a graph that a node runs: a branch of an If, the body of a Loop or a Scan. It sees what is computed around it.
// Its names are made different from all others of the model when it is read, so that the rest of the package has one space
// of names.
type block struct {
	nodes           []*node
	inputs, outputs []string
}

// deepest is how many branches and loops may lie in each other. It bounds recursion.
const deepest = 16

// allNodes lists the nodes of the model and of its branches and loops.
func (m *Model) allNodes() []*node {
	var out []*node
	var walk func(nodes []*node)
	walk = func(nodes []*node) {
		for _, n := range nodes {
			out = append(out, n)
			for _, b := range n.ordered() {
				walk(b.nodes)
			}
		}
	}
	walk(m.nodes)
	return out
}

// ordered lists the graphs that a node runs, in the order of its operator's attributes.
func (n *node) ordered() []*block {
	var out []*block
	for _, name := range []string{"then_branch", "else_branch", "body"} {
		if b := n.blocks[name]; b != nil {
			out = append(out, b)
		}
	}
	return out
}

// names are those that a graph defines: by the file's name, the one that the model uses.
type names struct {
	outer *names
	own   map[string]string
}

// find resolves a name of the file, from the inside to the outside.
func (s *names) find(name string) (string, bool) {
	if name == "" {
		return "", true
	}
	for ; s != nil; s = s.outer {
		if unique, ok := s.own[name]; ok {
			return unique, true
		}
	}
	return "", false
}

// reader reads the nodes of a model.
type reader struct {
	m       *Model
	beside  *files
	tensors map[string]*constant // initialisers, and what Constant nodes hold
	taken   map[string]bool
}

func newReader(m *Model, beside *files) *reader {
	return &reader{m: m, beside: beside, tensors: map[string]*constant{}, taken: map[string]bool{}}
}

// define gives a name of a graph; inside of branches and loops one that others do not have.
func (r *reader) define(s *names, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	if s.own[name] != "" {
		return "", errors.Errorf("%q has been there already", name)
	}
	unique := name
	for i := 2; s.outer != nil && r.taken[unique]; i++ {
		unique = fmt.Sprintf("%s@%d", name, i)
	}
	s.own[name], r.taken[unique] = unique, true
	return unique, nil
}

// initialisers reads the tensors of a graph.
func (r *reader) initialisers(g *onnxpb.GraphProto, s *names) error {
	if len(g.SparseInitializer) > 0 {
		return errors.New("it has sparse initialisers, which are not supported")
	}
	for _, t := range g.Initializer {
		c, err := readTensor(t, r.beside)
		if err != nil {
			return errors.Wrapf(err, "initialiser %q", t.Name)
		}
		switch weights := isFloat(c.kind) && len(c.shape) > 0; {
		case weights && s.outer == nil:
			r.m.setKind(c.kind)
		case weights && !r.m.holds(c.kind):
			return errors.Errorf("initialiser %q holds %v in a model of %v", t.Name, c.kind, r.m.kind)
		}
		if err := r.hold(t, c, t.Name, s); err != nil {
			return errors.Wrap(err, "an initialiser")
		}
	}
	return nil
}

// hold keeps a tensor of the file under a name.
func (r *reader) hold(t *onnxpb.TensorProto, c *constant, name string, s *names) error {
	unique, err := r.define(s, name)
	if err != nil {
		return err
	}
	r.tensors[unique], r.m.places[t] = c, unique
	r.m.order = append(r.m.order, unique)
	return nil
}

// main reads the model's own nodes; its initialisers and ports are there.
func (r *reader) main(g *onnxpb.GraphProto, s *names) error {
	for _, p := range r.m.inputs {
		if _, err := r.define(s, p.Name); err != nil {
			return errors.Wrap(err, "an input")
		}
	}
	for _, n := range g.Node { // these keep their names
		for _, name := range n.Output {
			r.taken[name] = true
		}
	}
	var err error
	if r.m.nodes, err = r.nodes(g, s); err != nil {
		return err
	}
	for _, p := range r.m.outputs {
		if _, ok := s.find(p.Name); !ok || p.Name == "" {
			return errors.Errorf("the output %q is not computed by any node", p.Name)
		}
	}
	return nil
}

// nodes checks every node: that its attributes are known, and its inputs computed before.
func (r *reader) nodes(g *onnxpb.GraphProto, s *names) ([]*node, error) {
	var out []*node
	for _, from := range g.Node {
		n := &node{name: from.Name, op: from.OpType, in: append([]string{}, from.Input...), out: append([]string{}, from.Output...)}
		if err := r.m.readNode(n, from, r.beside); err != nil {
			return nil, errors.Wrapf(err, "%v", n)
		}
		for i, name := range n.in {
			unique, ok := s.find(name)
			if !ok {
				return nil, errors.Errorf("%v: its input %q is not computed by a node before it", n, name)
			}
			n.in[i] = unique
		}
		if err := r.blocks(n, s); err != nil {
			return nil, errors.Wrapf(err, "%v", n)
		}
		if k := n.tensor; n.op == "Constant" && k != nil && len(k.shape) > 0 && r.m.holds(k.kind) {
			if err := r.hold(n.attr["value"].T, k, n.out[0], s); err != nil { // it may be a weight
				return nil, errors.Wrapf(err, "%v: its output", n)
			}
			r.m.held[s.own[n.out[0]]] = true
			continue
		}
		for i, name := range n.out {
			unique, err := r.define(s, name)
			if err != nil {
				return nil, errors.Wrapf(err, "%v: its output", n)
			}
			n.out[i] = unique
		}
		out = append(out, n)
	}
	return out, nil
}

// holds tells whether a graph of the model's type has numbers of another exactly.
func (m *Model) holds(kind dataType) bool {
	return isFloat(kind) && (m.kind == onnxpb.TensorProto_DOUBLE || computes(kind) == m.kind)
}

// blocks reads the graphs that a node runs.
func (r *reader) blocks(n *node, outer *names) error {
	for _, name := range slices.Sorted(maps.Keys(n.attr)) {
		a := n.attr[name]
		if a.G == nil {
			continue
		}
		if n.blocks == nil {
			n.blocks = map[string]*block{}
		}
		b, err := r.block(a.G, outer)
		if err != nil {
			return errors.Wrap(err, name)
		}
		n.blocks[name] = b
	}
	return nil
}

func (r *reader) block(g *onnxpb.GraphProto, outer *names) (*block, error) {
	b, s := &block{}, &names{outer: outer, own: map[string]string{}}
	if err := r.initialisers(g, s); err != nil {
		return nil, err
	}
	for _, v := range g.Input {
		if s.own[v.Name] != "" { // an initialiser gives its value
			continue
		}
		unique, err := r.define(s, v.Name)
		if err != nil || unique == "" {
			return nil, errors.Errorf("its input %q has been there already, or has no name", v.Name)
		}
		b.inputs = append(b.inputs, unique)
	}
	var err error
	if b.nodes, err = r.nodes(g, s); err != nil {
		return nil, err
	}
	for _, v := range g.Output {
		unique, ok := s.find(v.Name)
		if !ok || unique == "" {
			return nil, errors.Errorf("its output %q is not computed by any node", v.Name)
		}
		b.outputs = append(b.outputs, unique)
	}
	return b, nil
}
