package train_test

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// rows is a source of the rows of x [N, 3] and y [N, 1], cut into batches of the given sizes.
type rows struct {
	x, y  []float64
	sizes []int
	at    int // batch
}

func (r *rows) Len() int             { return len(r.sizes) }
func (r *rows) Seek(batch int) error { r.at = batch; return nil }
func (r *rows) Tokens() int          { return r.sizes[r.at-1] }

func (r *rows) Next() ([]*tensor.Dense, bool) {
	if r.at == len(r.sizes) {
		return nil, false
	}
	from := 0
	for _, n := range r.sizes[:r.at] {
		from += n
	}
	n := r.sizes[r.at]
	r.at++
	return []*tensor.Dense{
		tensor.New(tensor.WithShape(n, 3), tensor.WithBacking(append([]float64(nil), r.x[3*from:3*(from+n)]...))),
		tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(append([]float64(nil), r.y[from:from+n]...))),
	}, true
}

// regression is a loop that fits tanh(x·W) to y in float64.
func regression(sizes []int, accumulate int) *train.Loop {
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Orthogonal(1), 1, 3)
		return []graph.Node{g.Mean(g.Square(g.Sub(g.Tanh(g.MatMulT(in[0], w)), in[1])))}
	})
	return &train.Loop{
		Loss: f, Accumulate: accumulate, Epochs: 5, Clip: train.Clip{Norm: 0.1},
		Data:      &rows{x: graphtest.Random(1, 24, 3).Float64s(), y: graphtest.Random(2, 24, 1).Float64s(), sizes: sizes},
		Optimizer: &optim.Adam{}, Schedule: optim.Constant(0.01),
	}
}

// Small batches, even of different sizes, make the steps of the large batch that they are cut from.
func TestAccumulateIsTheLargeBatch(t *testing.T) {
	large := regression([]int{12, 12}, 0)
	want := run(t, large)
	for name, sizes := range map[string][]int{"equal": {4, 4, 4, 4, 4, 4}, "unequal": {7, 4, 1, 2, 5, 5}} {
		small := regression(sizes, 3)
		var last train.Progress
		onStep(small, func(p train.Progress) { last = p })
		got := run(t, small)
		if got.Step != want.Step || small.Total() != large.Total() || last.Tokens != 12 {
			t.Errorf("%s: %d steps of %d, want %d; %d tokens in the last", name, got.Step, small.Total(), want.Step, last.Tokens)
		}
		a, b := large.Loss.Params().Get("w").Value().Float64s(), small.Loss.Params().Get("w").Value().Float64s()
		for i := range a {
			if math.Abs(a[i]-b[i]) > 1e-12 {
				t.Errorf("%s: weight %d is %v; %v with the large batch", name, i, b[i], a[i])
			}
		}
	}
	// The last step of a pass takes what is left: 24 rows are then steps of 16 and of 8.
	uneven, split := regression([]int{16, 8}, 0), regression([]int{8, 8, 8}, 2)
	run(t, uneven)
	run(t, split)
	a, b := uneven.Loss.Params().Get("w").Value().Float64s(), split.Loss.Params().Get("w").Value().Float64s()
	for i := range a {
		if math.Abs(a[i]-b[i]) > 1e-12 {
			t.Errorf("weight %d is %v; %v with large batches", i, b[i], a[i])
		}
	}
}

// A run with dropout, a carried state and steps of several batches, the last of a pass of fewer, resumes bit for bit.
func TestAccumulateResumes(t *testing.T) {
	build := func(path string) *train.Loop {
		l := newLoop(t, path)
		l.Accumulate, l.Saving.Every = 4, 2 // 33 batches are 9 steps
		return l
	}
	dir := t.TempDir()
	alone, path := filepath.Join(dir, "alone"), filepath.Join(dir, "stopped")
	if r := run(t, build(alone)); r.Step != 4*9 {
		t.Errorf("%d steps; want 36", r.Step)
	}
	for _, stop := range []int{3, 8, 9, 20} {
		cancelAt(t, build(path), stop)
		resume(t, build(path))
		if !bytes.Equal(testutil.Read(t, alone), testutil.Read(t, path)) {
			t.Errorf("stopped at step %d and resumed, the run ends elsewhere", stop)
		}
	}
}

func TestAccumulateBadUse(t *testing.T) {
	l := regression([]int{24}, -1)
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "-1 batches a step") {
		t.Error(err)
	}
	l = regression([]int{12, 12}, 2)
	l.Data = tokenless{l.Data}
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "no tokens to weigh") {
		t.Error(err)
	}
}

// tokenless is a source that does not say how much is in its batches.
type tokenless struct{ train.Source }

func (tokenless) Tokens() int { return 0 }
