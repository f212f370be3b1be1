package train_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/losses/distribution"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// What splits are tried on: sequences of many lengths, one of none, for every kind of target.
const splitSteps, splitBatch, splitClasses = 4, 6, 5

var splitLengths = []int{4, 0, 2, 1, 3, 4}

// splitData are the arguments of the losses below, whose batch axes are splitAxes.
func splitData() []*tensor.Dense {
	ids := graphtest.RandomIDs(2, splitClasses, splitSteps, splitBatch)
	for i := range ids.Ints() { // class 0 alone in sequence 2, so that a class weight of 0 leaves nothing of it
		if i%splitBatch == 2 {
			ids.Ints()[i] = 0
		}
	}
	padded := graph.Ints(append([]int{}, ids.Ints()...), splitSteps, splitBatch)
	for i := range padded.Ints() {
		if i/splitBatch >= splitLengths[i%splitBatch] {
			padded.Ints()[i] = -1
		}
	}
	return []*tensor.Dense{
		graphtest.Random(1, splitSteps, splitBatch, 3), graph.Ints(splitLengths), ids, padded,
		graphtest.Random(3, splitSteps, splitBatch, splitClasses), graphtest.Random(4, splitSteps, splitBatch),
		graph.Ints([]int{1, 2, -1, -1, 3, -1, 2, -1, 4, 1, 1, 1}, splitBatch, 2), graph.Ints([]int{2, 0, 1, 1, 2, 2}),
	}
}

var splitAxes = []int{1, 0, 1, 1, 1, 1, 0, 0}

// splitLoss is a loss of scores [T, B, 5], by whatever of the arguments it needs.
type splitLoss func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node

