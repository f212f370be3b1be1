package main

import (
	"math/rand/v2"

	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/context/initializers"
	"github.com/gomlx/gomlx/pkg/ml/layers"
	"github.com/gomlx/gomlx/pkg/ml/layers/lstm"
	"github.com/gomlx/gomlx/pkg/ml/train"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
	"github.com/gomlx/gomlx/pkg/ml/train/optimizers"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// logits of a batch: ids [B, T] to [B, T, V].
func logits(ctx *context.Context, w work.Work, ids *graph.Node) *graph.Node {
	x := layers.Embedding(ctx.In("embedding"), ids, dtypes.Float32, w.V, w.I) // [B, T, I]
	for k := range w.L {
		all, _, _ := lstm.New(ctx.Inf("layer %d", k), x, w.H).Done() // [T, 1, B, H]
		x = graph.TransposeAllDims(graph.Squeeze(all, 1), 1, 0, 2)
	}
	return layers.DenseWithBias(ctx.In("head"), x, w.V)
}

// newContext holds the parameters, uniform in ±0.1.
func newContext() *context.Context {
	ctx := context.New()
	ctx.SetParam(context.ParamInitialSeed, int64(1))
	return ctx.WithInitializer(initializers.RandomUniformFn(ctx, -0.1, 0.1))
}

// batch draws ids [B, T], or targets [B, T, 1].
func batch(w work.Work, seed uint64, shape ...int) *tensors.Tensor {
	rng, ids := rand.New(rand.NewPCG(seed, 1)), make([]int32, w.B*w.T)
	for i := range ids {
		ids[i] = int32(rng.IntN(w.V))
	}
	return tensors.FromFlatDataAndDimensions(ids, shape...)
}

// newReader returns a step that has the logits of a batch.
func newReader(w work.Work) (func() (float64, error), error) {
	b, err := newBackend()
	if err != nil {
		return nil, err
	}
	run, err := context.NewExec(b, newContext(), func(ctx *context.Context, ids *graph.Node) *graph.Node {
		return logits(ctx, w, ids)
	})
	if err != nil {
		return nil, err
	}
	ids := batch(w, 1, w.B, w.T)
	return func() (float64, error) {
		out, err := run.Exec(ids)
		if err != nil {
			return 0, err
		}
		return 0, out[0].FinalizeAll()
	}, nil
}

// newTrainer returns a step of training, which returns the loss before it.
func newTrainer(w work.Work) (func() (float64, error), error) {
	b, err := newBackend()
	if err != nil {
		return nil, err
	}
	model := func(ctx *context.Context, _ any, in []*graph.Node) []*graph.Node {
		return []*graph.Node{logits(ctx, w, in[0])}
	}
	trainer := train.NewTrainer(b, newContext(), model, losses.SparseCategoricalCrossEntropyLogits, newClipped(), nil, nil)
	ids, targets := batch(w, 1, w.B, w.T), batch(w, 2, w.B, w.T, 1)
	return func() (float64, error) {
		metrics, err := trainer.TrainStep(nil, []*tensors.Tensor{ids}, []*tensors.Tensor{targets})
		if err != nil {
			return 0, err
		}
		loss := tensors.ToScalar[float32](metrics[0])
		for _, m := range metrics {
			if err := m.FinalizeAll(); err != nil {
				return 0, err
			}
		}
		return float64(loss), nil
	}, nil
}

// clipped is Adam after clipping of the gradients' global norm to 1, which GoMLX leaves to its users.
type clipped struct {
	optimizers.Interface
	update func(ctx *context.Context, grads []*graph.Node, lossDType dtypes.DType)
}

func newClipped() optimizers.Interface {
	adam := optimizers.Adam().LearningRate(1e-3).Done()
	type taking interface { // gradients instead of a loss
		UpdateGraphWithGradients(ctx *context.Context, grads []*graph.Node, lossDType dtypes.DType)
	}
	return clipped{adam, adam.(taking).UpdateGraphWithGradients}
}

func (c clipped) UpdateGraph(ctx *context.Context, g *graph.Graph, loss *graph.Node) {
	grads := ctx.BuildTrainableVariablesGradientsGraph(loss)
	squares := graph.ScalarZero(g, loss.DType())
	for _, d := range grads {
		squares = graph.Add(squares, graph.L2NormSquare(d))
	}
	scale := graph.Min(graph.ScalarOne(g, loss.DType()), graph.Reciprocal(graph.Sqrt(squares)))
	for i := range grads {
		grads[i] = graph.Mul(grads[i], scale)
	}
	c.update(ctx, grads, loss.DType())
}
