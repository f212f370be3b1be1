package recurrent

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
)

// hasCell reports a cell that is nil or has a part that is nil, and too many parts. name is what it belongs to.
func hasCell(g *graph.Graph, name string, c Cell) bool {
	if c == nil {
		g.Failf(name, "it has no Cell")
	}
	if composite, ok := c.(Composite); ok && g.Err() == nil {
		parts := composite.Parts()
		for i, part := range parts {
			name := typeName(c)
			if !fewEnough(g, name, "cells", len(parts)) || !present(g, name, "Cell", part == nil, i, len(parts)) ||
				!hasCell(g, name, part) {
				return false
			}
		}
	}
	return g.Err() == nil
}

// hasLayer is hasCell for a layer.
func hasLayer(g *graph.Graph, name string, l Layer) bool {
	if l == nil {
		g.Failf(name, "it has no Layer")
	}
	if g.Err() != nil {
		return false
	}
	switch l := l.(type) {
	case Unidirectional:
		return hasCell(g, "Unidirectional", l.Cell)
	case Scanned:
		if l.Cell == nil {
			g.Failf("Scanned", "it has no Cell")
			return false
		}
		return hasCell(g, "Scanned", l.Cell)
	case Bidirectional:
		return hasCell(g, "Bidirectional", l.Cell)
	case CompositeLayer:
		parts := l.Parts()
		for i, part := range parts {
			name := typeName(l)
			if !fewEnough(g, name, "layers", len(parts)) || !present(g, name, "Layer", part == nil, i, len(parts)) ||
				!hasLayer(g, name, part) {
				return false
			}
		}
	}
	return true
}

// present reports a part that is nil.
func present(g *graph.Graph, name, what string, missing bool, i, of int) bool {
	switch {
	case missing && of == 1:
		g.Failf(name, "it has no %s", what)
	case missing:
		g.Failf(name, "%s %d of %d is nil", strings.ToLower(what), i, of)
	}
	return g.Err() == nil
}

// fewEnough reports more parts than a network may have.
func fewEnough(g *graph.Graph, name, what string, n int) bool {
	if n > dense.MaxParts {
		g.Failf(name, "it has more than %d %s", dense.MaxParts, what)
	}
	return g.Err() == nil
}

// typeName is the name of a value's type, without its package.
func typeName(v any) string {
	name := fmt.Sprintf("%T", v)
	return name[strings.LastIndexByte(name, '.')+1:]
}
