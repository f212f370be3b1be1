package graph

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/internal/compile"
)

// DOT draws the program's graph in the language of Graphviz: parameters as boxes, inputs as ellipses, operations as
// plain text, clustered by scope. It shows the graph as it was built, before the compiler changed it.
func (p *Program) DOT() string {
	if p.rebuild == nil {
		return ""
	}
	u, err := p.rebuild()
	if err != nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("digraph program {\n\trankdir=BT;\n\tnode [fontsize=10];\n")
	order := u.nodes()
	lines, scopes := dotNodes(order)
	for i, scope := range scopes {
		if scope == "" {
			fmt.Fprintf(&b, "\t%s\n", strings.Join(lines[scope], "\n\t"))
			continue
		}
		fmt.Fprintf(&b, "\tsubgraph cluster_%d {\n\t\tlabel=%q;\n\t\t%s\n\t}\n", i, scope, strings.Join(lines[scope], "\n\t\t"))
	}
	for _, n := range order {
		for _, k := range n.children() {
			fmt.Fprintf(&b, "\tn%d -> n%d;\n", k.id(), n.id())
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// dotNodes returns the line of each node, by scope, and the scopes in the order of their first node.
func dotNodes(order []Node) (lines map[string][]string, scopes []string) {
	lines = map[string][]string{}
	for _, n := range order {
		scope, shape, label := "", "plaintext", n.label()
		if l := n.n.leaf; l != nil {
			shape = map[compile.LeafKind]string{compile.FromInput: "ellipse", compile.FromWeight: "box", compile.FromConstant: "diamond"}[l.Kind]
		} else if n.n.op != nil {
			scope, label = n.n.path, n.n.op.String()
		}
		if lines[scope] == nil {
			scopes = append(scopes, scope)
		}
		label = fmt.Sprintf("%s\n%v", label, n.shape())
		lines[scope] = append(lines[scope], fmt.Sprintf("n%d [shape=%s, label=%q];", n.id(), shape, label))
	}
	return lines, scopes
}
