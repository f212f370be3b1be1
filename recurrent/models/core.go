package models

import (
	"fmt"
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// core is what all kinds of model are made of: a configuration, the description of a network, and weights.
type core struct {
	config  Config
	net     network
	whole   whole
	params  *graph.Params
	path    string // of the file that the model was loaded from
	trained bool   // that file is a checkpoint
	onnx    func() onnxFile

	weights graph.WeightFormat
	lent    lender[*graph.Func] // of the functions that predictions and evaluations take
}

// whole is a network without anything around it, such as a loss, and the smallest inputs that it can be compiled for: what
// asks for every weight, with its shape.
type whole struct {
	build  graph.Build
	inputs []*tensor.Dense
}

// newCore is a model of a network, with no weights yet.
func newCore(c Config, net network, w whole) core {
	return core{config: c, net: net, whole: w, params: graph.NewParams(c.Seed)}
}

// wholeOf is a network that maps ids [T, B] and lengths [B] to what comes out.
func wholeOf(net network) whole {
	return whole{
		build: func(g *graph.Graph, in []graph.Node) []graph.Node {
			if len(in) != 2 {
				return []graph.Node{g.Failf("Network", "%d inputs; want 2: sequences and their lengths", len(in))}
			}
			return []graph.Node{net.build(g, flow{x: in[0], lengths: in[1]}).x}
		},
		inputs: []*tensor.Dense{graph.Ints([]int{0}, 1, 1), graph.Ints([]int{1})},
	}
}

// base is the core of a model.
func (c *core) base() *core { return c }

// made tells whether a function of this package made the model.
func (c *core) made() error {
	if c.params != nil {
		return nil
	}
	var makers []string
	for _, s := range kinds() {
		makers = append(makers, s.maker)
	}
	return errors.Errorf("models: there is no model: make one with %s, or load one", oneOf(makers))
}

// Config is the model's configuration, complete.
func (c *core) Config() Config { return c.config }

// Params is the store of the weights. A new model draws them when they are first needed.
func (c *core) Params() *graph.Params { return c.params }

// Trained tells whether the file that the model was loaded from is a checkpoint, from which training can be resumed.
func (c *core) Trained() bool { return c.trained }

// Demand estimates what training the model takes.
func (c *core) Demand() Demand { return c.net.demand(c.config) }

// Export writes the model for another framework, see Formats.
func (c *core) Export(path string) error {
	if err := c.draw(); err != nil {
		return err
	}
	p, err := c.merged()
	if err != nil {
		return err
	}
	return c.export(p, path)
}

// Import replaces the model's weights by those of a file that Export, or the other framework, wrote. Every weight must be
// there, with its shape; after an error nothing has changed.
func (c *core) Import(path string) error {
	if err := c.draw(); err != nil {
		return err
	}
	return c.net.imported(c.params, path)
}

// SetWeightFormat chooses how the model reads its weights from now on when it predicts, generates and evaluates, see graph.WeightFormat;
// functions that it handed out before keep their way. Training and files have the weights as they are.
func (c *core) SetWeightFormat(w graph.WeightFormat) error {
	if err := c.made(); err != nil {
		return err
	}
	if err := graph.NewFunc(c.params, c.whole.build).SetWeightFormat(w); err != nil {
		return err
	}
	c.weights = w
	c.lent.recall()
	return nil
}

// Network is the network without a loss: ids [T, B], or of a SequenceModel rows [T, B, F], and lengths [B] to logits, [B, C] of a
// whole sequence or [T, B, C] of its steps. That of a Forecaster or a Translator takes more, as its own functions do.
func (c *core) Network() *graph.Func {
	return c.function(func(g *graph.Graph, in []graph.Node) []graph.Node {
		if want := len(c.whole.inputs); want == 0 || len(in) != want {
			return []graph.Node{g.Failf("Network", "%d inputs; want %d", len(in), want)}
		}
		return c.whole.build(g, in)
	})
}

// function is one over the model's weights, which it reads as SetWeightFormat says.
func (c *core) function(build graph.Build) *graph.Func {
	f := graph.NewFunc(c.params, c.config.Tune.adapting(build))
	if c.params != nil {
		_ = f.SetWeightFormat(c.weights) // core.SetWeightFormat has tried it
	}
	return f
}

// save writes the model to a file with its metadata.
func (c *core) save(path string, describe func() (map[string]string, error)) error {
	if err := c.draw(); err != nil {
		return err
	}
	metadata, err := describe()
	if err != nil {
		return err
	}
	p, err := c.merged()
	if err != nil {
		return err
	}
	metadata[formatKey] = formatModel
	return p.Save(path, metadata)
}

// draw asks for every weight: new ones are drawn, and loaded ones must be there with their shapes.
func (c *core) draw() error {
	if err := c.made(); err != nil {
		return err
	}
	if w := c.Demand().Weights; w > dense.MaxElements {
		return errors.Errorf("models: a network of %.3g weights is more than any machine can hold (Hidden %d, Layers %d, Embed %d)",
			w, c.config.Hidden, c.config.Layers, c.config.Embed)
	}
	_, err := graph.NewFunc(c.params, c.config.Tune.adapting(c.whole.build)).Program(c.whole.inputs...)
	return err
}

// inherit takes all weights of a model with the same network, and what it knows of its file.
func (c *core) inherit(from *core) error {
	if err := from.draw(); err != nil {
		return err
	}
	p, err := from.params, error(nil)
	if !c.config.Tune.same(from.config.Tune) { // another adapter, or none
		p, err = from.merged()
	}
	if err != nil {
		return err
	}
	if err := c.params.SetAll(p.Tensors("")); err != nil {
		return err
	}
	c.path, c.trained = from.path, from.trained
	return c.draw()
}

// sameNetwork refuses a configuration whose network is another.
func (c *core) sameNetwork(k Kind, other Config) error {
	for _, field := range NetworkFields(k) {
		if has, wanted := fmt.Sprint(fieldOf(c.config, field)), fmt.Sprint(fieldOf(other, field)); has != wanted {
			return wrong(field, "%s; want %s: a model keeps its network", wanted, has)
		}
	}
	return nil
}

// lentSteps bounds the instructions of the programs that a function keeps between predictions, to about 60 MB. There is a function
// for each prediction at a time. Texts of up to 400 tokens, as they come, fit.
const lentSteps = 12_000

// lend has predictions and evaluations take functions that of returns.
func (c *core) lend(of func() *graph.Func) {
	c.lent.make = func() *graph.Func {
		f := of()
		f.SetCacheSteps(lentSteps)
		return f
	}
}

// lender lends functions over one store of weights, or what is made of them. A graph.Func serves one goroutine at a time, so
// calls that run at once take one each; what it has compiled, it keeps for the next.
type lender[F any] struct {
	make  func() F
	mu    sync.Mutex
	free  []F
	round int // counts recalls
}

// with calls use with a function that is nobody else's meanwhile.
func (l *lender[F]) with(use func(f F) error) error {
	f, round := l.take()
	defer func() { l.give(f, round) }()
	return use(f)
}

// give takes back what take lent.
func (l *lender[F]) give(f F, round int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if round == l.round {
		l.free = append(l.free, f)
	}
}

// recall has functions made anew from now on.
func (l *lender[F]) recall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free, l.round = nil, l.round+1
}

func (l *lender[F]) take() (f F, round int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return l.make(), l.round
	}
	f = l.free[n-1]
	l.free = l.free[:n-1]
	return f, l.round
}

// clones are copies of tensors.
func clones(in []*tensor.Dense) []*tensor.Dense {
	out := make([]*tensor.Dense, len(in))
	for i, t := range in {
		out[i] = t.Clone().(*tensor.Dense)
	}
	return out
}