// splitLosses has every loss of the package, with and without what changes its mean, and what users make of them. A name
// begins with that of the loss's type.
func splitLosses() map[string]splitLoss {
	pad := -1
	weights := []float64{0, 2, 0.5, 0.1, 3}
	type applied interface {
		Apply(g *graph.Graph, y, target graph.Node) graph.Node
	}
	of := func(arg int, l func(lengths graph.Node) applied) splitLoss {
		return func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node { return l(in[1]).Apply(g, y, in[arg]) }
	}
	logged := func(arg int, l func(lengths graph.Node) applied) splitLoss {
		return func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
			return l(in[1]).Apply(g, g.LogSoftmax(y, -1), in[arg])
		}
	}
	ctc := func(l losses.CTC, frames int) splitLoss {
		return func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
			return l.Apply(g, y, in[6], in[frames], in[7])
		}
	}
	levels := []float64{.1, .25, .5, .75, .9}
	out := map[string]splitLoss{
		"CrossEntropy":                of(2, func(graph.Node) applied { return losses.CrossEntropy{} }),
		"CrossEntropy ignore":         of(3, func(graph.Node) applied { return losses.CrossEntropy{Ignore: &pad} }),
		"CrossEntropy lengths":        of(2, func(n graph.Node) applied { return losses.CrossEntropy{Lengths: n} }),
		"CrossEntropy weights":        of(2, func(graph.Node) applied { return losses.CrossEntropy{Weights: weights} }),
		"CrossEntropy smooth":         of(2, func(graph.Node) applied { return losses.CrossEntropy{Smoothing: .1} }),
		"CrossEntropy smooth weights": of(2, func(graph.Node) applied { return losses.CrossEntropy{Smoothing: .1, Weights: weights} }),
		"CrossEntropy all": of(3, func(n graph.Node) applied {
			return losses.CrossEntropy{Smoothing: .1, Weights: weights, Ignore: &pad, Lengths: n}
		}),
		"NLL":                        logged(2, func(graph.Node) applied { return losses.NLL{} }),
		"NLL weights lengths":        logged(2, func(n graph.Node) applied { return losses.NLL{Weights: weights, Lengths: n} }),
		"Focal":                      of(2, func(graph.Node) applied { return losses.Focal{Gamma: 2} }),
		"Focal all":                  of(3, func(graph.Node) applied { return losses.Focal{Gamma: .5, Weights: weights, Ignore: &pad} }),
		"KL":                         logged(4, func(graph.Node) applied { return losses.KL{LogTarget: true} }),
		"KL lengths":                 logged(4, func(n graph.Node) applied { return losses.KL{LogTarget: true, Lengths: n} }),
		"BinaryCrossEntropy":         of(4, func(graph.Node) applied { return losses.BinaryCrossEntropy{PositiveWeight: 3} }),
		"BinaryCrossEntropy lengths": of(4, func(n graph.Node) applied { return losses.BinaryCrossEntropy{Lengths: n} }),
		"MSE":                        of(4, func(graph.Node) applied { return losses.MSE{} }),
		"MSE lengths":                of(4, func(n graph.Node) applied { return losses.MSE{Lengths: n} }),
		"MAE":                        of(4, func(graph.Node) applied { return losses.MAE{} }),
		"MAE lengths":                of(4, func(n graph.Node) applied { return losses.MAE{Lengths: n} }),
		"Huber":                      of(4, func(graph.Node) applied { return losses.Huber{} }),
		"Huber lengths":              of(4, func(n graph.Node) applied { return losses.Huber{Delta: .3, Lengths: n} }),
		"Quantile":                   of(5, func(graph.Node) applied { return losses.Quantile{Levels: levels} }),
		"Quantile lengths":           of(5, func(n graph.Node) applied { return losses.Quantile{Levels: levels, Lengths: n} }),
		"Cosine":                     of(4, func(graph.Node) applied { return losses.Cosine{} }),
		"Cosine lengths":             of(4, func(n graph.Node) applied { return losses.Cosine{Lengths: n} }),
		"CRF":                        of(2, func(graph.Node) applied { return losses.CRF{} }),
		"CRF lengths":                of(3, func(n graph.Node) applied { return losses.CRF{Lengths: n} }),
		"CTC zero":                   ctc(losses.CTC{ZeroInfinity: true}, 7), // not all targets fit in as many frames
		"CTC":                        ctc(losses.CTC{}, 1),
	}
	for name, l := range map[string]losses.Mean{"Mean": {}, "Mean all": {Weights: weights, Ignore: &pad}} {
		out[name] = func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
			if l.Ignore != nil {
				l.Lengths = in[1]
			}
			return l.Apply(g, g.CrossEntropy(y, in[3], pad), in[3])
		}
	}
	out["Transducer"] = func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
		T, B, V := y.Dim(0), y.Dim(1), y.Dim(2)
		frames := make([]int, B)
		for i := range frames {
			frames[i] = T
		}
		logits := g.BroadcastTo(g.Reshape(y, T, B, 1, V), T, B, in[6].Dim(1)+1, V)
		return losses.Transducer{}.Apply(g, logits, in[6], g.Const(graph.Ints(frames)), in[7])
	}
	out["Likelihood"] = func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
		return losses.Likelihood{Family: distribution.Gaussian}.Apply(g, g.Slice(y, 2, 0, 2), in[5])
	}
	out["Likelihood all"] = func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
		l := losses.Likelihood{Family: distribution.StudentT, Weights: g.Affine(g.IDMask(in[3], pad), 2, 0), Lengths: in[1]}
		return l.Apply(g, g.Slice(y, 2, 0, 3), in[5])
	}
	out["of a user's own"] = func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node { // a mean over sequences, each by its length
		mask := g.LengthMask(in[1], splitSteps)
		each := g.Sum(g.Mul(mask, g.Sum(g.Square(y), -1)), 0)
		return g.MeanOver(g.Sum(each), g.Sum(g.Sum(mask, 0)))
	}
	out["of three means and a penalty"] = func(g *graph.Graph, y graph.Node, in []graph.Node) graph.Node {
		a := out["CrossEntropy all"](g, y, in)
		b := out["CRF lengths"](g.Scope("crf"), y, in)
		c := out["MSE"](g, y, in)
		return g.Add(a, g.MulScalar(b, 0.3), g.Mul(c, g.Exp(g.Param("s", graph.Constant(-1)))), g.MulScalar(g.Sum(g.Square(g.Shared().Param("w", nil, splitClasses, 3))), 0.01))
	}
	return out
}

