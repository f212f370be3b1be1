package losses

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// Transducer is the loss of the RNN transducer (Graves, 2012, "Sequence transduction with recurrent neural networks"), for label
// sequences whose places in time are not known, as CTC. But its predictions may depend on the labels before. It is -log of the total
// probability of all alignments. In an alignment every frame has any number of labels, and then the blank, which goes on to the next
// frame. So labels may outnumber frames, and equal labels in a row need nothing between them.
//
// The sum is the forward-backward algorithm on log-probabilities, with the derivative of equations 20 and 21. It is taken in float64
// in both precisions.
type Transducer struct {
	Blank int // the id of the blank
}

// Apply maps logits [T, B, U+1, V], at each frame and behind each number of labels, target ids [B, U], the numbers of frames [B] and
// of labels [B], both ids, to the loss: the mean over the batch of each sequence's -log p, in nats, as torchaudio's rnnt_loss. Padding
// in the targets may be -1 or any id below V. The blank or -1 among the labels, and a sequence without frames, are errors when the
// program runs. A target without labels is legal: then every frame is blank.
func (l Transducer) Apply(g *graph.Graph, logits, targets, frames, labels graph.Node) graph.Node {
	if g.Err() != nil {
		return graph.Node{}
	}
	if logits.Rank() != 4 || targets.Rank() != 2 || targets.Dim(0) != logits.Dim(1) || targets.Dim(1)+1 != logits.Dim(2) {
		return g.Failf("Transducer", "want logits [T, B, U+1, V] and targets [B, U], found %v and %v", logits.Shape(), targets.Shape())
	}
	return l.FromScores(g, g.TransducerScores(logits, targets, l.Blank), targets, frames, labels)
}

// FromScores is Apply of the log-probabilities alone that it needs, [T, B, 2·U+1], as graph.TransducerScores gives them and
// recurrent.Transducer's Scores, which never has all logits in memory: of the blank, [T, B, U+1], and of the next label, [T, B, U],
// joined along the last axis.
func (l Transducer) FromScores(g *graph.Graph, scores, targets, frames, labels graph.Node) graph.Node {
	switch {
	case g.Err() != nil:
		return graph.Node{}
	case scores.Rank() != 3 || targets.Rank() != 2 || targets.Dim(0) != scores.Dim(1) || 2*targets.Dim(1)+1 != scores.Dim(2):
		return g.Failf("Transducer", "want scores [T, B, 2·U+1] and targets [B, U], found %v and %v", scores.Shape(), targets.Shape())
	case frames.Rank() != 1 || labels.Rank() != 1 || frames.Dim(0) != scores.Dim(1) || labels.Dim(0) != scores.Dim(1):
		return g.Failf("Transducer", "want numbers of frames and labels [%d], found %v and %v",
			scores.Dim(1), frames.Shape(), labels.Shape())
	case !targets.IsIDs() || !frames.IsIDs() || !labels.IsIDs():
		return g.Failf("Transducer", "targets, numbers of frames and numbers of labels are ids (ints); found %v, %v and %v",
			targets, frames, labels)
	}
	batch := scores.Dim(1)
	each := g.Transducer(l.verify(g, scores, targets, frames, labels), frames, labels)
	return g.MeanOver(g.Sum(each), g.Full(float64(batch)))
}

// verify returns the scores, for which every run checks the targets and lengths first.
func (l Transducer) verify(g *graph.Graph, scores, targets, frames, labels graph.Node) graph.Node {
	steps, count := scores.Dim(0), targets.Dim(1)
	return g.Verify("losses.Transducer", scores, func(ids [][]int) error {
		for b, n := range ids[2] {
			if n < 0 || n > count {
				return errors.Errorf("target %d has %d labels; want 0 to %d", b, n, count)
			}
			if t := ids[1][b]; t < 1 || t > steps {
				return errors.Errorf("sequence %d has %d frames; want 1 to %d", b, t, steps)
			}
			for i, id := range ids[0][b*count:][:n] {
				if id == l.Blank {
					return errors.Errorf("label %d of target %d is the blank, %d", i, b, id)
				}
				if id < 0 {
					return errors.Errorf("label %d of target %d, which has %d, is %d, padding", i, b, n, id)
				}
			}
		}
		return nil
	}, targets, frames, labels)
}
