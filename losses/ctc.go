package losses

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// CTC is connectionist temporal classification (Graves et al., 2006), the loss for label sequences whose places in time are
// not known, as in speech and handwriting. It is -log of the total probability of all alignments of the labels with the
// frames. In an alignment every frame has a label or the blank; equal labels in a row count as one, unless a blank stands
// between them.
//
// The sum is a recurrence over time like any other, written with the graph's operations on log-probabilities, so its
// gradient is backpropagation through time.
type CTC struct {
	Blank int // the id of the blank
	// ZeroInfinity makes targets that do not fit in their frames contribute 0 and no gradient. Otherwise they are an error
	// when the program runs, which names the first of them. CheckCTC finds them beforehand.
	ZeroInfinity bool
}

// impossible stands for log 0: sums with it stay finite, and e to its power is 0.
const impossible = -1e30

// Apply maps logits [T, B, V], target ids [B, S], the numbers of frames [B] and of labels [B], both ids, to the loss: the
// mean over the batch of each sequence's -log p divided by its number of labels, as torch.nn.CTCLoss does. Padding in the
// targets may be -1 or any id below V. The blank or -1 among the labels is an error when the program runs. A target without
// labels is legal: then every frame is blank.
func (l CTC) Apply(g *graph.Graph, logits, targets, frames, labels graph.Node) graph.Node {
	if !l.fits(g, logits, targets, frames, labels) {
		return graph.Node{}
	}
	steps, batch, count := logits.Dim(0), logits.Dim(1), targets.Dim(1)
	start := l.verify(g, logits, targets, frames, labels) // first, so that no operation trips over what it would explain
	logp := g.LogSoftmax(logits, -1)
	if g.Err() != nil {
		return graph.Node{}
	}
	blanks := g.Unstack(g.Slice(logp, 2, l.Blank, l.Blank+1)) // T of [B, 1]
	chosen := g.Unstack(g.PickPadded(logp, targets, -1))      // T of [B, S]
	inside := g.Unstack(g.LengthMask(frames, steps))          // T of [B]

	never := g.Full(impossible, batch, 1)
	fresh := differs(g, targets, logits.Dim(2)) // [B, S-1]: not 0 where a label differs from the one before
	// blank[s] and label[s] are the log-probabilities of all ways that end, so far, in the blank before label s and in
	// label s. Before the first frame, nothing but the first blank can have been.
	blank, label := start, g.Full(impossible, batch, count)
	blank = g.Concat(1, blank, g.Full(impossible, batch, count))
	for t := range steps {
		before := g.Slice(blank, 1, 0, count)                 // of each label: the blank before it
		last := g.Concat(1, never, label)                     // of each blank: the label before it
		nextBlank := g.Add(logAdd(g, blank, last), blanks[t]) // stays, or comes from the label before
		nextLabel := logAdd(g, label, before)
		if count > 1 { // a label may follow another one at once
			skip := g.Where(fresh, g.Slice(label, 1, 0, count-1), g.Full(impossible))
			nextLabel = logAdd(g, nextLabel, g.Concat(1, never, skip))
		}
		nextLabel = g.Add(nextLabel, chosen[t])
		blank, label = g.Where(inside[t], nextBlank, blank), g.Where(inside[t], nextLabel, label)
	}
	each := l.finish(g, blank, g.Concat(1, never, label), labels)
	return g.MeanOver(g.Sum(each), g.Full(float64(batch)))
}

// verify returns a column of zeros [B, 1], for which every run checks the targets first.
func (l CTC) verify(g *graph.Graph, logits, targets, frames, labels graph.Node) graph.Node {
	batch, count, classes := targets.Dim(0), targets.Dim(1), logits.Dim(2)
	return g.Verify("losses.CTC", g.Full(0, batch, 1), func(ids [][]int) error {
		for b := range batch {
			row, frames, n := ids[0][b*count:][:count], ids[1][b], ids[2][b]
			if n < 0 || n > count {
				return errors.Errorf("target %d has %d labels; want 0 to %d", b, n, count)
			}
			for i, id := range row {
				switch {
				case i < n && id == l.Blank:
					return errors.Errorf("label %d of target %d is the blank, %d", i, b, id)
				case i < n && (id < 0 || id >= classes):
					return errors.Errorf("label %d of target %d, which has %d, is %d; want 0 to %d without the blank, %d",
						i, b, n, id, classes-1, l.Blank)
				case id < -1 || id >= classes:
					return errors.Errorf("behind the %d labels of target %d is %d; want -1 or 0 to %d", n, b, id, classes-1)
				}
			}
			if need, repeated := ctcNeeds(row[:n]); need > frames && !l.ZeroInfinity {
				return tooLong(b, n, repeated, need, frames)
			}
		}
		return nil
	}, targets, frames, labels)
}

