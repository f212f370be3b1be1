package decode_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

var speaker = recurrent.OneToOne{Embedding: nn.Embedding{Tokens: 9, Size: 5}, Cell: recurrent.StackOf(2, recurrent.LSTM{Hidden: 12})}

// speakerModel is an untrained language model of two layers as a Stepper, and its function over whole sequences.
func speakerModel(t *testing.T, rows int) (*decode.Stepper, *graph.Func) {
	t.Helper()
	p := graph.NewParams(4)
	whole := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := speaker.Apply(g, in[0], recurrent.Options{})
		return []graph.Node{y}
	})
	begin, err := graph.NewFunc(p, func(g *graph.Graph, _ []graph.Node) []graph.Node { return speaker.Begin(g, 1) }).Run()
	if err != nil {
		t.Fatal(err)
	}
	step := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, next := speaker.Step(g, in[0], in[1:])
		return append([]graph.Node{y}, next...)
	})
	m, err := decode.NewStepper(step, begin, nil, nil, rows)
	if err != nil {
		t.Fatal(err)
	}
	return m, whole
}

// The log-probabilities of what a beam wrote are those of the unrolled network: states follow their hypotheses.
func TestBeamOverANetwork(t *testing.T) {
	s := decode.Search{Start: 0, End: 1, Max: 12, Min: 6, Beam: 5, Best: 5, LengthPenalty: 1}
	m, whole := speakerModel(t, s.Rows())
	for _, h := range search(t, s, m)[0] {
		read := append([]int{0}, h.Tokens...)
		logits, err := whole.Run(graph.Ints(read, len(read), 1))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range h.LogProbs {
			token := 1
			if i < len(h.Tokens) {
				token = h.Tokens[i]
			}
			row := softmax(logits[0].Float32s()[i*9 : (i+1)*9])
			if want := math.Log(float64(row[token])); math.Abs(p-want) > 1e-5 {
				t.Errorf("%v: log-probability %d is %g, the network says %g", h.Tokens, i, p, want)
			}
		}
	}
}

func translator() recurrent.Seq2Seq {
	return recurrent.Seq2Seq{
		Source: nn.Embedding{Tokens: 8, Size: 6}, Encoder: recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 7}},
		Target: nn.Embedding{Tokens: 9, Size: 6}, Decoder: recurrent.LSTM{Hidden: 10}, Attention: recurrent.LuongGeneral,
	}
}

// Sources of different lengths at a time give what they give alone, to the bit.
func TestSeq2SeqBatchedIsAlone(t *testing.T) {
	sources := [][]int{{3, 4, 5, 6, 7, 2}, {1}, {2, 2, 7}, {5, 1, 4, 4, 4, 4, 4, 4, 3}}
	for name, s := range map[string]decode.Search{
		"greedy":   {Max: 9},
		"beam":     {Max: 9, Beam: 3, Best: 2, CoveragePenalty: 0.2, LengthPenalty: 0.5},
		"sampling": {Max: 9, Best: 2, Sampler: &decode.Sampler{Temperature: 1.5}, Seed: 2},
	} {
		s.End = 1
		d := decode.NewSeq2Seq(translator(), graph.NewParams(3), 0)
		all, err := d.Run(s, sources)
		if err != nil {
			t.Fatal(err)
		}
		for i, source := range sources {
			alone := s
			alone.FirstSource = i
			one, err := d.Run(alone, [][]int{source})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(all[i]), fmt.Sprint(one[0]); got != want {
				t.Errorf("%s: source %d in a batch\n%s, alone\n%s", name, i, got, want)
			}
			for _, row := range all[i][0].Attention {
				sum := 0.0
				for _, a := range row {
					sum += a
				}
				if len(row) != len(source) || math.Abs(sum-1) > 1e-5 {
					t.Errorf("%s: source %d: attention %v", name, i, row)
				}
			}
		}
	}
}

