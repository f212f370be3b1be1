package lessons

import (
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// plain is Elman's network whose recurrent weights begin as a rotation times a gain.
type plain struct {
	hidden int
	gain   float64
}

func (c plain) Begin(g *graph.Graph, batch int) recurrent.State {
	return recurrent.State{g.Full(0, batch, c.hidden)}
}

func (c plain) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	w := g.Param("weight_ih", graph.GlorotUniform(), c.hidden, x.Dim(1))
	r := g.Param("weight_hh", graph.Orthogonal(c.gain), c.hidden, c.hidden)
	h := g.Tanh(g.Add(g.MatMulT(x, w), g.MatMulT(s[0], r)))
	return h, recurrent.State{h}
}

// symbols is how many different symbols there are to remember.
const symbols = 4

// recall is a batch of sequences whose first step shows a symbol, followed by noise: [T, B, symbols] and ids [B].
func recall(rng *rand.Rand, steps, batch int) []*tensor.Dense {
	x, ids := make([]float32, steps*batch*symbols), make([]int, batch)
	for i := range x {
		x[i] = float32(rng.NormFloat64()) * 0.1
	}
	for b := range ids {
		ids[b] = rng.IntN(symbols)
		x[b*symbols+ids[b]]++
	}
	return []*tensor.Dense{graph.Floats(x, steps, batch, symbols), graph.Ints(ids, batch)}
}

// recallLoss asks for the symbol after the last step.
func recallLoss(cell recurrent.Cell) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		_, final := recurrent.Unroll(g.Scope("rnn"), cell, in[0], recurrent.Options{})
		logits := nn.Dense{Units: symbols}.Apply(g.Scope("head"), final[0])
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
	}
}

// flow measures the gradient of each hidden state, in a new network with the reader's gain and in gated ones.
func (l *lesson) flow() error {
	steps, gain := or(l.Steps, 60), or(l.Gain, 1)
	result := Result{Done: true, Rows: [][]string{{"network", "factor", "verdict"}}}
	for _, c := range []struct {
		name  string
		cell  recurrent.Cell
		state int // which state carries the memory
	}{
		{"rnn", plain{32, gain}, 0},
		{"lstm", recurrent.LSTM{Hidden: 32, ChronoSpan: steps}, 1},
		{"gru", recurrent.GRU{Hidden: 32, ChronoSpan: steps}, 0},
	} {
		report, err := flow.Measure(graph.NewParams(1), recallLoss(c.cell), recall(rand.New(rand.NewPCG(1, 1)), steps, 16)...)
		if err != nil {
			return err
		}
		s := report.States[c.state]
		back := make([]float64, steps)
		for t := range back {
			back[t] = s.Norms[steps-1-t]
		}
		result.Lines = append(result.Lines, Line{Name: c.name, Y: back})
		result.Rows = append(result.Rows, []string{c.name, strconv.FormatFloat(s.Factor, 'f', 3, 64), s.Verdict().String()})
	}
	return l.emit(result)
}

// clipping trains the plain network with SGD, as it is or with its gradients shortened to norm 1. Without, large gradients throw
// the weights about, on the very data that it learns from: it does not overfit, it fails to learn.
func (l *lesson) clipping() error {
	steps := or(l.Steps, 30)
	name, limit := "unclipped", 0.0
	if l.Clip {
		name, limit = "clipped", 1
	}
	params := graph.NewParams(2)
	loss := graph.NewFunc(params, recallLoss(plain{32, or(l.Gain, 2)}))
	sgd := &optim.SGD{}
	rng := rand.New(rand.NewPCG(2, 2))
	const updates = 200
	largest, last := 0.0, 0.0
	var course []float64
	for i := 1; i <= updates; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		out, err := loss.Grad(recall(rng, steps, 16)...)
		if err != nil {
			return err
		}
		norm, err := optim.Update(sgd, params, 0.1, limit)
		if err != nil {
			return err
		}
		last = graph.Scalar(out[0])
		largest = math.Max(largest, norm)
		course = append(course, last)
		if i%10 == 0 {
			if err := l.emit(Progress{name, i, updates, last, -1}); err != nil {
				return err
			}
		}
	}
	row := []string{name, strconv.FormatFloat(last, 'f', 2, 64), strconv.FormatFloat(largest, 'g', 3, 64)}
	return l.emit(Result{Done: true, Lines: []Line{{Name: name, Y: course}}, Rows: [][]string{{"network", "loss", "largest"}, row}})
}
