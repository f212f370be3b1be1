package modules_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/modules"
	"gorgonia.org/tensor"
)

// weights are those of a small tagger.
func weights() []graph.Named {
	zeros := func(shape ...int) *tensor.Dense {
		n := 1
		for _, d := range shape {
			n *= d
		}
		return graph.Floats(make([]float32, n), shape...)
	}
	return []graph.Named{
		{Name: "emb.weight", Value: zeros(5, 3)}, {Name: "rnn.weight_ih_l0", Value: zeros(8, 3)}, {Name: "rnn.weight_hh_l0", Value: zeros(8, 2)},
		{Name: "head.weight", Value: zeros(4, 2)}, {Name: "head.bias", Value: zeros(3)}, {Name: "extra", Value: zeros(1)},
	}
}

func describe(layers, more string) string {
	return `{"inputs": [{"name": "ids", "type": "int", "shape": ["T", "B"]}], "layers": [` + layers + `], "outputs": ["out"]` + more + `}`
}

// What does not fit is refused by name, all of it at once.
func TestRefuses(t *testing.T) {
	last := `{"module": "tanh", "name": "out"}`
	for _, c := range []struct{ description, want string }{
		{"", "EOF"},
		{`{"input": []}`, `unknown field "input"`},
		{describe(last, "") + "{}", "there is more behind its end"},
		{`{"inputs": [], "layers": [], "outputs": []}`, "0 inputs, 0 layers and 0 outputs"},
		{describe(`{"module": "Linearr", "name": "out"}`, ""), `there is no module "Linearr"; there are BatchNorm1d`},
		{describe(`{"module": "Embedding", "weights": "emb", "from": "idz"}, `+last, ""), `it reads "idz", which is no input and no result of a layer before it`},
		{describe(`{"module": "Embedding"}, `+last, ""), `Embedding has weights; want their name in the file as "weights"`},
		{describe(`{"module": "relu", "weights": "emb"}, `+last, ""), `relu has no weights, but is given "emb"`},
		{describe(`{"module": "Embedding", "weights": "embedding"}, `+last, ""), "the file has no embedding.weight"},
		{describe(`{"module": "Linear", "weights": "head"}, `+last, ""), "head.bias has shape [3]; want [4]"},
		{describe(`{"module": "LSTM", "weights": "rnn", "batchfirst": true}, `+last, ""), `LSTM has no setting "batchfirst" here`},
		{describe(`{"module": "GRU", "weights": "rnn"}, `+last, ""), "weight_ih_l0 has 8 rows and weight_hh_l0 2 columns; want those of 3 gates of one width"},
		{describe(`{"module": "softmax"}, `+last, ""), `it lacks the setting "dim"`},
		{describe(`{"module": "softmax", "dim": 0.5}, `+last, ""), "dim is 0.5; want a whole number"},
		{describe(`{"module": "add"}, `+last, ""), "add reads 1 values; want 2 to 64"},
		{describe(`{"module": "tanh", "name": "ids"}, `+last, ""), `the name "ids" is empty or taken`},
		{describe(`{"module": "tanh"}`, ""), `output "out" is no input and no result of a layer`},
		{describe(last, `, "generate": {"input": "x", "output": "y", "begin": 0, "end": 1, "limit": 3}`), `generate: input "x"`},
		{describe(last, `, "generate": {"input": "ids", "output": "out", "begin": 0, "end": 1, "limit": 100000}`), "limit 100000; want ids, and 1 to 1024"},
		{describe(`{"module": "Linearr", "name": "a"}, {"module": "Lstm", "name": "out"}`, ""), `layer out: there is no module "Lstm"`},
	} {
		_, err := modules.Open([]byte(c.description), weights())
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "modules: ") {
			t.Errorf("%s\nfound %v; want %q", c.description, err, c.want)
		}
	}
}

// What does not fit the inputs is an error of the graph, with the layer's name.
func TestRefusesInputs(t *testing.T) {
	for _, c := range []struct {
		layers, want string
		in           *tensor.Dense
	}{
		{`{"module": "Embedding", "weights": "emb", "name": "out"}`, "input ids is float of shape [2 2]; want ids int [T, B]", graph.Floats(make([]float32, 4), 2, 2)},
		{`{"module": "Embedding", "weights": "emb", "name": "out"}`, "input ids is int of shape [2]; want ids int [T, B]", graph.Ints([]int{1, 2})},
		{`{"module": "Embedding", "weights": "emb"}, {"module": "squeeze", "dim": 0, "name": "out"}`, "layer out: axis 0 of shape [2 1 3]; want one of length 1", graph.Ints([]int{1, 2}, 2, 1)},
		{`{"module": "Embedding", "weights": "emb"}, {"module": "select", "dim": 3, "index": 0, "name": "out"}`, "layer out: dim 3 of a value of shape [2 1 3]", graph.Ints([]int{1, 2}, 2, 1)},
		{`{"module": "Embedding", "weights": "emb"}, {"module": "pad", "pad": [3, 3], "mode": "reflect", "name": "out"}`, "pad [3 3] is more than an axis of 3 places has", graph.Ints([]int{1, 2}, 2, 1)},
		{`{"module": "Embedding", "weights": "emb"}, {"module": "pad", "pad": [268435456, 0], "name": "out"}`, "the results take more memory", graph.Ints([]int{1, 2}, 2, 1)},
	} {
		n, err := modules.Open([]byte(describe(c.layers, "")), weights())
		if err != nil {
			t.Fatal(err)
		}
		p, err := n.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.Run(p, c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\nfound %v; want %q", c.layers, err, c.want)
		}
	}
}