// cuts is a source of the examples of splitData, in batches of given sizes. It counts nothing: no loss may need it.
type cuts struct {
	sizes []int
	at    int
}

func (s *cuts) Len() int             { return len(s.sizes) }
func (s *cuts) Seek(batch int) error { s.at = batch; return nil }
func (s *cuts) Tokens() int          { return 0 }

func (s *cuts) Next() ([]*tensor.Dense, bool) {
	if s.at == len(s.sizes) {
		return nil, false
	}
	from := 0
	for _, n := range s.sizes[:s.at] {
		from += n
	}
	to := from + s.sizes[s.at]
	s.at++
	var out []*tensor.Dense
	for i, v := range splitData() {
		part, err := v.Slice(append(make([]tensor.Slice, splitAxes[i]), tensor.S(from, to))...)
		if err != nil {
			panic(err)
		}
		shape := v.Shape().Clone()
		shape[splitAxes[i]] = to - from // a slice of one loses its axis
		d := part.Materialize().(*tensor.Dense)
		if err := d.Reshape(shape...); err != nil {
			panic(err)
		}
		out = append(out, d)
	}
	return out, true
}

// split trains one step of gradient descent on all the data and returns the loss, the weights after it, which tell the
// gradient, and the loss that validation in the same batches found before.
func split(t *testing.T, l splitLoss, sizes []int, shards int) (loss, validation float64, weights []float64) {
	t.Helper()
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		w := g.Param("w", graph.Orthogonal(1), splitClasses, 3)
		return []graph.Node{l(g, g.MatMulT(in[0], w), in)}
	})
	loop := &train.Loop{Loss: f, Data: &cuts{sizes: sizes}, Accumulate: len(sizes), Parallel: train.Parallel{Shards: shards, Axes: splitAxes},
		Optimizer: &optim.SGD{}, Schedule: optim.Constant(1), Steps: 1}
	onStep(loop, func(p train.Progress) { loss = p.Loss })
	validation, err := train.Validate(loop.Loss, &cuts{sizes: sizes}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := loop.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		weights = append(weights, p.At(i).Value().Float64s()...)
	}
	return loss, validation, weights
}

// Every loss, however a batch is cut, is the loss of the whole batch, with its gradient; so is that of a validation.
func TestLossesInPartsAreTheWhole(t *testing.T) {
	all := splitLosses()
	for name, l := range all {
		t.Run(name, func(t *testing.T) {
			want, whole, weights := split(t, l, []int{splitBatch}, 0)
			if math.Abs(want-whole) > 1e-13 || want == 0 {
				t.Errorf("loss %g, validation %g", want, whole)
			}
			for _, c := range []struct {
				sizes  []int
				shards int
			}{
				{[]int{6}, 2}, {[]int{6}, 3}, {[]int{6}, 6}, {[]int{6}, 9}, // shards, some of them with nothing that counts
				{[]int{3, 3}, 0}, {[]int{1, 1, 4}, 0}, {[]int{5, 1}, 0}, {[]int{1, 1, 1, 1, 1, 1}, 0}, // batches
				{[]int{3, 3}, 2}, {[]int{1, 5}, 3}, {[]int{2, 4}, 2}, // both
			} {
				loss, validation, got := split(t, l, c.sizes, c.shards)
				if math.Abs(loss-want) > 1e-12 || math.Abs(validation-want) > 1e-12 {
					t.Errorf("batches %v in %d shards: loss %g, validation %g; want %g", c.sizes, c.shards, loss, validation, want)
				}
				for i, w := range weights {
					if math.Abs(got[i]-w) > 1e-12 {
						t.Errorf("batches %v in %d shards: weight %d is %g; want %g", c.sizes, c.shards, i, got[i], w)
						break
					}
				}
			}
		})
	}
	for _, kind := range testutil.TypesWith(t, "../../losses", "Apply") {
		found := false
		for name := range all {
			found = found || strings.Split(name, " ")[0] == kind
		}
		if !found {
			t.Errorf("losses.%s is not in the table", kind)
		}
	}
}
