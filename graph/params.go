package graph

import (
	"slices"
	"sync"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Params is the ordered, named store that owns every weight of a model and the gradient that belongs to it.
// Layers only describe a computation; the first graph that asks for a parameter creates it here, and every later
// graph, of whatever batch size or number of time steps, reads the same numbers.
//
// The values a new parameter starts from depend on the store's seed and the parameter's name alone, not on the
// order of creation. Programs may read one store from several goroutines; creating and changing parameters, and
// computing gradients into the store, must not overlap with that.
type Params struct {
	mu      sync.RWMutex
	seed    uint64
	dtype   tensor.Dtype
	list    []*Param
	byName  map[string]*Param
	sealed  bool
	replica bool // of another store's values
}

// Param is one named weight of a store.
type Param struct {
	name  string
	value *tensor.Dense

	frozen bool      // not trained
	needed sync.Once // makes grad
	grad   *tensor.Dense
}

// NewParams returns an empty store of float32 parameters, the type to train and serve with.
func NewParams(seed uint64) *Params { return newParams(seed, tensor.Float32) }

// NewParams64 returns an empty store of float64 parameters, the type to check gradients with.
func NewParams64(seed uint64) *Params { return newParams(seed, tensor.Float64) }

func newParams(seed uint64, dtype tensor.Dtype) *Params {
	return &Params{seed: seed, dtype: dtype, byName: map[string]*Param{}}
}

// Name is the parameter's full name, such as "lstm.weight_ih_l0".
func (p *Param) Name() string { return p.name }

// Shape returns a copy of the parameter's shape.
func (p *Param) Shape() []int { return cloneInts(p.value.Shape()) }

// Len is the number of elements.
func (p *Param) Len() int { return sizeOf(p.value.Shape()) }

// Value is the parameter itself, not a copy: writing to it changes the model.
func (p *Param) Value() *tensor.Dense { return p.value }

// Grad is the gradient that the last Func.Grad left, of the parameter's shape; zero before the first. Its memory is
// taken when it is first asked for: a model that only runs needs none.
func (p *Param) Grad() *tensor.Dense {
	p.needed.Do(func() { p.grad = newDense(p.value.Dtype(), p.value.Shape()) })
	return p.grad
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

// At returns the i-th parameter in the order of creation, 0 <= i < Len().
func (p *Params) At(i int) *Param {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.list[i]
}

// Get returns the parameter of that name, or nil.
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

// Add stores a copy of value under a new name. The value must have the store's element type.
func (p *Params) Add(name string, value *tensor.Dense) (*Param, error) {
	if name == "" {
		return nil, errors.New("graph: a parameter needs a name")
	}
	if value.Dtype() != p.dtype {
		return nil, errors.Errorf("graph: parameter %s: the store holds %v, found %v", name, p.dtype, value.Dtype())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sealed {
		return nil, errors.Errorf("graph: parameter %s is not in the store, which is sealed", name)
	}
	if p.byName[name] != nil {
		return nil, errors.Errorf("graph: parameter %s exists already", name)
	}
	q := &Param{name: name, value: newDense(p.dtype, value.Shape())}
	copyDense(q.value, value)
	p.list = append(p.list, q)
	p.byName[name] = q
	return q, nil
}

// Set copies value into an existing parameter of the same shape and element type.
func (p *Params) Set(name string, value *tensor.Dense) error {
	q := p.Get(name)
	switch {
	case q == nil:
		return errors.Errorf("graph: no parameter is called %s", name)
	case value.Dtype() != p.dtype:
		return errors.Errorf("graph: parameter %s: want %v, found %v", name, p.dtype, value.Dtype())
	case !slices.Equal(q.value.Shape(), value.Shape()):
		return errors.Errorf("graph: parameter %s: want shape %v, found %v", name, []int(q.value.Shape()), []int(value.Shape()))
	}
	copyDense(q.value, value)
	return nil
}

// ZeroGrad sets every gradient to zero.
func (p *Params) ZeroGrad() {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, q := range p.list {
		q.Grad().Zero()
	}
}

// Seal forbids new parameters: after loading a trained model, one that the file lacks is then an error, instead of
// being drawn anew.
func (p *Params) Seal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = true
}

// create returns the parameter of that name, drawing it from init when the store lacks it.
func (p *Params) create(name string, init Init, shape []int) (*Param, error) {
	if q := p.Get(name); q != nil {
		if !slices.Equal(q.value.Shape(), shape) {
			return nil, errors.Errorf("parameter %s: the model wants shape %v, the store holds %v", name, shape, []int(q.value.Shape()))
		}
		return q, nil
	}
	if init == nil {
		return nil, errors.Errorf("parameter %s: not in the store and no initialiser given", name)
	}
	draw := make([]float64, sizeOf(shape))
	if err := init(draw, shape, newRand(p.seed, name)); err != nil {
		return nil, errors.Wrapf(err, "parameter %s", name)
	}
	value := newDense(p.dtype, shape)
	setFloats(value, func(i int) float64 { return draw[i] })
	return p.Add(name, value)
}
