package graph

import (
	"fmt"
	"strings"
)

// String lists the program: one line an instruction, with the memory it writes and the values it reads. A fused
// instruction has a line for each operation; those whose results are never written to memory have no address.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program: %d steps, %d bytes\n", len(p.steps), p.Bytes())
	for i := range p.steps {
		s := &p.steps[i]
		if s.copies != nil {
			fmt.Fprintf(&b, "%4d  %-10s  = copy %s  for %s\n", i, s.places[0], ref(s.copies), ref(s.values[0]))
			continue
		}
		for j, v := range s.values {
			number := ""
			if j == 0 {
				number = fmt.Sprint(i)
			}
			fmt.Fprintf(&b, "%4s  %-10s %s\n", number, s.places[j], describe(v))
		}
	}
	return b.String()
}

// describe writes what a value is.
func describe(v *value) string {
	assign := " ="
	if v.onto != nil {
		assign = "+="
	}
	s := fmt.Sprintf("%s %%%d %s", assign, v.id, v.opName())
	for _, in := range v.in {
		s += " " + ref(in)
	}
	s += fmt.Sprintf("  %v", v.shape)
	if v.onto != nil {
		s += "  onto " + ref(v.onto)
	}
	if v.path != "" {
		s += "  ; " + v.path
	}
	return s
}

// String names a place in memory: an arena offset, or "own" for memory outside the arena.
func (at place) String() string {
	switch {
	case at == inside:
		return "-"
	case at.own:
		return fmt.Sprintf("own+%d", at.offset)
	}
	return fmt.Sprintf("@%d", at.offset)
}

// ref names an operand: leaves by name, computed values by number, parts of values by what they are parts of.
func ref(v *value) string {
	switch o := v.op.(type) {
	case nil:
		if v.leaf != nil {
			return v.leaf.name
		}
	case reshape:
		return ref(v.in[0])
	case slice:
		if o.outer == 1 {
			return fmt.Sprintf("%s[%d:%d]", ref(v.in[0]), o.start, o.end)
		}
		return fmt.Sprintf("%s[,%d:%d]", ref(v.in[0]), o.start, o.end)
	case *concat:
		return fmt.Sprintf("(%s … %s)", ref(v.in[0]), ref(v.in[len(v.in)-1]))
	}
	return fmt.Sprintf("%%%d", v.id)
}

// opName is a value's operation without its scope.
func (v *value) opName() string {
	switch {
	case v.op != nil:
		return v.op.String()
	case v.foreign != nil:
		return fmt.Sprint(v.foreign.Op())
	}
	return v.leaf.name
}

// label names an instruction's operation, with its scope, for messages.
func (s *instruction) label() string {
	v := s.values[0]
	if v.path == "" {
		return fmt.Sprintf("%s %v", v.opName(), v.shape)
	}
	return fmt.Sprintf("%s in %s %v", v.opName(), v.path, v.shape)
}

// line is where the caller asked for the instruction's operation, for the end of a message.
func (s *instruction) line() string {
	if at := line(s.values[0].caller); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// failed is the error of an instruction that found something wrong with its data.
func (s *instruction) failed(err error) error {
	v := s.values[0]
	return &Error{Scope: v.path, Op: v.opName(), Shape: v.shape, Caller: line(v.caller), Reason: err.Error(), cause: err}
}

// DOT draws the program's graph in the language of Graphviz: parameters as boxes, inputs as ellipses, operations as
// plain text, clustered by scope. It shows the graph as it was built, before the compiler changed it.
func (p *Program) DOT() string {
	var b strings.Builder
	order := p.nodes()
	b.WriteString("digraph program {\n\trankdir=BT;\n\tnode [fontsize=10];\n")
	clusters := map[string][]string{}
	var names []string
	for _, n := range order {
		scope := ""
		shape := "plaintext"
		label := fmt.Sprintf("%s\n%v", n.label(), n.shape())
		if l, ok := n.c.leaves[n.n]; ok {
			shape = map[leafKind]string{inputLeaf: "ellipse", weightLeaf: "box", constLeaf: "diamond"}[l.kind]
		} else if o, ok := n.n.Op().(*op); ok {
			scope = o.path
			label = fmt.Sprintf("%s\n%v", o.operator, n.shape())
		}
		if _, ok := clusters[scope]; !ok {
			names = append(names, scope)
		}
		clusters[scope] = append(clusters[scope], fmt.Sprintf("n%d [shape=%s, label=%q];", n.id(), shape, label))
	}
	for i, scope := range names {
		indent := "\t"
		if scope != "" {
			fmt.Fprintf(&b, "\tsubgraph cluster_%d {\n\t\tlabel=%q;\n", i, scope)
			indent = "\t\t"
		}
		for _, line := range clusters[scope] {
			b.WriteString(indent + line + "\n")
		}
		if scope != "" {
			b.WriteString("\t}\n")
		}
	}
	for _, n := range order {
		for _, k := range n.children() {
			fmt.Fprintf(&b, "\tn%d -> n%d;\n", k.id(), n.id())
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// nodes lists the graph's nodes.
func (p *Program) nodes() []Node {
	if p.source == nil {
		return nil
	}
	_, outputs, stores, err := p.source()
	if err != nil {
		return nil
	}
	var roots []Node
	for _, r := range append(append([]result{}, outputs...), stores...) {
		roots = append(roots, r.node)
	}
	return reachable(roots...)
}
