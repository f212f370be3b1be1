package xla

import (
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// trainee is a model with a batch.
type trainee struct {
	name  string
	build graph.Build
	in    []*tensor.Dense

	// free are elements of parameters whose gradient is 0 but for rounding, which Adam makes as large as any other's step: the bias
	// of an attention's keys shifts all scores of a query alike.
	free map[string][2]int
}

const steps, batch, classes = 5, 3, 7

func ids(seed uint64, below int, shape ...int) *tensor.Dense {
	return graphtest.RandomIDs(seed, below, shape...)
}

// tagger is a layer over embedded ids with a loss at every step.
func tagger(layer recurrent.Layer, rate float64) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: classes, Size: 6}.Apply(g.Scope("embedding"), in[0])
		y, _ := layer.Apply(g.Scope("layer"), x, recurrent.Options{})
		y = nn.Dropout{Rate: rate}.Apply(g, y)
		logits := nn.Dense{Units: classes}.Apply(g.Scope("head"), y)
		return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
	}
}

func trainees() []trainee {
	tags := []*tensor.Dense{ids(1, classes, steps, batch), ids(2, classes, steps, batch)}
	features := graphtest.Float32(graphtest.Random(3, steps, batch, 6))
	return []trainee{
		{name: "LSTM with dropout", build: tagger(recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 6}}, 0.3), in: tags},
		{name: "GRU", build: tagger(recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 6}}, 0), in: tags},
		{name: "bidirectional LSTM", build: tagger(recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 4}}, 0), in: tags},
		{name: "latency-controlled GRU", build: tagger(recurrent.LatencyControlled{Cells: []recurrent.Cell{recurrent.GRU{Hidden: 4}, recurrent.GRU{Hidden: 4}}, Chunk: 2, Ahead: 1}, 0), in: tags},
		{name: "seq2seq with attention", build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			m := recurrent.Seq2Seq{Source: nn.Embedding{Tokens: classes, Size: 5}, Target: nn.Embedding{Tokens: classes, Size: 5},
				Encoder: recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 6}}, Decoder: recurrent.GRU{Hidden: 6}, Attention: recurrent.LuongDot}
			logits, _ := m.Apply(g.Scope("model"), in[0], in[1], recurrent.Options{Lengths: in[2]})
			return []graph.Node{losses.CrossEntropy{}.Apply(g, logits, in[1])}
		}, in: append(append([]*tensor.Dense{}, tags...), graph.Ints([]int{5, 2, 3}))},
		{name: "Transformer", build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			x := nn.Embedding{Tokens: classes, Size: 6}.Apply(g.Scope("embedding"), in[0])
			y := nn.TransformerEncoder{Layers: 1, Layer: nn.TransformerEncoderLayer{Heads: 2, Causal: true, Dropout: 0.1}}.Apply(g.Scope("layers"), x)
			return []graph.Node{losses.CrossEntropy{}.Apply(g, nn.Dense{Units: classes}.Apply(g.Scope("head"), y), in[1])}
		}, in: tags, free: map[string][2]int{"layers.layers.0.self_attn.in_proj_bias": {6, 12}}},
		{name: "CTC", build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 6}}.Apply(g.Scope("layer"), in[0], recurrent.Options{})
			logits := nn.Dense{Units: classes}.Apply(g.Scope("head"), y)
			return []graph.Node{losses.CTC{}.Apply(g, logits, in[1], in[2], in[3])}
		}, in: []*tensor.Dense{features, graph.Ints([]int{1, 2, 3, 3, 4, 0}, batch, 2), graph.Ints([]int{5, 4, 3}), graph.Ints([]int{2, 2, 1})}},
		{name: "transducer", build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 6}}.Apply(g.Scope("layer"), in[0], recurrent.Options{Lengths: in[2]})
			m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: classes, Size: 4}, Cell: recurrent.GRU{Hidden: 5}, Units: 6}
			scores := m.Scores(g.Scope("model"), y, in[1])
			return []graph.Node{losses.Transducer{}.FromScores(g, scores, in[1], in[2], in[3])}
		}, in: []*tensor.Dense{features, graph.Ints([]int{1, 2, 3, 3, 4, -1}, batch, 2), graph.Ints([]int{5, 4, 3}), graph.Ints([]int{2, 2, 1})}},
		{name: "CRF", build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			y, _ := recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 6}}.Apply(g.Scope("layer"), in[0], recurrent.Options{})
			return []graph.Node{losses.CRF{Lengths: in[2]}.Apply(g.Scope("crf"), nn.Dense{Units: classes}.Apply(g.Scope("head"), y), in[1])}
		}, in: []*tensor.Dense{features, tags[1], graph.Ints([]int{5, 2, 3})}},
	}
}

