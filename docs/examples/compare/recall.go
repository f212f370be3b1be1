package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"gorgonia.org/tensor"
)

const (
	symbols = 10
	queried = 2 * symbols // the token that asks; symbols 10 to 19 are the marked ones
	early   = 4           // steps at the beginning of which one is marked

	recallRate = 1e-3 // of learning; at 0.004 most recurrent networks do not learn to recall
)

// sequences are random symbols, one of which, among the first four, is marked. The last token asks which it was, at
// least so many steps later. ids [T, B] with T = distance + 4, answers [B].
func sequences(rng *rand.Rand, distance, batch int) (ids, answers *tensor.Dense) {
	steps := distance + early
	x, y := make([]int, steps*batch), make([]int, batch)
	for b := range batch {
		marked := rng.IntN(early)
		for t := range steps - 1 {
			s := rng.IntN(symbols)
			if t == marked {
				y[b] = s
				s += symbols
			}
			x[t*batch+b] = s
		}
		x[(steps-1)*batch+b] = queried
	}
	return graph.Ints(x, steps, batch), graph.Ints(y, batch)
}

// recall measures which networks bring a symbol over a distance.
func recall(e effort) error {
	const batch, checked = 16, 512
	columns := []string{"network", "parameters"}
	for _, d := range e.distances {
		columns = append(columns, fmt.Sprintf("distance %d", d))
	}
	head(fmt.Sprintf("Recall of one of %d marked symbols after %d batches of %d, accuracy; guessing gives %d %%",
		symbols, e.recallSteps, batch, 100/symbols), columns...)
	for _, f := range families {
		n, err := f.fitted(queried+1, symbols)
		if err != nil {
			return err
		}
		elements, err := n.parameters()
		if err != nil {
			return err
		}
		cells := []string{f.name, fmt.Sprint(elements)}
		for _, distance := range e.distances {
			t := newTrainer(recallRate, e.recallSteps, func(g *graph.Graph, in []graph.Node) []graph.Node {
				logits := n.lastStep(g, in[0])
				return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1]), logits}
			})
			rng := rand.New(rand.NewPCG(1, 2))
			for range e.recallSteps {
				ids, answers := sequences(rng, distance, batch)
				if err := t.step((distance+early)*batch, ids, answers); err != nil {
					return err
				}
			}
			ids, answers := sequences(rng, distance, checked)
			out, err := t.loss.Run(ids, answers)
			if err != nil {
				return err
			}
			right := 0
			for i, s := range best(out[1], symbols) {
				if s == answers.Ints()[i] {
					right++
				}
			}
			cells = append(cells, fmt.Sprintf("%.0f %%", 100*float64(right)/checked))
		}
		row(cells...)
	}
	return nil
}
