package nn

import (
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
)

// Module maps one tensor to one tensor: what a Sequential is made of. All layers here are modules.
type Module interface {
	Apply(g *graph.Graph, x graph.Node) graph.Node
}

// ModuleFunc is a function as a Module, an operation of the graph, say: ModuleFunc((*graph.Graph).ReLU).
type ModuleFunc func(g *graph.Graph, x graph.Node) graph.Node

// Apply calls f.
func (f ModuleFunc) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if f == nil {
		return g.Failf("ModuleFunc", "it is nil")
	}
	return f(g, x)
}

// Sequential applies its members one after the other. Their parameters are named 0.weight, 1.weight and so on, by their
// places, as in torch.nn.Sequential; members without parameters count, too.
type Sequential []Module

// Apply gives what the last member gives; x itself if there is none.
func (s Sequential) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if !isInput(g, "Sequential", x) {
		return graph.Node{}
	}
	for i, m := range s {
		if m == nil {
			return g.Failf("Sequential", "member %d is nil", i)
		}
		x = m.Apply(g.Scope(strconv.Itoa(i)), x)
	}
	return x
}

// Residual adds its input to what a module makes of it, x + f(x) (He et al., 2016). It adds nothing to the names of the
// module's parameters.
type Residual struct{ Module Module }

// Apply gives x + f(x). f must keep the shape.
func (r Residual) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if r.Module == nil {
		return g.Failf("Residual", "it is around nothing; set Of")
	}
	if !isInput(g, "Residual", x) {
		return graph.Node{}
	}
	y := r.Module.Apply(g, x)
	if g.Err() == nil && !slices.Equal(y.Shape(), x.Shape()) {
		return g.Failf("Residual", "what is inside maps %v to %v; want the same shape", x.Shape(), y.Shape())
	}
	return g.Add(x, y)
}