// trainBoth takes steps on both sides, from the same weights, and returns the largest difference of the losses and of the weights.
func trainBoth(t *testing.T, c *Client, m trainee, optimizer func() optim.Optimizer, clip float64, count int) float64 {
	t.Helper()
	p, q := graph.NewParams(1), graph.NewParams(1)
	f, g := graph.NewFunc(p, m.build), graph.NewFunc(q, m.build)
	f.Seed(3)
	o, o2 := optimizer(), optimizer()
	s, err := NewSession(c, g, q, stablehlo.Training{Optimizer: o2, ClipNorm: clip})
	check(t, err)
	defer s.Close()
	s.Seed(3)
	worst := 0.0
	for range count {
		want, err := f.Grad(m.in...)
		check(t, err)
		_, err = optim.ClipByNorm(p, clip)
		check(t, err)
		loss := want[0].Clone().(*tensor.Dense)
		check(t, o.Step(p, 0.01))
		got, err := s.Step(0.01, m.in...)
		check(t, err)
		worst = max(worst, difference(t, "loss", got[0], loss))
	}
	check(t, s.Save())
	for i := range p.Len() {
		name := p.At(i).Name()
		got, want := q.Get(name).Value(), p.At(i).Value()
		free := m.free[name]
		copy(got.Float32s()[free[0]:free[1]], want.Float32s()[free[0]:free[1]])
		worst = max(worst, difference(t, name, got, want))
	}
	state := map[string]*tensor.Dense{}
	for _, v := range o2.State() {
		state[v.Name] = v.Value
	}
	for _, v := range o.State() {
		if state[v.Name] == nil {
			t.Fatalf("the optimiser's %s was not saved", v.Name)
		}
		worst = max(worst, difference(t, v.Name, state[v.Name], v.Value))
	}
	return worst
}

// Twenty steps of Adam with a limit of the gradients' norm.
func TestTraining(t *testing.T) {
	c := client(t)
	for _, m := range trainees() {
		t.Run(m.name, func(t *testing.T) {
			worst := trainBoth(t, c, m, func() optim.Optimizer { return &optim.Adam{} }, 1, 20)
			t.Logf("difference %.1e", worst)
			if !(worst <= 1e-4) {
				t.Errorf("difference %g after 20 steps; want 1e-4 at most", worst)
			}
		})
	}
}

func TestOptimizers(t *testing.T) {
	c := client(t)
	line := trainee{build: func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{losses.MSE{}.Apply(g, nn.Dense{Units: 2}.Apply(g.Scope("dense"), in[0]), in[1])}
	}, in: []*tensor.Dense{graphtest.Float32(graphtest.Random(1, 4, 3)), graphtest.Float32(graphtest.Random(2, 4, 2))}}
	for name, o := range map[string]func() optim.Optimizer{
		"Adam":             func() optim.Optimizer { return &optim.Adam{Beta1: 0.8, Decay: 0.1} },
		"AdamW":            func() optim.Optimizer { return optim.AdamW(0.1) },
		"SGD":              func() optim.Optimizer { return &optim.SGD{Decay: 0.1} },
		"momentum":         func() optim.Optimizer { return &optim.SGD{Momentum: 0.9} },
		"Nesterov":         func() optim.Optimizer { return &optim.SGD{Momentum: 0.9, Nesterov: true} },
		"RMSProp":          func() optim.Optimizer { return &optim.RMSProp{} },
		"RMSProp centered": func() optim.Optimizer { return &optim.RMSProp{Centered: true, Momentum: 0.5, Decay: 0.1} },
		"AdaGrad":          func() optim.Optimizer { return &optim.AdaGrad{RateDecay: 0.1, Start: 0.2} },
	} {
		for _, clip := range []float64{0, 0.1, 100} {
			if testing.Short() && clip != 0.1 && name != "Adam" {
				continue // gradients are cut before they come to the optimiser
			}
			worst := trainBoth(t, c, line, o, clip, 5)
			t.Logf("%s, limit %g: difference %.1e", name, clip, worst)
			if !(worst <= 1e-5) {
				t.Errorf("%s, limit %g: difference %g after 5 steps; want 1e-5 at most", name, clip, worst)
			}
		}
	}
}

// A session that begins from a checkpoint of another goes on as that would have.
func TestResume(t *testing.T) {
	c := client(t)
	m := trainees()[0]
	run := func(cut bool) *graph.Params {
		p, o := graph.NewParams(1), &optim.Adam{}
		var s *Session
		for i := range 4 {
			if i == 0 || cut && i == 2 {
				if s != nil {
					check(t, s.Save())
					s.Close()
				}
				var err error
				s, err = NewSession(c, graph.NewFunc(p, m.build), p, stablehlo.Training{Optimizer: o})
				check(t, err)
			}
			s.Seed(uint64(i))
			_, err := s.Step(0.01, m.in...)
			check(t, err)
		}
		check(t, s.Save())
		s.Close()
		return p
	}
	whole, parts := run(false), run(true)
	for i := range whole.Len() {
		q := whole.At(i)
		if d := difference(t, q.Name(), parts.Get(q.Name()).Value(), q.Value()); d != 0 {
			t.Errorf("%s differs by %g", q.Name(), d)
		}
	}
}
