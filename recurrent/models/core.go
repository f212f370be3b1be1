package models

import (
	"fmt"
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// core is what both kinds of model are made of: a configuration, the description of a network, and weights.
type core struct {
	config  Config
	net     network
	params  *graph.Params
	path    string // of the file that the model was loaded from
	trained bool   // that file is a checkpoint

	weights graph.WeightFormat
	lent    lender // of the functions that predictions and evaluations take
}

// newCore is a model of a network, with no weights yet.
func newCore(c Config, net network) core {
	return core{config: c, net: net, params: graph.NewParams(c.Seed)}
}

// made tells whether a function of this package made the model.
func (c *core) made() error {
	if c.params == nil {
		return errors.New("models: there is no model: make one with NewLanguageModel or NewClassifier, or load one")
	}
	return nil
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
	return c.net.export(c.params, path)
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
	if err := graph.NewFunc(c.params, c.describe).SetWeightFormat(w); err != nil {
		return err
	}
	c.weights = w
	c.lent.recall()
	return nil
}

// describe is the network without anything around it: ids [T, B] and lengths [B] to what comes out.
func (c *core) describe(g *graph.Graph, in []graph.Node) []graph.Node {
	return []graph.Node{c.net.build(g, flow{x: in[0], lengths: in[1]}).x}
}

// function is one over the model's weights, which it reads as SetWeightFormat says.
func (c *core) function(build graph.Build) *graph.Func {
	f := graph.NewFunc(c.params, build)
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
	metadata[formatKey] = formatModel
	return c.params.Save(path, metadata)
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
	f := graph.NewFunc(c.params, c.describe)
	_, err := f.Program(graph.Ints([]int{0}, 1, 1), graph.Ints([]int{1}))
	return err
}

// inherit takes the weights of another model that keep picks by their names; those that are left are drawn.
func (c *core) inherit(from *core, keep func(name string) bool) error {
	if err := from.draw(); err != nil {
		return err
	}
	var list []graph.Named
	for _, t := range from.params.Tensors("") {
		if keep(t.Name) {
			list = append(list, t)
		}
	}
	if err := c.params.SetAll(list); err != nil {
		return err
	}
	c.path, c.trained = from.path, from.trained
	return c.draw()
}

// sameNetwork refuses a configuration whose network is another.
func (c *core) sameNetwork(other Config) error {
	had := c.config
	for _, v := range []struct {
		field       string
		has, wanted any
	}{
		{"Tokens", had.Tokens, other.Tokens}, {"Vocabulary", had.Vocabulary, other.Vocabulary}, {"Cell", had.Cell, other.Cell},
		{"Layers", had.Layers, other.Layers}, {"Hidden", had.Hidden, other.Hidden}, {"Embed", had.Embed, other.Embed},
		{"OneWay", had.OneWay, other.OneWay}, {"Pool", had.Pool, other.Pool},
		{"Adaptive", fmt.Sprint(had.Adaptive), fmt.Sprint(other.Adaptive)},
	} {
		if v.has != v.wanted {
			return wrong(v.field, "%v; want %v: a model keeps its network", v.wanted, v.has)
		}
	}
	return nil
}

// lender lends functions over one store of weights. A graph.Func serves one goroutine at a time, so calls that run at once
// take one each; what it has compiled, it keeps for the next.
type lender struct {
	make  func() *graph.Func
	mu    sync.Mutex
	free  []*graph.Func
	round int // counts recalls
}

// with calls use with a function that is nobody else's meanwhile.
func (l *lender) with(use func(f *graph.Func) error) error {
	f, round := l.take()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if round == l.round {
			l.free = append(l.free, f)
		}
	}()
	return use(f)
}

// recall has functions made anew from now on.
func (l *lender) recall() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free, l.round = nil, l.round+1
}

func (l *lender) take() (f *graph.Func, round int) {
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
