// Package explain says which parts of its input an output of a network rests on, and what single units do.
//
// An Explainer asks a network about one sequence of vectors: the embeddings of tokens, or numbers that were measured. It
// needs the graph of the network and nothing else, so it serves every cell, those of a user's own, too.
//
//	e, err := explain.New(params, func(g *graph.Graph, x, target graph.Node) graph.Node {
//		y, _ := recurrent.Unroll(g.Scope("rnn"), cell, x, recurrent.Options{})
//		return explain.LogOdds(g, nn.Head{Classes: 2}.Apply(g.Scope("head"), lastOf(g, y)), target)
//	})
//	a, err := e.IntegratedGradients(ctx, explain.Input{X: vectors, Target: 1}, explain.Integration{})
//	fmt.Println(a.Scores) // of every step
//
// Three methods answer: Gradient, with one run; IntegratedGradients, whose scores add up to what the output is more than that
// of a baseline; Occlusion, which runs the network without each step. All compute in 64 bits, whatever the store has.
//
// Watch gives what a network's layers do on the way, and Follow finds units that do what some property of the input does.
package explain

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Network computes an output for each of some sequences: x [T, B, F] and the targets [B, 1], which are ids as graph.Pick
// takes them, map to [B, 1]. Sequences must not look at each other. A target says which of several outputs is meant: a
// label, the next token, a step.
type Network func(g *graph.Graph, x, target graph.Node) graph.Node

// Explainer explains outputs of one network. It serves one goroutine at a time; New makes one.
type Explainer struct {
	value, slope *graph.Func
}

// New returns an explainer of a network with the weights of a store, which are copied.
func New(p *graph.Params, network Network) (*Explainer, error) {
	if p == nil || network == nil {
		return nil, errors.New("explain: New: the store and the network must be given")
	}
	exact := graph.NewParams64(p.Seed())
	for i := range p.Len() {
		q := p.At(i)
		w := weights.Of(q)
		if _, err := exact.Add(q.Name(), graph.Floats64(dense.Float64s(w), w.Shape()...)); err != nil {
			return nil, errors.Wrap(err, "explain")
		}
	}
	output := func(g *graph.Graph, in []graph.Node) graph.Node {
		y := network(g, in[0], in[1])
		if g.Err() == nil && (!y.Valid() || y.Rank() != 2 || y.Dim(0) != in[0].Dim(1) || y.Dim(1) != 1) {
			return g.Failf("explain", "the network gives %v for x %v; want one number for each sequence, [B, 1]", y, in[0])
		}
		return y
	}
	return &Explainer{
		value: graph.NewFunc(exact, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{output(g, in)}
		}),
		slope: graph.NewFunc(exact, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := output(g, in)
			if g.Err() != nil {
				return []graph.Node{y}
			}
			return append(g.Grad(g.Sum(y), in[0]), y) // no sequence has a part in another one's output
		}),
	}, nil
}

// LogOdds is log(p/(1-p)) of a class, in nats, where p is its probability by a softmax: logits [B, C] and the classes [B, 1],
// which are ids, map to [B, 1]. Unlike p, it still moves when the network is nearly certain.
func LogOdds(g *graph.Graph, logits, class graph.Node) graph.Node {
	if g.Err() != nil || !logits.Valid() || logits.Rank() != 2 {
		return g.Failf("LogOdds", "logits %v; want [B, C]", logits)
	}
	chosen := g.Pick(logits, class) // [B, 1]
	if g.Err() != nil {
		return graph.Node{}
	}
	if logits.Dim(1) < 2 {
		return g.Failf("LogOdds", "logits %v of one class; want two at least", logits)
	}
	here := g.Scatter(g.Full(1, logits.Dim(0), 1), class, logits.Dim(1)) // [B, C]: 1 at the class
	others := g.Where(here, g.Full(-1e30, logits.Dim(0), logits.Dim(1)), logits)
	return g.Sub(chosen, g.Reshape(g.LogSumExp(others, 1), -1, 1))
}