// finish adds up the two ways in which a sequence can end, with the last label or the blank behind it, and returns the loss
// of each sequence divided by its number of labels, [B].
func (l CTC) finish(g *graph.Graph, blank, label, labels graph.Node) graph.Node {
	batch := labels.Dim(0)
	at := func(x graph.Node) graph.Node { // x's element number labels, of every row
		return g.Sum(g.Where(g.Gather(identity(g, x.Dim(1)), labels), x, g.Full(0)), 1)
	}
	each := g.Neg(logAdd(g, at(blank), at(label))) // [B]
	possible := g.ReLU(g.Affine(each, -1, -impossible/2))
	wrong := g.Full(math.Inf(1), batch)
	if l.ZeroInfinity {
		wrong = g.Full(0, batch)
	}
	counts := make([]float64, blank.Dim(1)) // by the number of labels: what to divide by
	for i := range counts {
		counts[i] = float64(max(i, 1))
	}
	return g.Where(possible, g.Div(each, g.Gather(g.Const(graph.Floats64(counts)), labels)), wrong)
}

// fits checks the shapes.
func (l CTC) fits(g *graph.Graph, logits, targets, frames, labels graph.Node) bool {
	switch {
	case g.Err() != nil:
	case logits.Rank() != 3 || targets.Rank() != 2 || targets.Dim(0) != logits.Dim(1):
		g.Failf("CTC", "want logits [T, B, V] and targets [B, S], found %v and %v", logits.Shape(), targets.Shape())
	case frames.Rank() != 1 || labels.Rank() != 1 || frames.Dim(0) != logits.Dim(1) || labels.Dim(0) != logits.Dim(1):
		g.Failf("CTC", "want numbers of frames and labels [%d], found %v and %v", logits.Dim(1), frames.Shape(), labels.Shape())
	case !targets.IsIDs() || !frames.IsIDs() || !labels.IsIDs():
		g.Failf("CTC", "targets, numbers of frames and numbers of labels are ids (ints); found %v, %v and %v", targets, frames, labels)
	case l.Blank < 0 || l.Blank >= logits.Dim(2):
		g.Failf("CTC", "blank %d; want 0 to %d", l.Blank, logits.Dim(2)-1)
	default:
		return true
	}
	return false
}

// differs is not 0 where an id of [B, S], below the given number, differs from the one before it, [B, S-1].
func differs(g *graph.Graph, ids graph.Node, below int) graph.Node {
	n := ids.Dim(1)
	if n < 2 {
		return graph.Node{}
	}
	numbers := make([]float64, below)
	for i := range numbers {
		numbers[i] = float64(i)
	}
	x := g.GatherPadded(g.Const(graph.Floats64(numbers)), ids, -1)
	return g.Sub(g.Slice(x, 1, 1, n), g.Slice(x, 1, 0, n-1))
}

// logAdd is log(eᵃ + eᵇ), element by element. The maximum is chosen by Where, so that impossible values stay finite; the
// gradients through it cancel.
func logAdd(g *graph.Graph, a, b graph.Node) graph.Node {
	top := g.Where(g.ReLU(g.Sub(b, a)), b, a)
	return g.Add(top, g.Log(g.Add(g.Exp(g.Sub(a, top)), g.Exp(g.Sub(b, top)))))
}

// CheckCTC reports the first target that does not fit in its frames: every label needs a frame, and two equal labels in a row
// need one more between them.
func CheckCTC(targets [][]int, frames []int) error {
	if len(targets) != len(frames) {
		return errors.Errorf("losses: CTC: %d targets and %d numbers of frames", len(targets), len(frames))
	}
	for i, target := range targets {
		if need, repeated := ctcNeeds(target); need > frames[i] {
			return errors.Wrap(tooLong(i, len(target), repeated, need, frames[i]), "losses: CTC")
		}
	}
	return nil
}

// ctcNeeds returns the number of frames that a target needs, and the number of labels that equal the one before.
func ctcNeeds(target []int) (frames, repeated int) {
	for i := 1; i < len(target); i++ {
		if target[i] == target[i-1] {
			repeated++
		}
	}
	return len(target) + repeated, repeated
}

func tooLong(target, labels, repeated, need, frames int) error {
	return errors.Errorf("target %d has %d labels, %d of them repeated, and needs %d frames; found %d",
		target, labels, repeated, need, frames)
}
