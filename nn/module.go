package nn

import (
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/graph"
)

// Module maps one tensor to one tensor. A Sequential is made of modules; all layers here with Apply(g, x) are modules.
type Module interface {
	Apply(g *graph.Graph, x graph.Node) graph.Node
}

// ModuleFunc is a function as a Module, for example an operation of the graph: ModuleFunc((*graph.Graph).ReLU).
type ModuleFunc func(g *graph.Graph, x graph.Node) graph.Node

// Apply calls f.
func (f ModuleFunc) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if f == nil {
		return g.Failf("ModuleFunc", "it is nil")
	}
	return f(g, x)
}

// Sequential applies its members one after the other. Their parameters are named by their place, 0.weight, 1.weight and so
// on, as in torch.nn.Sequential; members without parameters count too.
type Sequential []Module

// Apply returns the result of the last member; x itself if there is none.
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

// Residual adds its input to the result of a module f, x + f(x) (He et al., 2016). The module's parameters keep their names.
type Residual struct{ Module Module }

// Apply returns x + f(x). f must keep the shape.
func (r Residual) Apply(g *graph.Graph, x graph.Node) graph.Node {
	if r.Module == nil {
		return g.Failf("Residual", "it has no Module")
	}
	if !isInput(g, "Residual", x) {
		return graph.Node{}
	}
	y := r.Module.Apply(g, x)
	if g.Err() == nil && !slices.Equal(y.Shape(), x.Shape()) {
		return g.Failf("Residual", "its module maps %v to %v; want the same shape", x.Shape(), y.Shape())
	}
	return g.Add(x, y)
}
