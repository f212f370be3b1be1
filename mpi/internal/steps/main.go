// Command steps measures steps of training an LSTM over text, with one process or in several, and what of them is exchange:
//
//	go build -o steps ./internal/steps && mpirun -np 2 ./steps
//	./steps -alone    # without MPI
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/mpi"
	"github.com/unroll-go/unroll/mpi/internal/timing"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// network is what is trained: an LSTM over characters that mean nothing.
type network struct{ hidden, embed, tokens, steps, batch, shards int }

func main() {
	var n network
	flag.IntVar(&n.hidden, "hidden", 512, "units")
	flag.IntVar(&n.embed, "embed", 64, "width of the embedding")
	flag.IntVar(&n.tokens, "tokens", 65, "tokens")
	flag.IntVar(&n.steps, "seq", 35, "time steps of a window")
	flag.IntVar(&n.batch, "batch", 128, "windows in a batch")
	flag.IntVar(&n.shards, "shards", 2, "shards of a batch")
	count := flag.Int("count", 15, "steps to measure")
	alone := flag.Bool("alone", false, "do without MPI")
	reduce := flag.Bool("all-reduce", false, "leave the sums to MPI")
	flag.Parse()
	if *alone {
		m, err := n.measure(*count, nil)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("alone:", m)
		return
	}
	timing.Main(func(w *mpi.World) error {
		var g train.Group = w
		if *reduce {
			g = w.Reducing()
		}
		m, err := n.measure(*count, g)
		if err == nil && w.Rank() == 0 {
			fmt.Printf("%s, %d ranks: %s\n", w.Version(), w.Size(), m)
		}
		return err
	})
}

// loop is a run that does not end.
func (n network) loop() (*train.Loop, error) {
	ids := make([]int, 20*n.steps*n.batch+1)
	for i := range ids {
		ids[i] = (i*i/7 + i) % n.tokens
	}
	windows, err := datasets.NewWindows(ids, n.steps, n.batch)
	if err != nil {
		return nil, err
	}
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: n.tokens, Size: n.embed}.Apply(g.Scope("embedding"), in[0])
		y, final := recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: n.hidden}, x, recurrent.Options{Initial: recurrent.State(in[2:])})
		logits := nn.Head{Classes: n.tokens}.Apply(g.Scope("head"), y)
		return append([]graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}, final...)
	})
	state := func() *tensor.Dense { return graph.Floats(make([]float32, n.batch*n.hidden), n.batch, n.hidden) }
	return &train.Loop{Loss: f, State: []*tensor.Dense{state(), state()}, Data: train.FromWindows(windows),
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.001), Clip: train.Clip{Norm: 1}, Epochs: 1000}, nil
}

var errEnough = errors.New("enough steps")

// measure takes so many steps, after one that compiles.
func (n network) measure(count int, g train.Group) (string, error) {
	l, err := n.loop()
	if err != nil {
		return "", err
	}
	l.Parallel.Shards = n.shards
	clock := &timed{Group: g}
	if g != nil {
		l.Parallel.Group = clock
		if r, ok := g.(train.Reducer); ok {
			l.Parallel.Group = &timedReducer{clock, r}
		}
	}
	var steps, waits, sums []float64
	last := time.Now()
	l.Observers = []train.Observer{{OnStep: func(train.Progress) error {
		steps, waits, sums = append(steps, timing.Since(last)), append(waits, clock.reports), append(sums, clock.sums)
		if len(steps) > count {
			return errEnough
		}
		clock.reset()
		last = time.Now()
		return nil
	}}}
	if _, err := l.Run(context.Background()); !errors.Is(err, errEnough) {
		return "", err
	}
	step := timing.Median(steps)
	return fmt.Sprintf("%d weights, %d shards: step %.1f ms (%.1f thousand tokens/s); ",
		l.Loss.Params().Elements(), n.shards, step, float64(n.batch*n.steps)/step) +
		fmt.Sprintf("reports, with waiting, %.1f ms; sums %.1f ms; %d calls, %.2f MB sent",
			timing.Median(waits), timing.Median(sums), clock.calls, float64(clock.bytes)/1e6), nil
}

// timed is a group that knows how long the calls of a step take. The first, which gather the reports of shards, wait for the slowest
// process; those from the first gradients on are the sums.
type timed struct {
	train.Group
	reports, sums float64 // milliseconds
	calls, bytes  int     // of this process, to others
	summing       bool
}

func (t *timed) reset() { *t = timed{Group: t.Group} }

func (t *timed) took(from time.Time, bytes int) {
	t.calls++
	t.bytes += bytes
	if t.summing {
		t.sums += timing.Since(from)
	} else {
		t.reports += timing.Since(from)
	}
}

func (t *timed) AllGather(own, all []byte, lengths []int) error {
	defer t.took(time.Now(), len(own)*(t.Size()-1))
	return t.Group.AllGather(own, all, lengths)
}

func (t *timed) AllToAll(send []byte, to []int, received []byte, from []int) error {
	t.summing = true
	defer t.took(time.Now(), len(send)-to[t.Rank()])
	return t.Group.AllToAll(send, to, received, from)
}

// timedReducer is one that adds up by itself.
type timedReducer struct {
	*timed
	r train.Reducer
}

func (t *timedReducer) AllReduce32(v []float32) error {
	t.summing = true
	defer t.took(time.Now(), 4*len(v))
	return t.r.AllReduce32(v)
}

func (t *timedReducer) AllReduce64(v []float64) error {
	t.summing = true
	defer t.took(time.Now(), 8*len(v))
	return t.r.AllReduce64(v)
}
