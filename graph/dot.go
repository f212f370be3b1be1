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
	order := u.nodes()
	var b strings.Builder
	b.WriteString("digraph program {\n\trankdir=BT;\n\tnode [fontsize=10];\n")
	clusters := map[string][]string{}
	var names []string
	for _, n := range order {
		scope := ""
		shape := "plaintext"
		label := fmt.Sprintf("%s\n%v", n.label(), n.shape())
		if l := n.n.leaf; l != nil {
			shape = map[compile.LeafKind]string{compile.FromInput: "ellipse", compile.FromWeight: "box", compile.FromConstant: "diamond"}[l.Kind]
		} else if n.n.op != nil {
			scope = n.n.path
			label = fmt.Sprintf("%s\n%v", n.n.op, n.shape())
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
