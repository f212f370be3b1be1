package graph

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Suffix ends the names of the parameters that a view makes; see Graph.WithSuffix. Package recurrent has one for the number
// and the direction of a layer.
type Suffix interface {
	// String is what follows the local name of a parameter: "_l1_reverse".
	String() string
	// Where is what messages and paths say about the view: "layer 1 reverse".
	Where() string
}

// Scope returns a view in which parameter names start with name and a dot, below g's own scope.
func (g *Graph) Scope(name string) *Graph {
	v := g.at(append(slices.Clip(g.path), name), g.suffix)
	if !isWord(name) {
		v.failf("Scope", "%q is not a scope name: want one word of UTF-8 without dots, slashes or spaces", name)
	}
	return v
}

// WithSuffix returns a view in which parameter names end in s, in place of g's own suffix; nil for none.
func (g *Graph) WithSuffix(s Suffix) *Graph {
	v := g.at(g.path, s)
	if s != nil && s.String() != "" && !isWord(s.String()) {
		v.failf("WithSuffix", "%q does not end a name: want UTF-8 without dots, slashes or spaces", s.String())
	}
	return v
}

// Suffix is what WithSuffix gave the view, or nil.
func (g *Graph) Suffix() Suffix { return g.suffix }

// at returns a view with a path and a suffix.
func (g *Graph) at(path []string, s Suffix) *Graph {
	v := g.view()
	v.path, v.suffix, v.where = path, s, strings.Join(path, "/")
	if s != nil {
		v.where = strings.TrimSpace(v.where + " " + s.Where())
	}
	return v
}

// isWord tells whether a name can be a part of a parameter's full name.
func isWord(name string) bool {
	return name != "" && !strings.ContainsAny(name, "./ \t\n") && utf8.ValidString(name)
}

// name returns the full parameter name for a local one: "scope.local_l0_reverse".
func (g *Graph) name(local string) string {
	name := strings.Join(append(slices.Clip(g.path), local), ".")
	if g.suffix != nil {
		name += g.suffix.String()
	}
	return name
}