func TestStepperRefuses(t *testing.T) {
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return in[1:] })
	state := graph.Floats(make([]float32, 6), 2, 3)
	_, one := decode.NewStepper(f, nil, nil, nil, 1)
	_, two := decode.NewStepper(f, stateOf(state), nil, nil, 0)
	_, three := decode.NewStepper(f, stateOf(state), []decode.Context{{Value: state, Axis: 1}}, nil, 1)
	_, four := decode.NewStepper(f, stateOf(state), nil, []int{1, 2, 3}, 1)
	_, five := decode.NewSeq2Seq(translator(), p, 0).Run(decode.Search{End: 1, Max: 3}, [][]int{{2}, {}})
	for want, err := range map[string]error{
		"there is no state; want at least one entry": one, "0 rows for each source": two, "want 2 sources along axis 1, found shape [2 3]": three,
		"3 lengths of 2 sources": four, "source 1 is empty": five,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	m, err := decode.NewStepper(f, stateOf(state), nil, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Next([]int{1}, nil); err == nil || !strings.Contains(err.Error(), "1 tokens and 0 parents for 2 rows") {
		t.Error(err)
	}
	if _, err := m.Next([]int{1, 1}, nil); err == nil || !strings.Contains(err.Error(), "the step gives 1 results") {
		t.Error(err)
	}
}

func TestCopyUnknown(t *testing.T) {
	h := decode.Hypothesis{Attention: [][]float64{{0.1, 0.9}, {0.7, 0.3}, {0.2, 0.8}}}
	got, err := decode.CopyUnknown([]string{"xin", "<unk>", "<unk>"}, "<unk>", h, []string{"Hanoi", "Tom"})
	if err != nil || strings.Join(got, " ") != "xin Hanoi Tom" {
		t.Errorf("%v, error %v", got, err)
	}
	if _, err := decode.CopyUnknown(make([]string, 4), "<unk>", h, nil); err == nil {
		t.Error("a word without attention was accepted")
	}
	if _, err := decode.CopyUnknown([]string{"<unk>"}, "<unk>", h, []string{"Tom"}); err == nil {
		t.Error("attention past the source was accepted")
	}
}

// A row that is done does not go on by itself: a state that grows with every step would overflow there, and fail the
// sources that still go on.
func TestRowsThatAreDoneStayFinite(t *testing.T) {
	const V = 4
	step := graph.NewFunc(graph.NewParams(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		going := g.Reshape(g.IDMask(in[0], 1), in[0].Dim(0), 1)          // [rows, 1]: 0 after the end, 1 elsewhere
		grown := g.Add(in[1], g.MulScalar(g.Affine(going, -1, 1), 2e38)) // the second step after the end overflows
		return []graph.Node{in[2], grown}                                // the context [rows, V] as logits
	})
	state := graph.Floats(make([]float32, 2), 2, 1)
	bias := graph.Floats([]float32{0, 9, 0, 0 /* ends at once */, 0, -9, 5, 0 /* goes on */}, 2, V)
	s := decode.Search{Start: 0, End: 1, Max: 20}
	m, err := decode.NewStepper(step, stateOf(state), []decode.Context{{Value: bias}}, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(out[0][0].Tokens) != 0 || len(out[1][0].Tokens) != 20 {
		t.Errorf("%v and %v; want none and 20 tokens", out[0][0].Tokens, out[1][0].Tokens)
	}
}

// Once it is compiled, a step allocates nothing, moving rows included.
func TestStepsDoNotAllocate(t *testing.T) {
	m, _ := speakerModel(t, 6)
	tokens, parents := []int{1, 2, 3, 4, 5, 6}, []int{1, 0, 2, 3, 5, 4}
	n := testing.AllocsPerRun(50, func() {
		if _, err := m.Next(tokens, parents); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("a step allocates %g times, want 0", n)
	}
}

func stateOf(t ...*tensor.Dense) []*tensor.Dense { return t }
