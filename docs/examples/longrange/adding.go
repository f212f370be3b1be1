package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// addingProblem is Hochreiter's and Schmidhuber's (1997): of a sequence of numbers between -1 and 1, add the two that
// are marked, one in each half. Guessing 0 has an error of 2/3.
type addingProblem struct {
	name       string
	steps      int
	iterations int
	rate       float64
	halve      int                                           // iterations after which the rate is halved
	read       func(g *graph.Graph, x graph.Node) graph.Node // from [T, B, 2] to [B, F]
}

// batch draws sequences [T, B, 2] and their sums [B, 1].
func (p addingProblem) batch(rng *rand.Rand, size int) []*tensor.Dense {
	x, sums := make([]float32, p.steps*size*2), make([]float32, size)
	for b := range size {
		first, second := rng.IntN(p.steps/2), p.steps/2+rng.IntN(p.steps-p.steps/2)
		for t := range p.steps {
			v := rng.Float32()*2 - 1
			x[(t*size+b)*2] = v
			if t == first || t == second {
				x[(t*size+b)*2+1] = 1
				sums[b] += v
			}
		}
	}
	return []*tensor.Dense{graph.Floats(x, p.steps, size, 2), graph.Floats(sums, size, 1)}
}

// solve trains, and returns the mean squared error on 1,024 other sequences.
func (p addingProblem) solve() (float64, error) {
	params := graph.NewParams(1)
	loss := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := nn.Dense{Units: 1}.Apply(g.Scope("head"), p.read(g, in[0]))
		return []graph.Node{losses.MSE{}.Apply(g, y, in[1])}
	})
	rng, adam := rand.New(rand.NewPCG(1, 2)), &optim.Adam{}
	rate := p.rate
	for i := range p.iterations {
		if i > 0 && i%p.halve == 0 {
			rate /= 2
		}
		if _, err := loss.Grad(p.batch(rng, 32)...); err != nil {
			return 0, err
		}
		if _, err := optim.Update(adam, params, rate, 1); err != nil {
			return 0, err
		}
	}
	out, err := loss.Run(p.batch(rand.New(rand.NewPCG(3, 4)), 1024)...)
	if err != nil {
		return 0, err
	}
	return graph.Scalar(out[0]), nil
}

// lastOf reads a sequence with a cell and gives its last hidden state.
func lastOf(cell recurrent.Cell) func(g *graph.Graph, x graph.Node) graph.Node {
	return func(g *graph.Graph, x graph.Node) graph.Node {
		y, _ := recurrent.Unroll(g.Scope("rnn"), cell, x, recurrent.Options{})
		return last(g, y)
	}
}

// last is the last step of [T, B, F].
func last(g *graph.Graph, y graph.Node) graph.Node {
	T, B, F := y.Dim(0), y.Dim(1), y.Dim(2)
	return g.Reshape(g.Slice(y, 0, T-1, T), B, F)
}

func adding() error {
	fmt.Println("Adding problem, 100 steps, 8 hidden units, 8,000 batches of 32; guessing has an error of 0.667")
	return report([]addingProblem{
		{"LSTM", 100, 8000, 5e-3, 1500, lastOf(recurrent.LSTM{Hidden: 8})},
		{"GRU", 100, 8000, 5e-3, 1500, lastOf(recurrent.GRU{Hidden: 8})},
		{"Elman", 100, 8000, 5e-3, 1500, lastOf(recurrent.RNN{Hidden: 8})},
	})
}

func adding500() error {
	fmt.Println("Adding problem, 500 steps, batches of 32")
	lru := func(g *graph.Graph, x graph.Node) graph.Node {
		x = g.ReLU(nn.Dense{Units: 32}.Apply(g.Scope("in"), x))
		y, _ := recurrent.Scan(g.Scope("lru"), recurrent.LRU{Hidden: 32, State: 32}, x, recurrent.Options{})
		return last(g, y)
	}
	indrnn := lastOf(recurrent.Stack{Cells: []recurrent.Cell{recurrent.IndRNN{Hidden: 64}, recurrent.IndRNN{Hidden: 64, Lowest: 0.99}}})
	return report([]addingProblem{
		{"LRU 32, scanned, 1,500 batches", 500, 1500, 5e-3, 700, lru},
		{"IndRNN 2x64, 5,000 batches", 500, 5000, 2e-3, 2000, indrnn},
	})
}

func report(problems []addingProblem) error {
	for _, p := range problems {
		mse, err := p.solve()
		if err != nil {
			return err
		}
		fmt.Printf("  %-32s mean squared error %.5f\n", p.name, mse)
	}
	return nil
}
