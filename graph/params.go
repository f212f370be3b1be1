package graph

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Params is the ordered, named store that owns every weight of a model and the gradient that belongs to it.
// Layers only describe a computation; the first graph that asks for a parameter creates it here, and every later
// graph, of whatever batch size or number of time steps, reads the same numbers. NewParams makes a store.
//
// The values a new parameter starts from depend on the store's seed and the parameter's name alone, not on the
// order of creation.
//
// Functions and streams may run over one store from several goroutines while Set, SetAll and Load change it, as a server
// does that gets new weights: each run computes with all of the old numbers or with all of the new ones. What is written
// through Param.Value, as an optimiser does, must not overlap with a run, and neither must two calls of Func.Grad,
// whose gradients go to the same memory.
type Params struct {
	mu      sync.RWMutex
	seed    uint64
	dtype   tensor.Dtype
	list    []*Param
	byName  map[string]*Param
	sealed  bool
	replica bool // of another store's values
	numbers *numbers
}

// numbers guards the values of a store, which its replicas share: runs read them, Set, SetAll and Load write them. It is
// locked before the list of parameters.
type numbers struct {
	sync.RWMutex
	packs compile.Packs // of the values; its version says that what was computed from them in advance is out of date
	files []*mapping    // in which values lie: they stay open as long as a program may read them
}

// NewParams returns an empty store of float32 parameters, the type to train and serve with.
func NewParams(seed uint64) *Params { return newParams(seed, tensor.Float32) }

// NewParams64 returns an empty store of float64 parameters, the type to check gradients with.
func NewParams64(seed uint64) *Params { return newParams(seed, tensor.Float64) }

func newParams(seed uint64, dtype tensor.Dtype) *Params {
	return &Params{seed: seed, dtype: dtype, byName: map[string]*Param{}, numbers: &numbers{}}
}

// Seed is the seed that new parameters are drawn from.
func (p *Params) Seed() uint64 { return p.seed }

// Dtype is the element type of every parameter: tensor.Float32 or tensor.Float64.
func (p *Params) Dtype() tensor.Dtype { return p.dtype }

// Len is the number of parameters.
func (p *Params) Len() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.list)
}

// At returns the i-th parameter in the order of creation, from 0 on, or nil if there are not so many.
func (p *Params) At(i int) *Param {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if i < 0 || i >= len(p.list) {
		return nil
	}
	return p.list[i]
}

// Get returns the parameter of that name, or nil, whose methods say that there is none; see Param.
func (p *Params) Get(name string) *Param {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byName[name]
}

// Elements is the number of weights in the whole store.
func (p *Params) Elements() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	total := 0
	for _, q := range p.list {
		total += q.Len()
	}
	return total
}

// PackedBytes is the size of the copies of weights, in the order in which products read them, that are kept for all
// functions and streams over the store, and its replicas. They are made when a run first needs them and made anew when the
// weights have changed; there are at most two copies of a weight in each format and precision that functions have asked for.
// Weights that Param.Value has handed out are packed by each function for itself.
func (p *Params) PackedBytes() int {
	if p.made() != nil {
		return 0
	}
	return p.numbers.packs.Bytes()
}

// Add stores a copy of value under a new name. The value must have the store's element type and be no view: clone those.
// Infinities and NaN are taken as they are; a run that meets them says in which parameter they are.
func (p *Params) Add(name string, value *tensor.Dense) (*Param, error) {
	if err := p.made(); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byName[name] != nil {
		return nil, errors.Errorf("graph: parameter %s exists already", name)
	}
	if err := p.fits(name, value); err != nil {
		return nil, errors.Wrap(err, "graph")
	}
	return p.add(name, value), nil
}

// Set copies value into an existing parameter of the same shape and element type. What Add says of views and of NaN
// holds here, too. Runs may go on meanwhile; see Params.
func (p *Params) Set(name string, value *tensor.Dense) error {
	if err := p.made(); err != nil {
		return err
	}
	if p.Get(name) == nil {
		return errors.Errorf("graph: no parameter is called %s", name)
	}
	return p.SetAll([]Named{{name, value}})
}

