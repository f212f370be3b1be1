package decode_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// fixed is a model of one row that always predicts the same.
type fixed struct{ decode.Prediction }

func (fixed) Rows() int                                    { return 1 }
func (m fixed) Next(_, _ []int) (decode.Prediction, error) { return m.Prediction, nil }

// What a model must not predict is refused by name, whatever the search.
func TestBadPredictions(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for want, p := range map[string]decode.Prediction{
		"source 0: after 0 tokens: no token has a finite logit": {Logits: []float32{-inf, -inf, -inf}},
		"after 0 tokens: logit 1 is NaN":                        {Logits: []float32{0, nan, 0}},
		"after 0 tokens: logit 2 is +Inf":                       {Logits: []float32{0, 0, inf}},
		"start 0 and end 1 of a vocabulary of 0":                {},
		"attention of row 0 is NaN":                             {Logits: []float32{0, 0, 0}, Attention: [][]float32{{1, nan}}},
		"3 logits and attention for 2 rows; want those of 1":    {Logits: []float32{0, 0, 0}, Attention: make([][]float32, 2)},
	} {
		for _, sampler := range []*decode.Sampler{nil, {}} {
			s := decode.Search{Start: start, End: end, Max: 3, Sampler: sampler}
			_, err := s.Run(fixed{p})
			if text := strings.ReplaceAll(want, "source 0: after", "after"); err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("error %v, want one with %q", err, text)
			}
		}
	}
}

func TestBadSettings(t *testing.T) {
	inf := math.Inf(1)
	for want, s := range map[string]decode.Search{
		"LengthPenalty +Inf":                {Max: 1, LengthPenalty: inf},
		"CoveragePenalty +Inf":              {Max: 1, CoveragePenalty: inf},
		"RepetitionPenalty +Inf":            {Max: 1, Constraints: decode.Constraints{RepetitionPenalty: inf}},
		"Prefix [3 2] ends the sequence":    {Max: 2, Stops: []int{2}, Constraints: decode.Constraints{Prefix: []int{3, 2}}},
		"stop 5 of a vocabulary of 5":       {Max: 1, Stops: []int{5}},
		"token 9 is asked for; want 0 to 4": {Max: 1, Constraints: decode.Constraints{Prefix: []int{9}}},
	} {
		s.End = 1
		if _, err := s.Run(newOracle(5, 1, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func TestBadSteps(t *testing.T) {
	p := graph.NewParams(1)
	state := stateOf(graph.Floats(make([]float32, 6), 2, 3))
	_, none := decode.NewStepper(nil, stateOf(nil), nil, nil, 1)
	_, short := decode.NewStepper(nil, state, nil, []int{1, -1}, 1)
	_, empty := decode.NewStepper(nil, state, []decode.Context{{}}, nil, 1)
	grows := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{in[1], g.Concat(1, in[1], in[1])}
	})
	m, err := decode.NewStepper(grows, state, nil, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, changed := m.Next([]int{0, 0}, nil)
	_, parent := m.Next([]int{0, 0}, []int{0, 2})
	flat := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(in[1]), in[1]}
	})
	if m, err = decode.NewStepper(flat, state, nil, nil, 1); err != nil {
		t.Fatal(err)
	}
	_, scalar := m.Next([]int{0, 0}, nil)
	for want, err := range map[string]error{
		"want the sources along axis 0": none, "source 1 has length -1": short, "context 0: want a tensor of 2 sources": empty,
		"state 0 is float32 (2, 3) and becomes float32 (2, 6)": changed, "row 1 goes on from row 2; want 0 to 1": parent,
		"logits of float32 (); want float32 and 2 rows": scalar,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
