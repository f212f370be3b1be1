package train_test

import (
	"context"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// BenchmarkParallel trains an LSTM of 256 units on batches of 64 streams by 50 steps, and reports the median and the best
// speed of each way in thousand tokens a second. The ways take turns, so that whatever else the machine does befalls them alike:
//
//	whole    the batch whole, its products on one processor
//	shared   the batch whole, its products shared between all processors
//	one      in shards, one after another on one processor
//	workers  in shards, on all processors at a time
//
// go test ./nn/train -run '^$' -bench Parallel -benchtime 10x
func BenchmarkParallel(b *testing.B) {
	const steps, batch, hidden, tokens = 50, 64, 256, 65
	all := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(all)
	ways := []struct {
		name               string
		processors, shards int
	}{{"whole", 1, 0}, {"shared", all, 0}, {"one", 1, all}, {"workers", all, all}}
	turns, made := make([]chan bool, len(ways)), make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for i, way := range ways {
		l := lstmLoop(b, steps, batch, hidden, tokens)
		l.Parallel.Shards, turns[i] = way.shards, make(chan bool)
		onStep(l, func(train.Progress) {
			made <- nil
			<-turns[i]
		})
		go func() {
			if _, err := l.Run(ctx); ctx.Err() == nil {
				made <- err
			}
		}()
		if err := <-made; err != nil { // the first step compiles
			b.Fatal(err)
		}
	}
	spent := make([][]time.Duration, len(ways))
	for b.Loop() {
		for i, way := range ways {
			runtime.GOMAXPROCS(way.processors)
			start := time.Now()
			turns[i] <- true
			if err := <-made; err != nil {
				b.Fatal(err)
			}
			spent[i] = append(spent[i], time.Since(start))
		}
	}
	for i, way := range ways {
		slices.Sort(spent[i])
		speed := func(d time.Duration) float64 { return steps * batch / d.Seconds() / 1000 }
		b.ReportMetric(speed(spent[i][len(spent[i])/2]), way.name+"_ktok/s")
		b.ReportMetric(speed(spent[i][0]), way.name+"_best_ktok/s")
	}
}

// lstmLoop is a run that does not end.
func lstmLoop(b *testing.B, steps, batch, hidden, tokens int) *train.Loop {
	ids := make([]int, 100*steps*batch+1)
	for i := range ids {
		ids[i] = (i*i/7 + i) % tokens
	}
	windows, err := datasets.NewWindows(ids, steps, batch)
	if err != nil {
		b.Fatal(err)
	}
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: tokens, Size: hidden}.Apply(g.Scope("embedding"), in[0])
		y, final := recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: hidden}, x, recurrent.Options{Initial: recurrent.State(in[2:])})
		logits := nn.Head{Classes: tokens}.Apply(g.Scope("head"), y)
		return append([]graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}, final...)
	})
	state := func() *tensor.Dense { return graph.Floats(make([]float32, batch*hidden), batch, hidden) }
	return &train.Loop{Loss: f, State: []*tensor.Dense{state(), state()}, Data: train.FromWindows(windows),
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.001), Clip: train.Clip{Norm: 1}, Epochs: 1000}
}
