package graph

import (
	"fmt"
	"strings"
)

// String lists the program: one line an instruction, with the memory it writes and the nodes it reads.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program: %d steps, %d bytes\n", len(p.steps), p.Bytes())
	for i, s := range p.steps {
		assign := "="
		if s.onto {
			assign = "+="
		}
		fmt.Fprintf(&b, "%4d  %-10s %2s %s", i, s.dst.String(), assign, opName(s.node))
		for _, n := range s.in {
			b.WriteString(" " + ref(n))
		}
		fmt.Fprintf(&b, "  %v%s\n", s.shape, scopeNote(s.node))
	}
	return b.String()
}

// String names a place in memory: an arena offset, or "own" for memory outside the arena.
func (at place) String() string {
	if at.buf.mem != nil {
		return fmt.Sprintf("own+%d", at.offset)
	}
	return fmt.Sprintf("@%d", at.buf.offset+at.offset)
}

// ref names an operand: leaves by name, others by number.
func ref(n Node) string {
	if l, ok := n.c.leaves[n.n]; ok {
		return l.name
	}
	return fmt.Sprintf("%%%d", n.id())
}

// opName is the operation without its scope.
func opName(n Node) string {
	if o, ok := n.n.Op().(*op); ok {
		return fmt.Sprintf("%%%d %s", n.id(), o.operator)
	}
	return fmt.Sprintf("%%%d %v", n.id(), n.n.Op())
}

func scopeNote(n Node) string {
	if o, ok := n.n.Op().(*op); ok && o.path != "" {
		return "  ; " + o.path
	}
	return ""
}

// DOT draws the program's graph in the language of Graphviz: parameters as boxes, inputs as ellipses, operations as
// plain text, clustered by scope.
func (p *Program) DOT() string {
	var b strings.Builder
	b.WriteString("digraph program {\n\trankdir=BT;\n\tnode [fontsize=10];\n")
	clusters := map[string][]string{}
	var names []string
	for _, n := range p.order {
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
	for _, n := range p.order {
		for _, k := range n.children() {
			fmt.Fprintf(&b, "\tn%d -> n%d;\n", k.id(), n.id())
		}
	}
	b.WriteString("}\n")
	return b.String()
}