// Input is what an output is explained of.
type Input struct {
	X *tensor.Dense // [T, F]: a sequence of vectors
	// Baseline is an input that says nothing, with which X is compared: [T, F], or [F] for every step; nil for zeros.
	Baseline *tensor.Dense
	Target   int // which output is meant, see Network
	// Groups are steps that belong together, such as the byte pairs of a word: group i has the steps from Groups[i] to
	// before Groups[i+1]. The first is 0, and they ascend. With nil, every step is a group.
	Groups []int
}

// input is an Input, checked, in 64 bits.
type input struct {
	steps, width int
	x, base      []float64 // [T, F]
	target       int
	groups       []int // and the number of steps at the end
}

func (in Input) checked() (*input, error) {
	if err := dense.CheckFloats(in.X); err != nil {
		return nil, errors.Wrap(err, "explain: Input.X")
	}
	shape := in.X.Shape()
	if len(shape) != 2 || shape[0] < 1 || shape[1] < 1 {
		return nil, errors.Errorf("explain: Input.X has the shape %v; want [T, F], with one step at least", []int(shape))
	}
	out := &input{steps: shape[0], width: shape[1], x: dense.Float64s(in.X), target: in.Target}
	if i := dense.NotFinite(in.X); i >= 0 {
		return nil, errors.Errorf("explain: Input.X has %g at step %d", out.x[i], i/out.width)
	}
	if in.Target < 0 {
		return nil, errors.Errorf("explain: Input.Target %d; want 0 or more", in.Target)
	}
	out.base = make([]float64, len(out.x))
	if in.Baseline != nil {
		if err := dense.CheckFloats(in.Baseline); err != nil {
			return nil, errors.Wrap(err, "explain: Input.Baseline")
		}
		b := dense.Float64s(in.Baseline)
		if len(b) != out.width && len(b) != len(out.x) {
			return nil, errors.Errorf("explain: Input.Baseline has the shape %v; want [%d, %d] or [%d]",
				[]int(in.Baseline.Shape()), out.steps, out.width, out.width)
		}
		for i := range out.base {
			out.base[i] = b[i%len(b)]
		}
	}
	return out, out.group(in.Groups)
}

// group takes the groups, or makes one of every step.
func (in *input) group(starts []int) error {
	if starts == nil {
		for t := range in.steps {
			starts = append(starts, t)
		}
	}
	for i, at := range starts {
		if i == 0 && at != 0 || i > 0 && at <= starts[i-1] || at >= in.steps {
			return errors.Errorf("explain: Input.Groups %v; want 0 first, then ascending numbers below the number of steps, %d", starts, in.steps)
		}
	}
	if len(starts) == 0 {
		return errors.New("explain: Input.Groups is empty; want 0 first, or nil")
	}
	in.groups = append(append([]int(nil), starts...), in.steps)
	return nil
}

// Attribution says how much each part of an input has to do with an output. A positive score speaks for it.
type Attribution struct {
	Output   float64     // of the network for the input
	Baseline float64     // for the baseline; NaN where the method has not asked
	Scores   []float64   // of every group
	Values   [][]float64 // [T][F]: what the scores are the sums of; nil after Occlusion
	Without  []float64   // outputs without each group; nil but after Occlusion
	// Gap is by how much the scores miss Output - Baseline, their sum less that. Of IntegratedGradients it is the error, and
	// of the others it means nothing.
	Gap  float64
	Runs int // of sequences, over which the network was computed
}

// sum adds values up over the groups.
func (a *Attribution) sum(in *input, values []float64) {
	a.Scores = make([]float64, len(in.groups)-1)
	for i := range a.Scores {
		for _, v := range values[in.groups[i]*in.width : in.groups[i+1]*in.width] {
			a.Scores[i] += v
		}
	}
	for t := range in.steps {
		a.Values = append(a.Values, values[t*in.width:(t+1)*in.width])
	}
}
