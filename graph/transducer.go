package graph

import (
	"slices"

	"github.com/unroll-go/unroll/internal/op"
)

// TransducerScores returns the log-probabilities under the softmax of logits [T, B, U+1, V] that the loss of a transducer reads:
// those of the blank at every frame and behind every number of labels, [T, B, U+1], and behind them, in one row, those of the next
// label, [T, B, U], together [T, B, 2·U+1]. Targets [B, U] are ids, or -1 at padding, which has the score 0; others are an error
// when the program runs. Nothing else as large as the logits is made, but for their gradient.
func (g *Graph) TransducerScores(logits, targets Node, blank int) Node {
	if !g.floats("TransducerScores", logits) || !g.ids("TransducerScores", targets) {
		return Node{}
	}
	x := logits.shape()
	if len(x) != 4 || !slices.Equal(targets.shape(), []int{x[1], x[2] - 1}) {
		return g.failf("TransducerScores", "want logits [T, B, U+1, V] and targets [B, U], found %v and %v", x, targets.shape())
	}
	if blank < 0 || blank >= x[3] {
		return g.failf("TransducerScores", "blank %d; want 0 to %d", blank, x[3]-1)
	}
	return g.apply(op.TransducerScores{Blank: blank}, []int{x[0], x[1], 2*x[2] - 1}, logits, targets)
}

// Transducer is -log of the probability of each sequence of labels, [B], in nats, summed over all alignments with the frames, of
// scores [T, B, 2·U+1] as TransducerScores returns them, and the numbers of frames and of labels, ids [B] (Graves, 2012, sections
// 2.3 to 2.5). Frames from 1 to T and labels from 0 to U are legal; others are an error when the program runs. A sequence of
// probability 0 has the loss +Inf and no gradient.
func (g *Graph) Transducer(scores, frames, labels Node) Node {
	if !g.floats("Transducer", scores) || !g.ids("Transducer", frames) || !g.ids("Transducer", labels) {
		return Node{}
	}
	x := scores.shape()
	if len(x) != 3 || x[2]%2 == 0 || !slices.Equal(frames.shape(), x[1:2]) || !slices.Equal(labels.shape(), x[1:2]) {
		return g.failf("Transducer", "want scores [T, B, 2·U+1], numbers of frames and of labels [B], found %v, %v and %v",
			x, frames.shape(), labels.shape())
	}
	return g.apply(op.Transducer{}, []int{x[1]}, scores, frames, labels)
}

func init() {
	differentiate(func(o op.TransducerScores, d derivation) []Node {
		logits, targets := d.in[0], d.in[1]
		return []Node{d.g.apply(op.TransducerScoresGrad{TransducerScores: o}, op.Clone(logits.shape()), logits, targets, d.out, d.grad), {}}
	}, 0)
	differentiate(func(_ op.Transducer, d derivation) []Node {
		scores, frames, labels := d.in[0], d.in[1], d.in[2]
		return []Node{d.g.apply(op.TransducerGrad{}, op.Clone(scores.shape()), scores, frames, labels, d.grad), {}, {}}
	}, 0)
	differentiate(func(_ op.TransducerScoresGrad, d derivation) []Node {
		d.g.failf("TransducerScores", "it has no second derivative")
		return make([]Node, len(d.in))
	})
	differentiate(func(_ op.TransducerGrad, d derivation) []Node {
		d.g.failf("Transducer", "it has no second derivative")
		return make([]Node, len(d.in))
	})
}