// SetAll sets the parameters that exist and adds the others. All tensors are checked as Set and Add do, and no name may
// come twice: after an error nothing has changed. Runs may go on meanwhile, and see all of the change or nothing.
func (p *Params) SetAll(tensors []Named) error {
	return errors.Wrap(p.setAll(tensors), "graph")
}

func (p *Params) setAll(tensors []Named) error {
	if err := p.made(); err != nil {
		return err
	}
	p.numbers.Lock()
	defer p.numbers.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := make(map[string]bool, len(tensors))
	for _, t := range tensors {
		if seen[t.Name] {
			return errors.Errorf("parameter %s comes twice", t.Name)
		}
		seen[t.Name] = true
		if err := p.fits(t.Name, t.Value); err != nil {
			return err
		}
	}
	for _, t := range tensors {
		if q := p.byName[t.Name]; q != nil {
			dense.Copy(q.numbers(), t.Value)
		} else {
			p.add(t.Name, t.Value)
		}
	}
	p.numbers.packs.Changed()
	return nil
}

// fits checks whether a value can be set, or added if no parameter has that name. It changes nothing; the caller holds
// the lock.
func (p *Params) fits(name string, value *tensor.Dense) error {
	if name == "" {
		return errors.New("a parameter needs a name")
	}
	if name == metadataKey {
		return errors.Errorf("no parameter can be called %s: it is the place of the metadata in files", name)
	}
	if err := dense.Check(value); err != nil {
		return errors.Wrapf(err, "parameter %s", name)
	}
	q := p.byName[name]
	switch {
	case value.Dtype() != p.dtype:
		return errors.Errorf("parameter %s: the store holds %v, found %v", name, p.dtype, value.Dtype())
	case q == nil && p.sealed:
		return errors.Errorf("parameter %s is not in the store, which is sealed", name)
	case q != nil && !slices.Equal(q.value.Shape(), value.Shape()):
		return errors.Errorf("parameter %s: want shape %v, found %v", name, []int(q.value.Shape()), []int(value.Shape()))
	}
	return nil
}

// add stores a copy of a value that fits.
func (p *Params) add(name string, value *tensor.Dense) *Param {
	q := &Param{name: name, value: dense.New(p.dtype, value.Shape()), lent: &atomic.Bool{}}
	dense.Copy(q.value, value)
	p.list = append(p.list, q)
	p.byName[name] = q
	return q
}

// made tells whether p is a store.
func (p *Params) made() error {
	if p == nil || p.numbers == nil {
		return errors.New("graph: there is no store of parameters: make one with NewParams")
	}
	return nil
}

// ZeroGrad sets every gradient to zero.
func (p *Params) ZeroGrad() {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, q := range p.list {
		q.zeroGrad()
	}
}

// Seal forbids new parameters: after loading a trained model, one that the file lacks is then an error, instead of
// being drawn anew.
func (p *Params) Seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = true
}

// Unseal takes back what Seal forbids: a model that was loaded is to have an adapter, say.
func (p *Params) Unseal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = false
}

// create returns the parameter of that name, drawing it from init when the store lacks it.
func (p *Params) create(name string, init Init, shape []int) (*Param, error) {
	if q := p.Get(name); q != nil {
		if !slices.Equal(q.value.Shape(), shape) {
			return nil, errors.Errorf("parameter %s: the model wants shape %v, the store holds %v", name, shape, []int(q.value.Shape()))
		}
		return q, nil
	}
	p.mu.RLock()
	sealed := p.sealed
	p.mu.RUnlock()
	switch {
	case sealed: // before memory is taken
		return nil, errors.Errorf("parameter %s is not in the store, which is sealed", name)
	case init == nil:
		return nil, errors.Errorf("parameter %s: not in the store and no initialiser given", name)
	}
	draw := make([]float64, op.Size(shape))
	if err := init(draw, shape, newRand(p.seed, name)); err != nil {
		return nil, errors.Wrapf(err, "parameter %s", name)
	}
	value := dense.New(p.dtype, shape)
	dense.Fill(value, func(i int) float64 { return draw[i] })
	p.mu.Lock()
	defer p.mu.Unlock()
	if q := p.byName[name]; q != nil && slices.Equal(q.value.Shape(), shape) {
		return q, nil // another goroutine was faster, and drew the same
	}
	if err := p.fits(name, value); err != nil {
		return nil, err
	}
	return p.add(name, value), nil
}
