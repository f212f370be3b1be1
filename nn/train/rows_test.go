package train_test

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// lookups is a Source of ids, batches of some sizes.
type lookups struct {
	ids   []int
	sizes []int
	at    int
}

func (l *lookups) Len() int             { return len(l.sizes) }
func (l *lookups) Seek(batch int) error { l.at = batch; return nil }
func (l *lookups) Tokens() int          { return l.sizes[l.at-1] }

func (l *lookups) Next() ([]*tensor.Dense, bool) {
	if l.at == len(l.sizes) {
		return nil, false
	}
	from := 0
	for _, n := range l.sizes[:l.at] {
		from += n
	}
	n := l.sizes[l.at]
	l.at++
	return []*tensor.Dense{graph.Ints(append([]int{}, l.ids[from:from+n]...), n)}, true
}

// Lazy Adam moves the rows that a step has looked up, those that an earlier step moved not, and finds the same ones whether
// a step is one batch, batches that are accumulated, or shards.
func TestLazyStepsInParts(t *testing.T) {
	ids := make([]int, 48)
	for i := range ids {
		ids[i] = (i*i*7 + i/12*5) % 90
	}
	fit := func(sizes []int, accumulate, shards int) *tensor.Dense {
		p := graph.NewParams64(1)
		l := &train.Loop{
			Loss: graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				x := nn.Embedding{Tokens: 90, Size: 3, Sparse: true}.Apply(g, in[0])
				return []graph.Node{g.Mean(g.Square(g.AddScalar(g.Tanh(x), -0.3)))}
			}),
			Data: &lookups{ids: ids, sizes: sizes}, Optimizer: optim.SparseAdam(), Schedule: optim.Constant(0.05), Epochs: 2,
			Clip: train.Clip{Norm: 0.01}, Accumulate: accumulate, Parallel: train.Parallel{Shards: shards, Axes: []int{0}},
		}
		run(t, l)
		return p.Get("weight").Value()
	}
	want := fit([]int{12, 12, 12, 12}, 0, 0)
	graphtest.Close(t, "accumulated", fit([]int{6, 6, 6, 6, 6, 6, 6, 6}, 2, 0), want, 1e-12)
	graphtest.Close(t, "in shards", fit([]int{12, 12, 12, 12}, 0, 3), want, 1e-12)
	graphtest.Close(t, "in shards, accumulated", fit([]int{6, 6, 6, 6, 6, 6, 6, 6}, 2, 2), want, 1e-12)
}
