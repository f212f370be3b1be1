// Command sums measures what it takes to add up gradients over processes, in the order of the shards and by MPI's all-reduce, by
// the number of weights. Each process has one shard, of a loss that takes hardly any time.
//
//	go build -o sums ./internal/sums && mpirun -np 2 ./sums
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/mpi"
	"github.com/unroll-go/unroll/mpi/internal/timing"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// same is a source of one batch, again and again.
type same struct {
	batch []*tensor.Dense
	n, at int
}

func (s *same) Len() int             { return s.n }
func (s *same) Seek(batch int) error { s.at = batch; return nil }
func (s *same) Tokens() int          { return 1 }

func (s *same) Next() ([]*tensor.Dense, bool) {
	s.at++
	return s.batch, s.at <= s.n
}

func main() {
	timing.Main(run)
}

func run(w *mpi.World) error {
	if w.Rank() == 0 {
		fmt.Printf("%s, %d ranks: milliseconds of a step, the median of 21\n", w.Version(), w.Size())
		fmt.Printf("%12s %12s %12s %12s\n", "weights", "alone", "ordered", "all-reduce")
	}
	for _, size := range []int{30_000, 300_000, 2_500_000, 10_000_000} {
		var took []float64
		for _, g := range []train.Group{nil, w, w.Reducing()} {
			shards := w.Size()
			if g == nil {
				shards = 0
			}
			ms, err := step(size, shards, g)
			if err != nil {
				return err
			}
			took = append(took, ms)
		}
		if w.Rank() == 0 {
			fmt.Printf("%12d %12.2f %12.2f %12.2f\n", size, took[0], took[1], took[2])
		}
	}
	return nil
}

// step is how long a step takes.
func step(size, shards int, g train.Group) (float64, error) {
	p := graph.NewParams(1)
	loss := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Mul(g.Mean(in[0]), g.Mean(g.Param("w", graph.Constant(1), size)))}
	})
	l := &train.Loop{
		Loss: loss, Data: &same{batch: []*tensor.Dense{graph.Floats(make([]float32, max(shards, 1)), max(shards, 1))}, n: 22},
		Optimizer: &optim.SGD{}, Schedule: optim.Constant(0.1), Parallel: train.Parallel{Shards: shards, Axes: []int{0}, Group: g},
	}
	var times []float64
	last := time.Now()
	l.Observers = []train.Observer{{OnStep: func(train.Progress) error {
		times = append(times, timing.Since(last))
		last = time.Now()
		return nil
	}}}
	if _, err := l.Run(context.Background()); err != nil {
		return 0, err
	}
	return timing.Median(times), nil
}
