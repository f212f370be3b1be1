package lessons

import (
	"math/rand/v2"
	"strconv"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// fit tells the languages of a few names by networks of any width: too small a one underfits, and a large one learns the few
// names by heart, which shows on others.
func (l *lesson) fit() error {
	hidden := or(l.Hidden, 64)
	texts, labels, err := names(l.ctx, 120)
	if err != nil {
		return err
	}
	lex := letters(texts)
	m := recurrent.ManyToOne{Embedding: nn.Embedding{Tokens: len(lex.Words), Size: max(2, hidden/2)},
		Layer: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: hidden}}, Classes: len(languages), Dropout: l.Dropout}
	loss := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], recurrent.Options{Lengths: in[1]})
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[2])}
	})
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(texts))
	learned, others := order[:100], order[100:300]
	judge := func(which []int, train bool, adam *optim.Adam) (float64, error) {
		some, classes := make([]string, len(which)), make([]int, len(which))
		for i, at := range which {
			some[i], classes[i] = texts[at], labels[at]
		}
		ids, lengths := rows(lex, some, longest)
		a, b, c := graph.Ints(ids, longest, len(some)), graph.Ints(lengths, len(some)), graph.Ints(classes, len(some))
		if train {
			return step(loss, adam, 0.01, 1, a, b, c)
		}
		out, err := loss.Run(a, b, c)
		if err != nil {
			return 0, err
		}
		return graph.Scalar(out[0]), nil
	}
	adam := &optim.Adam{}
	const steps = 120
	training, validation := Line{Name: "training"}, Line{Name: "validation"}
	lowest, at := 0.0, 0
	for i := 1; i <= steps; i++ {
		if err := l.ctx.Err(); err != nil {
			return err
		}
		if _, err := judge(learned, true, adam); err != nil {
			return err
		}
		if i%5 != 0 {
			continue
		}
		for _, c := range []struct {
			line  *Line
			which []int
		}{{&training, learned}, {&validation, others}} {
			v, err := judge(c.which, false, nil)
			if err != nil {
				return err
			}
			c.line.X, c.line.Y = append(c.line.X, float64(i)), append(c.line.Y, v)
			if err := l.emit(Progress{c.line.Name, i, steps, v, -1}); err != nil {
				return err
			}
			if c.line == &validation && (at == 0 || v < lowest) {
				lowest, at = v, i
			}
		}
	}
	end := len(training.Y) - 1
	verdict := "fits"
	switch {
	case validation.Y[end] > lowest*1.1 && training.Y[end] < 0.5*validation.Y[end]:
		verdict = "overfits"
	case training.Y[end] > 0.8: // guessing is ln 5 = 1.609
		verdict = "underfits"
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }
	return l.emit(Result{Done: true, Answer: verdict, Lines: []Line{training, validation}, Rows: [][]string{
		{"hidden", "training", "validation", "lowest", "verdict"},
		{strconv.Itoa(hidden), number(training.Y[end]), number(validation.Y[end]), number(lowest) + " @ " + strconv.Itoa(at), verdict},
	}})
}
