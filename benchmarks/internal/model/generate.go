package model

import (
	"github.com/unroll-go/unroll/benchmarks/internal/work"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// Generator writes one sequence, token by token, always taking the likeliest.
type Generator struct {
	step  *stepper
	token int
}

// NewGenerator starts with token 0 and the cell's initial state. The weights are as drawn: speed does not depend on them.
func NewGenerator(w work.Work) (*Generator, error) {
	s, err := newStepper(w)
	return &Generator{step: s}, err
}

// Next is one token.
func (g *Generator) Next() error {
	logits, err := g.step.run(g.token)
	if err != nil {
		return err
	}
	g.token, err = decode.Sampler{Greedy: true}.Sample(logits, nil)
	return err
}

// stepper is the network with its state: a token in, logits out.
type stepper struct {
	stream *graph.Stream
	id     []int
	in     *tensor.Dense // the id, [1]
}

func newStepper(w work.Work) (*stepper, error) {
	stack := recurrent.StackOf(w.L, Cell(w))
	p := graph.NewParams(1)
	begin := graph.NewFunc(p, func(g *graph.Graph, _ []graph.Node) []graph.Node { return stack.Begin(g, 1) })
	first, err := begin.Run()
	if err != nil {
		return nil, err
	}
	next := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		x := nn.Embedding{Tokens: w.V, Size: w.I}.Apply(g.Scope("embedding"), in[0]) // [1, I]
		y, state := recurrent.Step(g.Scope("rnn"), stack, x, recurrent.State(in[1:]))
		return append([]graph.Node{nn.Head{Classes: w.V}.Apply(g.Scope("head"), y)}, state...)
	})
	if w.Kind == work.GenerateInt8 {
		if err := next.SetWeightFormat(graph.Int8Weights); err != nil {
			return nil, err
		}
	}
	s := &stepper{id: []int{0}}
	s.in = graph.Ints(s.id, 1)
	s.stream, err = next.Stream(first, s.in)
	return s, err
}

// run returns the logits after one more token, [V], valid until the next call.
func (s *stepper) run(token int) ([]float32, error) {
	s.id[0] = token
	out, err := s.stream.Step(s.in)
	if err != nil {
		return nil, err
	}
	return out[0].Float32s(), nil
}