// Tensors that no layer takes are listed.
func TestUnused(t *testing.T) {
	n, err := modules.Open([]byte(describe(`{"module": "Embedding", "weights": "emb"}, {"module": "LSTM", "weights": "rnn", "name": "out"}`, "")), weights())
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(n.Unused()); got != "[head.weight head.bias extra]" {
		t.Errorf("unused: %s", got)
	}
}

// A map of names makes tensors of others.
func TestNames(t *testing.T) {
	file := []graph.Named{
		{Name: "w", Value: graph.Floats([]float32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 4)}, {Name: "g", Value: graph.Floats([]float32{1, 1, 2, 2})},
		{Name: "a", Value: graph.Floats([]float32{1, 2}, 1, 2)}, {Name: "b", Value: graph.Floats([]float32{3, 4}, 1, 2)}, {Name: "left", Value: graph.Ints([]int{7})},
	}
	for names, want := range map[string]string{
		`{"x": "a"}`: "x[1 2][1 2] w g b left",
		`{"x": {"from": "w", "transpose": true, "blocks": [1, 0]}}`:                            "x[4 2][3 7 4 8 1 5 2 6] g a b left",
		`{"x": {"from": "w", "rows": [1, 2], "shape": [2, 2]}}`:                                "x[2 2][5 6 7 8] g a b left",
		`{"x": {"from": ["a", "b"]}}`:                                                          "x[2 2][1 2 3 4] w g left",
		`{"x": {"from": "w", "rows": [0, 1]}, "y": {"from": "w", "rows": [1, 2]}}`:             "x[1 4][1 2 3 4] y[1 4][5 6 7 8] g a b left",
		`{"x": {"from": "w", "transpose": true, "length": "g", "rows": [0, 1], "shape": [2]}}`: "x[2][0.19611613 0.9805807] a b left",
	} {
		m, err := modules.ParseNames([]byte(names))
		if err != nil {
			t.Fatal(err)
		}
		out, err := m.Apply(file)
		if err != nil {
			t.Errorf("%s: %v", names, err)
			continue
		}
		var got []string
		for _, e := range out {
			if _, ok := m[e.Name]; ok {
				got = append(got, fmt.Sprintf("%s%v%v", e.Name, []int(e.Value.Shape()), e.Value.Data()))
			} else {
				got = append(got, e.Name)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s\ngave %s\nwant %s", names, s, want)
		}
	}
	for names, want := range map[string]string{
		`[]`:                                        "the map of names",
		`{"x": {"form": "a"}}`:                      `unknown field "form"`,
		`{"x": "z", "y": "zz"}`:                     "x: the file has no z; y: the file has no zz",
		`{"x": {"transpose": true}}`:                "it is made of nothing",
		`{"x": {"from": ["a", "w"]}}`:               "w has shape [2 4], which does not go behind [1 2]",
		`{"x": {"from": "w", "blocks": [0, 1, 2]}}`: "3 blocks of 2 rows",
		`{"x": {"from": "w", "blocks": [0, 2]}}`:    "want numbers from 0 to 1",
		`{"x": {"from": "w", "rows": [1, 3]}}`:      "rows [1 3] of 2",
		`{"x": {"from": "w", "shape": [3]}}`:        "shape [3] for [2 4]",
		`{"x": {"from": "w", "length": "g"}}`:       "g has 4 numbers for 2 rows",
	} {
		m, err := modules.ParseNames([]byte(names))
		if err == nil {
			_, err = m.Apply(file)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: found %v; want %q", names, err, want)
		}
	}
}

// Damaged descriptions are refused, or are descriptions: nothing panics, and no run takes long.
func TestDamagedDescriptions(t *testing.T) {
	data, err := os.ReadFile("testdata/recorded.json")
	if err != nil {
		t.Fatal(err)
	}
	numbers := []string{"-1", "0", "1e9", "268435456", "null", `"T"`, "[]", "[1]", "{}", "true", "0.5"}
	cases, rng := recorded(t), rand.New(rand.NewPCG(1, 2))
	opened := 0
	for name, c := range cases {
		for range 12 {
			damaged := []byte(string(c.description))
			at := rng.IntN(len(damaged))
			switch rng.IntN(3) {
			case 0:
				damaged[at] = data[rng.IntN(len(data))]
			case 1:
				damaged = append(damaged[:at:at], damaged[min(at+1+rng.IntN(9), len(damaged)):]...)
			case 2: // another value behind a colon
				if colon := bytes.IndexByte(damaged[at:], ':'); colon >= 0 {
					rest := strings.TrimLeft(string(damaged[at+colon+1:]), " ")
					end := strings.IndexAny(rest, ",}]\n")
					damaged = []byte(string(damaged[:at+colon+1]) + numbers[rng.IntN(len(numbers))] + rest[max(end, 0):])
				}
			}
			n, err := modules.Open(damaged, c.state)
			if err != nil {
				continue
			}
			opened++
			p, err := n.Params(1)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var in []*tensor.Dense
			for _, port := range n.Inputs() {
				if v := c.in[port.Name]; v != nil {
					in = append(in, v)
				}
			}
			_, _ = n.Run(p, in...) // an error, or values
		}
	}
	if opened == 0 {
		t.Error("no damaged description was opened")
	}
}

func TestEmptyNetwork(t *testing.T) {
	for _, n := range []*modules.Network{nil, {}} {
		if _, err := n.Params(1); err == nil {
			t.Error("an empty network has weights")
		}
		if _, err := n.Run(nil); err == nil {
			t.Error("an empty network runs")
		}
		g := graph.New(graph.NewParams(1))
		if n.Build(g, nil); g.Err() == nil || n.String() != "an empty network" || n.Inputs() != nil || n.Unused() != nil {
			t.Errorf("an empty network is %v", n)
		}
	}
}
