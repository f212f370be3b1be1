package flow_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// lastLoss is the sum of the last hidden state, weighed, of a layer over x [T, B, I].
func lastLoss(layer recurrent.Layer) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := layer.Apply(g.Scope("rnn"), in[0], recurrent.Options{})
		last := g.Slice(y, 0, y.Dim(0)-1, y.Dim(0))
		return []graph.Node{g.Sum(g.Mul(last, g.Const(graphtest.Random(3, last.Dim(2)))))}
	}
}

// identity sets a square weight to a times the identity.
func scaledIdentity(p *graph.Params, name string, a float64) {
	w := p.Get(name)
	n := w.Shape()[1]
	for i := range w.Value().Float64s() {
		w.Value().Float64s()[i] = 0
		if i%(n+1) == 0 {
			w.Value().Float64s()[i] = a
		}
	}
}

// A network of active ReLUs is linear: with weights a·I, a gradient is multiplied by a in every step, exactly.
func TestGradientFlowOfALinearNetwork(t *testing.T) {
	const steps = 200
	for _, c := range []struct {
		a       float64
		verdict flow.Verdict
		reach   int
		words   string
	}{
		{0.9, flow.Vanishing, 66, "VANISHING, times 0.9 a step back: below a thousandth from 66 steps back on"}, // 0.9⁶⁶ < 1/1000
		{1.1, flow.Exploding, 73, "EXPLODING, times 1.1 a step back: a thousandfold 73 steps back"},
		{0.999, flow.Healthy, steps, "healthy, times 0.999 a step back"},
	} {
		p := graph.NewParams64(1)
		x := graphtest.Random(1, steps, 2, 3)
		for i, v := range x.Float64s() {
			x.Float64s()[i] = math.Abs(v)
		}
		loss := lastLoss(recurrent.Unidirectional{Cell: recurrent.RNN{Hidden: 4, ReLU: true}})
		if _, err := graph.NewFunc(p, loss).Run(x); err != nil { // makes the weights
			t.Fatal(err)
		}
		scaledIdentity(p, "rnn.weight_hh_l0", c.a)
		for i, v := range p.Get("rnn.weight_ih_l0").Value().Float64s() {
			p.Get("rnn.weight_ih_l0").Value().Float64s()[i] = math.Abs(v)
		}
		report, err := flow.Measure(p, loss, x)
		if err != nil {
			t.Fatal(err)
		}
		s := report.States[0]
		end := s.Norms[steps-1]
		for i, v := range s.Norms {
			if want := end * math.Pow(c.a, float64(steps-1-i)); math.Abs(v/want-1) > 1e-9 {
				t.Fatalf("a=%g: norm %g at step %d, want %g", c.a, v, i, want)
			}
		}
		if math.Abs(s.Factor-c.a) > 1e-9 || s.Verdict() != c.verdict || s.Reach() != c.reach {
			t.Errorf("a=%g: factor %g, %v, reach %d; want %v and %d", c.a, s.Factor, s.Verdict(), s.Reach(), c.verdict, c.reach)
		}
		if r := report.Weights[0].Radius[0]; math.Abs(r-c.a) > 1e-12 || !strings.Contains(report.String(), c.words) {
			t.Errorf("a=%g: radius %g in\n%s", c.a, r, report)
		}
	}
}

// Norms against the gradient of the rest of the sequence with respect to the state that it starts from.
func TestGradientFlowAgainstTheRestOfTheSequence(t *testing.T) {
	const steps = 6
	for _, reverse := range []bool{false, true} {
		p := graph.NewParams64(1)
		x := graphtest.Random(1, steps, 2, 3)
		final := func(g *graph.Graph, x graph.Node, o recurrent.Options) (graph.Node, recurrent.State) {
			o.Reverse = reverse
			if reverse {
				g = recurrent.InReverse(g)
			}
			_, s := recurrent.Unroll(g.Scope("rnn"), recurrent.LSTM{Hidden: 4}, x, o)
			return g.Add(g.Sum(g.Square(s[0])), g.Sum(s[1])), s
		}
		report, err := flow.Measure(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			loss, _ := final(g, in[0], recurrent.Options{})
			return []graph.Node{loss}
		}, x)
		if err != nil {
			t.Fatal(err)
		}
		for after := range steps - 1 { // after so many steps walked
			first, rest, at := [2]int{0, after + 1}, [2]int{after + 1, steps}, after
			if reverse {
				first, rest, at = [2]int{steps - 1 - after, steps}, [2]int{0, steps - 1 - after}, steps-1-after
			}
			out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
				_, s := final(g, g.Slice(in[0], 0, first[0], first[1]), recurrent.Options{})
				loss, _ := final(g.Shared(), g.Slice(in[0], 0, rest[0], rest[1]), recurrent.Options{Initial: s})
				var norms []graph.Node
				for _, d := range g.Grad(loss, s...) {
					norms = append(norms, g.Sqrt(g.Sum(g.Square(d))))
				}
				return norms
			}).Run(x)
			if err != nil {
				t.Fatal(err)
			}
			for j := range 2 {
				if got, want := report.States[j].Norms[at], graph.Scalar(out[j]); math.Abs(got-want) > 1e-12 {
					t.Errorf("reverse %v: ‖∂L/∂%s‖ after %d steps is %g, want %g", reverse, report.States[j].Name, after+1, got, want)
				}
			}
		}
	}
}

