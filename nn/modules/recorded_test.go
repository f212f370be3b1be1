package modules_test

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/modules"
	"gorgonia.org/tensor"
)

// recordedCase is a description, with the weights, inputs and outputs that PyTorch has for it.
type recordedCase struct {
	description []byte
	state       []graph.Named
	in, out     map[string]*tensor.Dense
}

func recorded(t *testing.T) map[string]*recordedCase {
	t.Helper()
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	var descriptions map[string]json.RawMessage
	if err := json.Unmarshal(data, &descriptions); err != nil {
		t.Fatal(err)
	}
	cases := map[string]*recordedCase{}
	for name, d := range descriptions {
		cases[name] = &recordedCase{description: d, in: map[string]*tensor.Dense{}, out: map[string]*tensor.Dense{}}
	}
	list, _, err := graph.ReadSafetensors("testdata/recorded.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		part := strings.SplitN(e.Name, "/", 3)
		c := cases[part[0]]
		switch part[1] {
		case "state":
			c.state = append(c.state, graph.Named{Name: part[2], Value: e.Value})
		case "in":
			c.in[part[2]] = e.Value
		default:
			c.out[part[2]] = e.Value
		}
	}
	return cases
}

// Every module and function gives what PyTorch gives.
func TestRecorded(t *testing.T) {
	tried := map[string]bool{"CRF": true, "MultiplicativeLSTM": true} // PyTorch has none
	for name, c := range recorded(t) {
		n, err := modules.Open(c.description, c.state)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if unused := n.Unused(); len(unused) > 0 {
			t.Errorf("%s: unused %v", name, unused)
		}
		for _, kind := range modules.Kinds() {
			tried[kind] = tried[kind] || strings.Contains(n.String(), ": "+kind+" of")
		}
		p, err := n.Params(1)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var in []*tensor.Dense
		for _, port := range n.Inputs() {
			in = append(in, c.in[port.Name])
		}
		out, err := n.Run(p, in...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, port := range n.Outputs() {
			if want := c.out[port.Name]; !out[i].Shape().Eq(want.Shape()) {
				t.Errorf("%s: %s has shape %v; want %v", name, port.Name, out[i].Shape(), want.Shape())
			} else if e := apart(t, out[i], want); !(e < 2e-6) {
				t.Errorf("%s: %s is %g of the largest value away", name, port.Name, e)
			}
		}
	}
	for _, kind := range modules.Kinds() {
		if !tried[kind] {
			t.Errorf("%s has no recorded values", kind)
		}
	}
}

// Every network of floats alone has a loss that gradient descent lowers.
func TestTrains(t *testing.T) {
	for name, c := range recorded(t) {
		if len(c.state) == 0 || name == "BatchNorm1d of rows" { // which has buffers alone
			continue
		}
		n, err := modules.Open(c.description, c.state)
		if err != nil {
			t.Fatal(err)
		}
		p, err := n.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		var in []*tensor.Dense
		for _, port := range n.Inputs() {
			in = append(in, c.in[port.Name])
		}
		falls(t, name, n, p, in)
	}
}

// falls trains towards zero by gradient descent, and expects the loss to fall.
func falls(t *testing.T, name string, n *modules.Network, p *graph.Params, in []*tensor.Dense) {
	t.Helper()
	loss := graph.NewFunc(p, func(g *graph.Graph, x []graph.Node) []graph.Node {
		return []graph.Node{g.Mean(g.Square(n.Build(g, x)[0]))}
	})
	var losses []float64
	for range 8 {
		p.ZeroGrad()
		l, err := loss.Grad(in...)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		losses = append(losses, graph.Scalar(l[0]))
		for i := range p.Len() {
			w := p.At(i)
			if w.Grad() == nil || strings.Contains(w.Name(), "running_") {
				continue
			}
			v := w.Value().Clone().(*tensor.Dense)
			for k, d := range w.Grad().Float32s() {
				v.Float32s()[k] -= 0.02 * d
			}
			if err := p.Set(w.Name(), v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !(losses[len(losses)-1] < losses[0]) {
		t.Errorf("%s: the loss goes from %g to %g", name, losses[0], losses[len(losses)-1])
	}
}

// What a network generates is what it gives when it reads that.
func TestGenerateRepeatsTeacherForcing(t *testing.T) {
	n, p := small(t)
	out, err := n.Run(p, graph.Ints([]int{1, 2, 0, 3, 1, 1}, 2, 3))
	if err != nil {
		t.Fatal(err)
	}
	logits, ids := out[0], out[1]
	steps := ids.Shape()[1]
	target := slices.Repeat([]int{1}, 2*steps) // begin, and what was made
	for b := range 2 {
		copy(target[b*steps+1:(b+1)*steps], ids.Ints()[b*steps:(b+1)*steps-1])
	}
	again, err := n.Run(p, graph.Ints([]int{1, 2, 0, 3, 1, 1}, 2, 3), graph.Ints(target, 2, steps))
	if err != nil {
		t.Fatal(err)
	}
	if len(again) != 1 || apart(t, again[0], logits) > 1e-6 {
		t.Errorf("with all inputs %d outputs, which differ", len(again))
	}
	v := logits.Shape()[2]
	for b := range 2 {
		for u := range steps {
			row := logits.Float32s()[(b*steps+u)*v : (b*steps+u+1)*v]
			if best := slices.Index(row, slices.Max(row)); best != ids.Ints()[b*steps+u] && !slices.Contains(ids.Ints()[b*steps:b*steps+u], 4) {
				t.Errorf("sequence %d, step %d: %d; want %d", b, u, ids.Ints()[b*steps+u], best)
			}
		}
	}
}

// small is an encoder with a decoder of random weights.
func small(t *testing.T) (*modules.Network, *graph.Params) {
	t.Helper()
	var tensors []graph.Named
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32((i*7919+len(tensors)*31)%23)/12 - 0.9
		}
		tensors = append(tensors, graph.Named{Name: name, Value: graph.Floats(data, shape...)})
	}
	for _, side := range []string{"source", "target"} {
		add(side+".weight", 5, 3)
	}
	for _, side := range []string{"encoder", "decoder"} {
		add(side+".weight_ih_l0", 12, 3)
		add(side+".weight_hh_l0", 12, 4)
	}
	add("head.weight", 5, 4)
	n, err := modules.Open([]byte(`{"inputs": [{"name": "a", "type": "int", "shape": ["B", "T"]}, {"name": "b", "type": "int", "shape": ["B", "U"]}],
		"layers": [{"module": "Embedding", "weights": "source", "from": "a"}, {"module": "GRU", "weights": "encoder", "batch_first": true},
			{"module": "Embedding", "weights": "target", "from": "b"}, {"module": "GRU", "weights": "decoder", "from": ["target", "encoder.h_n"], "batch_first": true},
			{"module": "Linear", "weights": "head"}],
		"outputs": ["head"], "generate": {"input": "b", "output": "head", "begin": 1, "end": 4, "limit": 6}}`), tensors)
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Params(1)
	if err != nil {
		t.Fatal(err)
	}
	return n, p
}
