package recurrent_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

func smallTransducer() recurrent.Transducer {
	return recurrent.Transducer{Embedding: nn.Embedding{Tokens: 4, Size: 3}, Cell: recurrent.LSTM{Hidden: 3}, Units: 5, Frames: 2}
}

func transducerLoss(m recurrent.Transducer, scores bool) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		l := losses.Transducer{Blank: m.Blank}
		if scores {
			return []graph.Node{l.FromScores(g, m.Scores(g, in[0], in[1]), in[1], in[2], in[3])}
		}
		return []graph.Node{l.Apply(g, m.Apply(g, in[0], in[1]), in[1], in[2], in[3])}
	}
}

func transducerBatch() []*tensor.Dense {
	return []*tensor.Dense{graphtest.Random(4, 5, 2, 3), graph.Ints([]int{1, 1, 2, 3, -1, -1}, 2, 3),
		graph.Ints([]int{5, 2}), graph.Ints([]int{3, 1})}
}

func TestTransducerModelGradients(t *testing.T) {
	for _, scores := range []bool{false, true} {
		graphtest.CheckGradient(t, graphtest.Gradient{Build: transducerLoss(smallTransducer(), scores), Inputs: transducerBatch()})
	}
}

// Scores give the loss of all logits, and their gradients.
func TestTransducerScoresAreThoseOfTheLogits(t *testing.T) {
	run := func(scores bool, frames int) ([]*tensor.Dense, *graph.Params) {
		p, m := graph.NewParams64(1), smallTransducer()
		m.Frames = frames
		out, err := graph.NewFunc(p, transducerLoss(m, scores)).Grad(transducerBatch()...)
		if err != nil {
			t.Fatal(err)
		}
		return out, p
	}
	want, weights := run(false, 0)
	for _, frames := range []int{0, 1, 2, 5, 9} {
		got, p := run(true, frames)
		graphtest.Close(t, fmt.Sprint(frames, " frames"), got[0], want[0], 1e-14)
		for i := range weights.Len() {
			q := weights.At(i)
			graphtest.Close(t, q.Name(), p.Get(q.Name()).Grad(), q.Grad(), 1e-12)
		}
	}
}

func TestTransducerModelRefuses(t *testing.T) {
	for want, change := range map[string]func(m *recurrent.Transducer){
		"it has no Cell":                     func(m *recurrent.Transducer) { m.Cell = nil },
		"an Embedding of 1 tokens":           func(m *recurrent.Transducer) { m.Embedding.Tokens = 1 },
		"blank 4; want 0 to 3":               func(m *recurrent.Transducer) { m.Blank = 4 },
		"0 Units of the joint layer":         func(m *recurrent.Transducer) { m.Units = 0 },
		"Frames -1; want 0 or more":          func(m *recurrent.Transducer) { m.Frames = -1 },
		"4 tokens of size 0; want at least ": func(m *recurrent.Transducer) { m.Embedding.Size = 0 },
	} {
		m := smallTransducer()
		change(&m)
		_, err := graph.NewFunc(graph.NewParams64(1), transducerLoss(m, true)).Run(transducerBatch()...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	in := transducerBatch()
	in[1] = graph.Ints([]int{1, 2, 3}, 3, 1)
	_, err := graph.NewFunc(graph.NewParams64(1), transducerLoss(smallTransducer(), true)).Run(in...)
	if err == nil || !strings.Contains(err.Error(), "want targets, ids [2, U]") {
		t.Error(err)
	}
}
