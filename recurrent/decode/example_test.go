package decode_test

import (
	"fmt"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// bigrams is a model of one's own: the next token depends on the last one alone, so its rows need no state.
type bigrams struct {
	rows   int
	logits [][]float32 // [last][next]
}

func (m bigrams) Rows() int { return m.rows }

func (m bigrams) Next(tokens, _ []int) (decode.Prediction, error) {
	var p decode.Prediction
	for _, t := range tokens {
		p.Logits = append(p.Logits, m.logits[t]...)
	}
	return p, nil
}

// A beam finds what greedy search walks past: the likeliest first token leads into a street of many equal ends.
func ExampleSearch() {
	words := []string{"<s>", "</s>", "the", "a", "cat", "dog", "cow", "sun"}
	logits := [][]float32{
		{-9, -9, 1, 0.8, -9, -9, -9, -9},
		{-9, 9, -9, -9, -9, -9, -9, -9},
		{-9, -9, -9, -9, 0, 0, 0, -9},   // the: cat, dog or cow
		{-9, -9, -9, -9, -9, -9, -9, 5}, // a: sun
		{-9, 5, -9, -9, -9, -9, -9, -9}, {-9, 5, -9, -9, -9, -9, -9, -9}, {-9, 5, -9, -9, -9, -9, -9, -9}, {-9, 5, -9, -9, -9, -9, -9, -9},
	}
	for _, beam := range []int{1, 3} {
		s := decode.Search{Start: 0, End: 1, Max: 10, Beam: beam, Best: beam}
		found, err := s.Run(bigrams{s.Rows(), logits})
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, h := range found[0] { // the first, and only, source
			fmt.Print("beam of ", beam, ":")
			for _, t := range h.Tokens {
				fmt.Print(" ", words[t])
			}
			fmt.Printf(", log-probability %.2f\n", h.LogProb)
		}
	}
	// Output:
	// beam of 1: the cat, log-probability -1.70
	// beam of 3: a sun, log-probability -0.80
	// beam of 3: the cat, log-probability -1.70
	// beam of 3: the dog, log-probability -1.70
}

// A language model of one's own writes: its step is a function, and three rows draw three texts from one state.
func ExampleNewStepper() {
	m := recurrent.OneToOne{Embedding: nn.Embedding{Tokens: 20, Size: 8}, Cell: recurrent.GRU{Hidden: 16}}
	params := graph.NewParams(1)
	begin := graph.NewFunc(params, func(g *graph.Graph, _ []graph.Node) []graph.Node { return m.Begin(g, 1) })
	step := graph.NewFunc(params, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, next := m.Step(g, in[0], in[1:])
		return append([]graph.Node{logits}, next...)
	})
	s := decode.Search{Start: 0, End: 1, Min: 5, Max: 5, Best: 3, Sampler: &decode.Sampler{TopP: 0.9}, Seed: 7,
		Constraints: decode.Constraints{Forbidden: []int{0}, Prefix: []int{12, 13}}}
	state, err := begin.Run()
	if err != nil {
		fmt.Println(err)
		return
	}
	model, err := decode.NewStepper(step, state, nil, nil, s.Rows())
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := s.Run(model)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, h := range found[0] {
		fmt.Println(len(h.Tokens), "tokens, which begin with", h.Tokens[:2])
	}
	// Output:
	// 5 tokens, which begin with [12 13]
	// 5 tokens, which begin with [12 13]
	// 5 tokens, which begin with [12 13]
}

// An encoder-decoder translates sources of different lengths at a time, and tells where it looked.
func ExampleSeq2Seq() {
	m := recurrent.Seq2Seq{
		Source: nn.Embedding{Tokens: 40, Size: 8}, Encoder: recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 8}},
		Target: nn.Embedding{Tokens: 30, Size: 8}, Decoder: recurrent.GRU{Hidden: 16}, Attention: recurrent.Bahdanau,
	}
	params := graph.NewParams(1) // of a trained model: params.Load
	d := decode.NewSeq2Seq(m, params, 0)
	s := decode.Search{Start: 1, End: 2, Min: 3, Max: 3, Beam: 4, LengthPenalty: 0.6, CoveragePenalty: 0.2}
	found, err := d.Run(s, [][]int{{5, 6, 7, 8, 9}, {10, 11}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, best := range found {
		h := best[0]
		fmt.Println(len(h.Tokens), "tokens, attention", len(h.Attention), "by", len(h.Attention[0]))
	}
	// Output:
	// 3 tokens, attention 3 by 5
	// 3 tokens, attention 3 by 2
}

// Names that the target vocabulary lacks go over as they stand in the source.
func ExampleCopyUnknown() {
	h := decode.Hypothesis{Attention: [][]float64{{0.9, 0.1, 0}, {0.1, 0.7, 0.2}, {0, 0.2, 0.8}}}
	words, err := decode.CopyUnknown([]string{"ich", "heiße", "<unk>"}, "<unk>", h, []string{"I", "am", "Björn"})
	fmt.Println(words, err)
	// Output:
	// [ich heiße Björn] <nil>
}
