package recurrent

import (
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// place is where in a recurrent network a view of the graph is. Parameter names end in it as PyTorch's do: in _l{k} for the
// layer's number, then in _reverse for the backward direction.
type place struct {
	layer   int // -1 outside layers
	reverse bool
}

// String is the end of a parameter's name.
func (p place) String() string {
	var s string
	if p.layer >= 0 {
		s = "_l" + strconv.Itoa(p.layer)
	}
	if p.reverse {
		s += "_reverse"
	}
	return s
}

// Where is what messages say: "layer 1 reverse".
func (p place) Where() string {
	var s string
	if p.layer >= 0 {
		s = "layer " + strconv.Itoa(p.layer)
	}
	if p.reverse {
		s += " reverse"
	}
	return strings.TrimSpace(s)
}

// placeOf is where a view is; outside of all layers, if it has no place or a suffix of another kind.
func placeOf(g *graph.Graph) place {
	if p, ok := g.Suffix().(place); ok {
		return p
	}
	return place{layer: -1}
}

// InLayer returns a view of layer k, in place of the layer that g is in: parameter names end in _l{k}, PyTorch's way to
// number the layers of a recurrent network. Stack and Deep number theirs; InLayer is for layers that are run one by one.
func InLayer(g *graph.Graph, k int) *graph.Graph {
	if k < 0 {
		g.Failf("InLayer", "layer %d; want at least 0", k)
		return g
	}
	p := placeOf(g)
	p.layer = k
	return g.WithSuffix(p)
}

// InReverse returns a view of the backward direction of a layer: parameter names end in _reverse, behind the layer's number.
// Bidirectional does so itself; InReverse is for two directions that are run one by one.
func InReverse(g *graph.Graph) *graph.Graph {
	p := placeOf(g)
	p.reverse = true
	return g.WithSuffix(p)
}

// numbered returns g itself in a layer, and layer 0 outside: a single recurrent layer is layer 0.
func numbered(g *graph.Graph) *graph.Graph {
	if placeOf(g).layer >= 0 {
		return g
	}
	return InLayer(g, 0)
}

// layerOf is the number of the layer that g is in, 0 outside any.
func layerOf(g *graph.Graph) int { return max(placeOf(g).layer, 0) }
