package models

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
)

// adaptive maps to log-probabilities of many words, or to their loss: an nn.AdaptiveHead in the scope head.
type adaptive struct {
	classes, width int
	cutoffs        []int
}

func (a adaptive) head() nn.AdaptiveHead {
	return nn.AdaptiveHead{Classes: a.classes, Cutoffs: a.cutoffs}
}

func (a adaptive) build(g *graph.Graph, f flow) flow {
	scope := g.Scope(headScope)
	if !f.targets.Valid() {
		f.x = a.head().Apply(scope, f.x)
		return f
	}
	f.loss = losses.Mean{}.Apply(g, a.head().Losses(scope, f.x, f.targets, graph.NoID), f.targets)
	return f
}

// sizes are one: that of the head proper. The others follow from the vocabulary, which the embedding tells.
func (a adaptive) sizes() []size {
	return []size{{"adaptive", a.first(), headScope + ".head.weight", 2, 0, 1, 0}}
}

// first is the number of classes of the head proper.
func (a adaptive) first() int { return a.cutoffs[0] + len(a.cutoffs) }

func (a adaptive) weights() float64 {
	width := float64(a.width)
	total := float64(a.first()) * width
	ends := append(append([]int{}, a.cutoffs...), a.classes)
	for i := range a.cutoffs {
		narrow := float64(a.head().Width(a.width, i))
		total += narrow * (width + float64(ends[i+1]-ends[i]))
	}
	return total
}

func (a adaptive) kept() float64 { return 2 * float64(a.first()) }
