package graph

import (
	"sync"
	"sync/atomic"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/compile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Param is one named weight of a store. A nil Param, which Params.Get returns for a name that is not there, has no name,
// no elements and no value, and cannot be frozen.
type Param struct {
	name  string
	value *tensor.Dense
	lent  *atomic.Bool // value is in other hands than the store's
	wide  *widening    // value has its numbers only when they are asked for; nil if it always has them

	frozen bool      // not trained
	needed sync.Once // makes grad
	grad   *tensor.Dense

	touched *op.Touched // the gradient's rows that may not be zero; nil if nobody asked for them
}

// absent tells that there is no parameter: p is nil, or the zero value, which only a store gives a value.
func (p *Param) absent() bool { return p == nil || p.value == nil }

// Name is the parameter's full name, such as "lstm.weight_ih_l0".
func (p *Param) Name() string {
	if p == nil {
		return ""
	}
	return p.name
}

// Shape returns a copy of the parameter's shape.
func (p *Param) Shape() []int {
	if p.absent() {
		return nil
	}
	return op.Clone(p.value.Shape())
}

// Len is the number of elements.
func (p *Param) Len() int {
	if p.absent() {
		return 0
	}
	return op.Size(p.value.Shape())
}

// Value is the parameter itself, not a copy: writing to it changes the model, which must not be running meanwhile.
// Functions see what was written, whenever it was; for that, they pack the weight anew in every run from this call on, instead of
// once until it changes. A stream that has run needs Stream.Refresh then.
func (p *Param) Value() *tensor.Dense {
	if p.absent() {
		return nil
	}
	value := p.numbers()
	p.lent.Store(true)
	return value
}

// numbers is the parameter's memory, which has its numbers from now on.
func (p *Param) numbers() *tensor.Dense {
	p.wide.Keep()
	return p.value
}

// source is what puts the numbers into the parameter's memory; nil if they are there.
func (p *Param) source() compile.Source {
	if p.wide == nil {
		return nil
	}
	return p.wide
}

// Grad is the gradient that the last Func.Grad left, of the parameter's shape; zero before the first. Its memory is
// taken when it is first asked for: a model that only runs needs none.
func (p *Param) Grad() *tensor.Dense {
	if p.absent() {
		return nil
	}
	p.needed.Do(func() { p.grad = dense.New(p.value.Dtype(), p.value.Shape()) })
	return p.grad
}

// Frozen tells whether training leaves the parameter as it is.
func (p *Param) Frozen() bool { return p != nil && p.frozen }

// Freeze has training leave the parameter as it is, or takes that back: to fine-tune the last layers of a network, say.
// A frozen parameter gets no gradient from programs that are compiled while it is frozen, and optimisers pass it over. Func.Grad
// compiles anew when it is so no longer. The only error is that there is no parameter: Params.Get found none of the name.
func (p *Param) Freeze(frozen bool) error {
	if p.absent() {
		return errors.New("graph: Freeze: the store has no parameter of that name")
	}
	p.frozen = frozen
	return nil
}
