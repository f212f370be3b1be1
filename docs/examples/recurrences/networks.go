package main

import (
	"math"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/linear"
)

const (
	blocks = 2
	heads  = 4
)

// network is a way to mix the steps of a sequence, x [T, B, D] to [T, B, D], without a look at later steps. All else is the same
// in every network.
type network struct {
	name string
	mix  func(g *graph.Graph, x graph.Node) graph.Node
	// state is how many numbers a layer of width D carries from step to step; nil where it keeps every step.
	state func(width int) int
	// positions are added to the embeddings.
	positions bool
}

// networks is the table of what is compared. A cell takes one line.
func networks() []network {
	return []network{
		unrolled("RNN", func(w int) recurrent.Cell { return recurrent.RNN{Hidden: w} }),
		unrolled("LSTM", func(w int) recurrent.Cell { return recurrent.LSTM{Hidden: w} }),
		unrolled("GRU", func(w int) recurrent.Cell { return recurrent.GRU{Hidden: w} }),
		unrolled("CoRNN", func(w int) recurrent.Cell {
			return recurrent.CoRNN{Hidden: w, Interval: 1, Stiffness: 0.5, Friction: 1}
		}),
		unrolled("sLSTM", func(w int) recurrent.Cell { return recurrent.SLSTM{Hidden: w, Heads: heads} }),
		scanned("mLSTM", func(w int) recurrent.Scanner { return recurrent.MLSTM{Hidden: w, Heads: heads} }),
		scanned("minGRU", func(w int) recurrent.Scanner { return recurrent.MinGRU{Hidden: w} }),
		scanned("real LRU", func(w int) recurrent.Scanner { return recurrent.LRU{Hidden: w} }),
		scanned("complex LRU", func(w int) recurrent.Scanner { return linear.ComplexLRU{Hidden: w} }),
		scanned("S5", func(w int) recurrent.Scanner { return linear.S5{Hidden: w} }),
		scanned("RG-LRU", func(w int) recurrent.Scanner { return linear.RGLRU{Hidden: w, Heads: heads} }),
		scanned("Griffin", func(w int) recurrent.Scanner { return linear.Griffin{Hidden: w, Heads: heads} }),
		scanned("Mamba", func(w int) recurrent.Scanner { return linear.Mamba{Hidden: w, Inner: w} }),
		scanned("Mamba-2", func(w int) recurrent.Scanner {
			return linear.Mamba2{Hidden: w, Inner: w, Heads: heads, State: w / heads}
		}),
		scanned("RetNet", func(w int) recurrent.Scanner { return linear.RetNet{Hidden: w, Heads: heads} }),
		scanned("GLA", func(w int) recurrent.Scanner { return linear.GLA{Hidden: w, Heads: heads, Key: w / heads} }),
		scanned("HGRN2", func(w int) recurrent.Scanner { return linear.HGRN2{Hidden: w, Heads: heads} }),
		scanned("DeltaNet", func(w int) recurrent.Scanner { return linear.DeltaNet{Hidden: w, Heads: heads} }),
		scanned("DeltaNet ±", func(w int) recurrent.Scanner { return linear.DeltaNet{Hidden: w, Heads: heads, Negative: true} }),
		scanned("Gated DeltaNet", func(w int) recurrent.Scanner { return linear.GatedDeltaNet{Hidden: w, Heads: heads} }),
		scanned("KDA", func(w int) recurrent.Scanner { return linear.KDA{Hidden: w, Heads: heads} }),
		scanned("RWKV-7", func(w int) recurrent.Scanner {
			return linear.RWKV7{Hidden: w, Head: w / heads, Forward: w, DecayRank: 8, RateRank: 8, ValueRank: 8, GateRank: 8}
		}),
		{name: "attention", mix: attend, positions: true},
		{name: "attention without positions", mix: attend},
	}
}

// unrolled is a network of a cell that takes one step after the other.
func unrolled(name string, cell func(width int) recurrent.Cell) network {
	return network{name: name, state: stateOf(cell), mix: func(g *graph.Graph, x graph.Node) graph.Node {
		y, _ := recurrent.Unroll(g, cell(x.Dim(-1)), x, recurrent.Options{})
		return y
	}}
}

// scanned is a network of a cell that takes all steps at once.
func scanned(name string, cell func(width int) recurrent.Scanner) network {
	stepped := func(w int) recurrent.Cell { return cell(w) }
	return network{name: name, state: stateOf(stepped), mix: func(g *graph.Graph, x graph.Node) graph.Node {
		y, _ := recurrent.Scan(g, cell(x.Dim(-1)), x, recurrent.Options{})
		return y
	}}
}

func attend(g *graph.Graph, x graph.Node) graph.Node {
	return nn.MultiHeadAttention{Heads: heads, Causal: true}.Apply(g, x)
}

// stateOf counts the numbers in a cell's state.
func stateOf(cell func(width int) recurrent.Cell) func(width int) int {
	return func(width int) int {
		total := 0
		for _, n := range cell(width).Begin(graph.New(graph.NewParams(1)), 1) {
			total += n.Dim(-1)
		}
		return total
	}
}

// logits maps ids [T, B] to logits [T, B, tokens]: an embedding, blocks of mixing and of a small network for each step, and a
// head. Each is added to what it reads, which is normalised first.
func (n network) logits(g *graph.Graph, ids graph.Node, tokens, width int) graph.Node {
	x := nn.Embedding{Tokens: tokens, Size: width}.Apply(g.Scope("embedding"), ids)
	x = n.body(g, x)
	return nn.Head{Classes: tokens}.Apply(g.Scope("head"), nn.LayerNorm{}.Apply(g.Scope("norm"), x))
}

// body is the network without its embedding and its head, [T, B, D] to [T, B, D].
func (n network) body(g *graph.Graph, x graph.Node) graph.Node {
	if n.positions {
		x = nn.SinusoidalPositions{}.Apply(g, g.MulScalar(x, math.Sqrt(float64(x.Dim(-1)))))
	}
	width := x.Dim(-1)
	mix := nn.ModuleFunc(n.mix)
	step := nn.ModuleFunc(func(g *graph.Graph, x graph.Node) graph.Node {
		return nn.Sequential{nn.Dense{Units: 2 * width}, nn.GELU{}, nn.Dense{Units: width}}.Apply(g, x)
	})
	for i := range blocks {
		g := g.Scope("block_" + string(rune('0'+i)))
		x = around(g, "norm_mix", "mix", x, mix)
		x = around(g, "norm_step", "step", x, step)
	}
	return x
}

func around(g *graph.Graph, norm, scope string, x graph.Node, m nn.Module) graph.Node {
	return g.Add(x, m.Apply(g.Scope(scope), nn.LayerNorm{}.Apply(g.Scope(norm), x)))
}

// weights counts those of the body.
func (n network) weights(width int) (int, error) {
	p := graph.NewParams(1)
	g := graph.New(p)
	n.body(g, g.Input("x", 2, 1, width))
	return p.Elements(), g.Err()
}
