package train

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// Batch names the inputs of a loss function that is trained on FromBatches or FromWindows, so that nobody counts them:
//
//	func(g *graph.Graph, in []graph.Node) []graph.Node {
//		b := train.BatchOf(g, in)
//		logits, _ := model.Apply(g, b.Inputs, recurrent.Options{Lengths: b.Lengths})
//		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, b.Labels)}
//	}
//
// What the batch does not have is the zero Node, which layers and losses refuse or take for "not given".
type Batch struct {
	Inputs  graph.Node // token ids [T, B]; or
	Values  graph.Node // numbers [T, B, F]
	Lengths graph.Node // ids [B]; windows have none

	TargetInputs graph.Node // ids [U, B]: what a decoder is fed

	// What is to be predicted: one of these.
	Labels  graph.Node // ids [B]
	Numbers graph.Node // [B, G]
	Targets graph.Node // ids [T, B] or [U, B], or of transcripts [B, U]
	Future  graph.Node // [H, B, G]

	TargetLengths graph.Node // ids [B], of Targets that no decoder is fed, as of CTC

	State []graph.Node // the carried state, see Loop.State
}

// BatchOf reads the inputs by their order, that of FromBatches, and by what they hold, ids or numbers, with how many axes.
// The first input that can be predicted ends the batch; the state follows. Inputs that no such batch has are an error.
func BatchOf(g *graph.Graph, in []graph.Node) Batch {
	r := batchReader{rest: in}
	var b Batch
	if !r.take(&b.Inputs, ids, 2) && !r.take(&b.Values, numbers, 3) {
		g.Failf("train.BatchOf", "the first of %d inputs is not ids [T, B] and not numbers [T, B, F]: %s", len(in), shapes(in))
		return Batch{}
	}
	r.take(&b.Lengths, ids, 1)
	if len(r.rest) > 1 && is(r.rest[0], ids, 2) && is(r.rest[1], ids, 2) {
		r.take(&b.TargetInputs, ids, 2)
	}
	_ = r.take(&b.Labels, ids, 1) || r.take(&b.Targets, ids, 2) || r.take(&b.Numbers, numbers, 2) || r.take(&b.Future, numbers, 3)
	if b.Targets.Valid() && !b.TargetInputs.Valid() {
		r.take(&b.TargetLengths, ids, 1)
	}
	b.State = r.rest
	for i, n := range b.State {
		if !is(n, numbers, n.Rank()) {
			g.Failf("train.BatchOf", "input %d follows the batch, and is no state, which are numbers: %s", len(in)-len(b.State)+i, shapes(in))
			return Batch{}
		}
	}
	return b
}

// batchReader takes nodes off a list.
type batchReader struct{ rest []graph.Node }

// take takes the first node of the list, if it holds such things with so many axes.
func (r *batchReader) take(to *graph.Node, what content, rank int) bool {
	if len(r.rest) == 0 || !is(r.rest[0], what, rank) {
		return false
	}
	*to, r.rest = r.rest[0], r.rest[1:]
	return true
}

// content is what a node holds.
type content bool

const (
	ids     content = true
	numbers content = false
)

func is(n graph.Node, what content, rank int) bool {
	return n.Valid() && n.IsIDs() == bool(what) && n.Rank() == rank
}

// shapes lists nodes for an error.
func shapes(in []graph.Node) string {
	var out strings.Builder
	for i, n := range in {
		if i > 0 {
			out.WriteString(", ")
		}
		switch {
		case !n.Valid():
			out.WriteString("no node")
		case n.IsIDs():
			fmt.Fprintf(&out, "ids %v", n.Shape())
		default:
			fmt.Fprintf(&out, "numbers %v", n.Shape())
		}
	}
	return out.String()
}
