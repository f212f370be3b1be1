package main

import (
	"errors"
	"math"
	"math/rand/v2"
	"sync"

	"github.com/nlpodyssey/spago/ag"
	"github.com/nlpodyssey/spago/initializers"
	"github.com/nlpodyssey/spago/losses"
	"github.com/nlpodyssey/spago/mat"
	srand "github.com/nlpodyssey/spago/mat/rand"
	"github.com/nlpodyssey/spago/nn"
	"github.com/nlpodyssey/spago/nn/embedding"
	"github.com/nlpodyssey/spago/nn/linear"
	"github.com/nlpodyssey/spago/nn/recurrent/gru"
	"github.com/nlpodyssey/spago/nn/recurrent/lstm"
	"github.com/nlpodyssey/spago/optimizers/adam"
	"github.com/nlpodyssey/spago/optimizers/gradclipper"
	"github.com/unroll-go/unroll/benchmarks/internal/work"
)

// languageModel is an embedding, recurrent layers and a head over the vocabulary.
type languageModel struct {
	nn.Module
	Embedding *embedding.Model
	Layers    []nn.StandardModel
	Head      *linear.Model
}

func newModel(w work.Work) *languageModel {
	m := &languageModel{Embedding: embedding.New[float32](w.V, w.I), Head: linear.New[float32](w.H, w.V)}
	in := w.I
	for range w.L {
		if w.Cell == "gru" {
			m.Layers = append(m.Layers, gru.New[float32](in, w.H))
		} else {
			m.Layers = append(m.Layers, lstm.New[float32](in, w.H))
		}
		in = w.H
	}
	generator, bound := srand.NewLockedRand(1), 1/math.Sqrt(float64(w.H))
	nn.ForEachParam(m, func(p *nn.Param) { initializers.Uniform(p.Value().(mat.Matrix), -bound, bound, generator) })
	for _, p := range m.Embedding.Weights { // a walk over the parameters meets those with gradients only
		initializers.Uniform(p.Value().(mat.Matrix), -bound, bound, generator)
	}
	return m
}

// logits of one sequence, a vector for each of its tokens.
func (m *languageModel) logits(tokens []int) []mat.Tensor {
	xs := m.Embedding.MustEncode(tokens)
	for _, layer := range m.Layers {
		xs = layer.Forward(xs...)
	}
	return m.Head.Forward(xs...)
}

// batch draws B sequences of T tokens.
func batch(w work.Work, seed uint64) [][]int {
	rng, all := rand.New(rand.NewPCG(seed, 1)), make([][]int, w.B)
	for b := range all {
		all[b] = make([]int, w.T)
		for t := range all[b] {
			all[b][t] = rng.IntN(w.V)
		}
	}
	return all
}

// each calls f for every sequence, side by side.
func each(n int, f func(b int)) {
	var wg sync.WaitGroup
	for b := range n {
		wg.Go(func() { f(b) })
	}
	wg.Wait()
}

// reader has the logits of a batch.
type reader struct {
	model *languageModel
	ids   [][]int
}

func newReader(m *languageModel, w work.Work) *reader {
	withoutGradients(m)
	return &reader{m, batch(w, 1)}
}

func withoutGradients(m *languageModel) {
	off := func(p *nn.Param) { p.SetRequiresGrad(false) }
	nn.ForEachParam(m, off)
	for _, p := range m.Embedding.Weights {
		off(p)
	}
}

func (r *reader) step() (float64, error) {
	each(len(r.ids), func(b int) {
		for _, y := range r.model.logits(r.ids[b]) {
			y.Value() // waits: operations run beside the program
		}
	})
	return 0, nil
}

// trainer learns one batch.
type trainer struct {
	model        *languageModel
	ids, targets [][]int
	tokens       float64
	adam         *adam.Adam
	clipper      *gradclipper.NormClipper
}

func newTrainer(m *languageModel, w work.Work) *trainer {
	return &trainer{
		model: m, ids: batch(w, 1), targets: batch(w, 2), tokens: float64(w.Tokens()),
		adam: adam.New(adam.NewDefaultConfig()), clipper: &gradclipper.NormClipper{MaxNorm: 1, NormType: 2},
	}
}

// step is one step of training. It returns the loss before it.
func (t *trainer) step() (float64, error) {
	all, scale := make([]mat.Tensor, len(t.ids)), mat.Scalar(float32(1/t.tokens))
	each(len(t.ids), func(b int) {
		all[b] = ag.ProdScalar(losses.CrossEntropySeq(t.model.logits(t.ids[b]), t.targets[b], false), scale)
	})
	total := 0.0
	for _, loss := range all {
		total += loss.Value().Item().F64()
	}
	if err := ag.Backward(all...); err != nil {
		return 0, err
	}
	t.clipper.ClipGradients(nn.Parameters(t.model))
	return total, t.update()
}

// update is Optimizer.Optimize of spaGO, which in version 1.1.0 returns while parameters are still being updated.
func (t *trainer) update() error {
	var params []*nn.Param
	nn.ForEachParam(t.model, func(p *nn.Param) {
		if p.HasGrad() {
			params = append(params, p)
		}
	})
	failed := make([]error, len(params))
	each(len(params), func(i int) { failed[i] = t.adam.OptimizeParams(params[i]) })
	t.adam.IncExample() // counts the steps, for the moments' correction
	return errors.Join(failed...)
}
