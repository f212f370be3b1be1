package lessons

import (
	"github.com/unroll-go/unroll/docs/internal/cloze"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// order asks who bites whom: the same words in another order. Attention without positions sees a set of words.
func (l *lesson) order() error {
	animals := []string{"dog", "cat", "wolf", "fox", "bear", "horse", "mouse", "snake"}
	var all []cloze.Question
	for _, a := range animals {
		for _, b := range animals {
			if a != b {
				all = append(all, cloze.Question{Words: []string{a, "bites", b, "who", "cries"}, Answer: b})
			}
		}
	}
	lexicon := cloze.LexiconOf(all)
	train, test := cloze.Shuffled(all)
	attend := func(positions bool) cloze.Reader {
		return func(g *graph.Graph, x graph.Node) graph.Node {
			if positions {
				x = nn.LearnedPositions{Max: 8}.Apply(g.Scope("positions"), x)
			}
			y := g.Add(x, nn.MultiHeadAttention{Heads: 2}.Apply(g.Scope("attention"), x))
			y = g.Add(y, nn.Dense{Units: embedded}.Apply(g.Scope("out"), g.ReLU(nn.Dense{Units: 32}.Apply(g.Scope("hidden"), y))))
			return g.Mean(y, 0)
		}
	}
	result := Result{Done: true, Rows: [][]string{{"network", "accuracy"}}}
	for _, c := range []struct {
		name string
		read cloze.Reader
	}{
		{"attention", attend(false)},
		{"attention-positions", attend(true)},
		{"rnn", func(g *graph.Graph, x graph.Node) graph.Node {
			_, state := recurrent.Unroll(g, recurrent.GRU{Hidden: 24}, x, recurrent.Options{})
			return state[0]
		}},
	} {
		accuracy, err := l.learn(c.name, newNetwork(lexicon, c.read), train, test, 200)
		if err != nil {
			return err
		}
		result.Accuracy = accuracy
		result.Rows = append(result.Rows, []string{c.name, percent(accuracy)})
	}
	return l.emit(result)
}

// cost measures how long a pass over sequences of growing length takes, for an LSTM and for self-attention. An LSTM's work grows
// with the length, attention's with its square; but an LSTM's steps wait for one another, while attention has two.
func (l *lesson) cost() error {
	const width = 32
	rng := rand.New(rand.NewPCG(1, 1))
	result := Result{Done: true, Rows: [][]string{{"length", "lstm", "attention", "lstm-steps", "attention-steps"}}}
	lines := []Line{{Name: "lstm"}, {Name: "attention"}}
	for _, T := range []int{32, 64, 128, 256, 512} {
		x := make([]float32, T*width)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		row := []string{strconv.Itoa(T)}
		for i, build := range []graph.Build{
			func(g *graph.Graph, in []graph.Node) []graph.Node {
				_, final := recurrent.Unroll(g, recurrent.LSTM{Hidden: width}, in[0], recurrent.Options{})
				return []graph.Node{final[0]}
			},
			func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{nn.MultiHeadAttention{Heads: 4}.Apply(g, in[0])}
			},
		} {
			if err := l.ctx.Err(); err != nil {
				return err
			}
			ms, err := milliseconds(graph.NewFunc(graph.NewParams(1), build), graph.Floats(x, T, 1, width))
			if err != nil {
				return err
			}
			lines[i].X, lines[i].Y = append(lines[i].X, float64(T)), append(lines[i].Y, ms)
			row = append(row, strconv.FormatFloat(ms, 'f', 2, 64)+" ms")
			if err := l.emit(Progress{lines[i].Name, T, 512, ms, -1}); err != nil {
				return err
			}
		}
		result.Rows = append(result.Rows, append(row, strconv.Itoa(T), "2"))
	}
	result.Lines = lines
	return l.emit(result)
}

// milliseconds is the shortest of some runs: what else the machine does makes others longer.
func milliseconds(f *graph.Func, x *tensor.Dense) (float64, error) {
	if _, err := f.Run(x); err != nil { // compiles
		return 0, err
	}
	best := time.Duration(1 << 62)
	for range 5 {
		start := time.Now()
		if _, err := f.Run(x); err != nil {
			return 0, err
		}
		best = min(best, time.Since(start))
	}
	return float64(best.Microseconds()) / 1000, nil
}

// weights counts parameters: more steps share the same, more layers have more. The last row is the reader's own.
func (l *lesson) weights() error {
	result := Result{Done: true, Rows: [][]string{{"steps", "layers", "weights"}}}
	for _, c := range [][2]int{{3, 1}, {300, 1}, {30, 2}, {30, 3}, {or(l.Steps, 30), or(l.Layers, 1)}} {
		params := graph.NewParams(1)
		f := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unroll(g, recurrent.StackOf(c[1], recurrent.RNN{Hidden: 16}), in[0], recurrent.Options{})
			return []graph.Node{y}
		})
		if _, err := f.Run(graph.Floats(make([]float32, c[0]*8), c[0], 1, 8)); err != nil {
			return err
		}
		result.Answer = strconv.Itoa(params.Elements())
		result.Rows = append(result.Rows, []string{strconv.Itoa(c[0]), strconv.Itoa(c[1]), result.Answer})
	}
	return l.emit(result)
}

// scan computes a linear recurrence step by step, and by halves: the same numbers in a logarithm of the steps.
func (l *lesson) scan() error {
	const T, width = 256, 32
	x := make([]float32, T*width)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	params := graph.NewParams(1)
	cell := recurrent.MinGRU{Hidden: width}
	unrolled := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, cell, in[0], recurrent.Options{})
		return []graph.Node{y}
	})
	scanned := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Scan(g, cell, in[0], recurrent.Options{})
		return []graph.Node{y}
	})
	in := graph.Floats(x, T, 1, width)
	a, err := unrolled.Run(in)
	if err != nil {
		return err
	}
	b, err := scanned.Run(in)
	if err != nil {
		return err
	}
	worst := 0.0
	for i, v := range a[0].Float32s() {
		worst = max(worst, float64(v-b[0].Float32s()[i]), float64(b[0].Float32s()[i]-v))
	}
	slow, err := milliseconds(unrolled, in)
	if err != nil {
		return err
	}
	fast, err := milliseconds(scanned, in)
	if err != nil {
		return err
	}
	ms := func(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + " ms" }
	return l.emit(Result{Done: true, Accuracy: worst, Rows: [][]string{{"way", "dependent", "time", "difference"},
		{"unrolled", strconv.Itoa(T), ms(slow), "0"}, {"scanned", "8", ms(fast), strconv.FormatFloat(worst, 'g', 2, 64)}}})
}