// Where one state of a layer loses the gradient and another one of it does not, there is nothing to be done; another
// layer's state does not help.
func TestAStateThatCarriesTheGradient(t *testing.T) {
	lost := flow.State{Name: "a.state_0_l0", Norms: []float64{1e-9, 1}, Ratio: 1e-9}
	for carrier, helps := range map[string]bool{"a.state_1_l0": true, "a.state_1_l1": false, "a.state_1_l0_reverse": false, "b.state_1_l0": false} {
		kept := flow.State{Name: carrier, Norms: []float64{1, 1}, Ratio: 1}
		report := (&flow.Report{States: []flow.State{lost, kept}}).String()
		if strings.Contains(report, carrier+" carries it") != helps || strings.Contains(report, "Against vanishing") == helps {
			t.Errorf("with %s:\n%s", carrier, report)
		}
	}
}

func TestGateUse(t *testing.T) {
	p := graph.NewParams64(1)
	loss := lastLoss(recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 3}})
	x := graphtest.Random(1, 5, 2, 2)
	if _, err := graph.NewFunc(p, loss).Run(x); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		p.At(i).Value().Zero()
	}
	copy(p.Get("rnn.bias_ih_l0").Value().Float64s(), []float64{-10, -10, 10, 9, 9, 0}) // input gate of three units, forget gate
	report, err := flow.Measure(p, loss, x)
	if err != nil {
		t.Fatal(err)
	}
	use := map[string]flow.Gate{}
	for _, g := range report.Gates {
		use[g.Name] = g
	}
	in, forget, back := use["rnn.input_gate_l0"], use["rnn.forget_gate_l0"], use["rnn.input_gate_l0_reverse"]
	if math.Abs(in.Closed-2.0/3) > 1e-9 || math.Abs(in.Open-1.0/3) > 1e-9 || math.Abs(forget.Open-2.0/3) > 1e-9 || math.Abs(back.Mean-0.5) > 1e-9 || back.Open+back.Closed != 0 {
		t.Errorf("input %+v, forget %+v, backward input %+v", in, forget, back)
	}
	if !strings.Contains(report.String(), "rnn.input_gate_l0 hardly moves any more: 100%") {
		t.Errorf("the report does not name the gate:\n%s", report)
	}
}

// The spectral radius of a rotation is its scale, though its norm in single directions differs.
func TestSpectralRadius(t *testing.T) {
	p := graph.NewParams64(1)
	if _, err := p.Add("a.weight_hh_l0", graph.Floats64([]float64{0, -0.5, 0.5, 0, 2, 7, 0, 0.1}, 4, 2)); err != nil {
		t.Fatal(err)
	}
	report, err := flow.Measure(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g.Scope("b"), recurrent.RNN{Hidden: 2}, in[0], recurrent.Options{})
		return []graph.Node{g.Sum(y)}
	}, graphtest.Random(1, 3, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	if r := report.Weights[0].Radius; math.Abs(r[0]-0.5) > 1e-12 || math.Abs(r[1]-2) > 1e-12 {
		t.Errorf("radii %v, want 0.5 and 2", r)
	}
}

func TestNothingGiven(t *testing.T) {
	p := graph.NewParams(1)
	_, none := flow.Measure(nil, lastLoss(nil))
	_, without := flow.Measure(p, nil)
	_, noStep := flow.Updates(p, nil)
	_, noStore := flow.Updates(nil, func() error { return nil })
	for _, err := range []error{none, without, noStep, noStore} {
		if err == nil || !strings.Contains(err.Error(), "must be given") {
			t.Errorf("error %v", err)
		}
	}
	for _, s := range []interface{ String() string }{flow.Verdict(-1), flow.Verdict(9), &flow.Report{},
		&flow.Report{States: []flow.State{{}, {Name: "x_reverse", Ratio: math.NaN()}}, Gates: []flow.Gate{{}}, Weights: []flow.Weight{{}}, Params: []flow.Param{{}}}} {
		if text := s.String(); strings.Contains(text, "%!") {
			t.Errorf("%T: %s", s, text)
		}
	}
	if got := flow.Verdict(9).String(); got != "Verdict(9)" {
		t.Error(got)
	}
	if n := (flow.State{}).Reach(); n != 0 {
		t.Error(n)
	}
}

func TestUpdateRatios(t *testing.T) {
	p := graph.NewParams64(1)
	for name, v := range map[string][]float64{"w": {3, 4}, "zero": {0, 0}} {
		if _, err := p.Add(name, graph.Floats64(v)); err != nil {
			t.Fatal(err)
		}
	}
	ratios, err := flow.Updates(p, func() error {
		for i := range p.Len() {
			p.At(i).Grad().Float64s()[0] = 1
		}
		return (&optim.SGD{}).Step(p, 0.5)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range ratios {
		if want := map[string]float64{"w": 0.1, "zero": 0}[r.Name]; math.Abs(r.Ratio-want) > 1e-12 {
			t.Errorf("%s changed by %g of its size, want %g", r.Name, r.Ratio, want)
		}
	}
}

func TestGradientFlowRefuses(t *testing.T) {
	for want, loss := range map[string]graph.Build{
		"has no recurrent states": func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{g.Sum(g.Mul(in[0], g.Param("w", graph.Constant(1), 2)))}
		},
		"needs a loss": func(g *graph.Graph, in []graph.Node) []graph.Node { return nil },
	} {
		_, err := flow.Measure(graph.NewParams64(1), loss, []*tensor.Dense{graphtest.Random(1, 3, 1, 2)}...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
