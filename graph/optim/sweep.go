package optim

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Update clips the global norm of the gradients to limit, see ClipByNorm, and makes one step of o. It returns the norm
// before clipping. Gradients are read once for the norm, and are scaled and used in one sweep over the weights, piece
// by piece, on all processors; the result does not depend on their number. A limit of 0 only measures; a negative one, a
// rate that is not 0 or more and finite, and weights that the step has made NaN or infinite are errors.
func Update(o Optimizer, p *graph.Params, rate, limit float64) (norm float64, err error) {
	if o == nil {
		return 0, errors.New("optim: Update: the optimiser is nil")
	}
	if err := check(o, p, rate); err != nil {
		return 0, err
	}
	if err := checkLimit(limit); err != nil {
		return 0, err
	}
	s, ok := o.(interface{ base() *slots })
	if !ok {
		if norm, err = ClipByNorm(p, limit); err != nil {
			return norm, err
		}
		err := o.Step(p, rate)
		weights.Changed(p)
		if err != nil {
			return norm, err
		}
		return norm, finite(p)
	}
	slots := s.base()
	slots.prepare(p)
	if norm, err = slots.norm(); err != nil {
		return norm, err
	}
	slots.scale = 1
	if limit > 0 && norm > limit {
		slots.scale = limit / (norm + normEpsilon)
	}
	err = o.Step(p, rate)
	slots.scale = 1
	return norm, err
}

// normEpsilon is added to the norm before dividing by it, as PyTorch does.
const normEpsilon = 1e-6

// piece is a stretch of a parameter with its gradient and the optimiser's vectors, in one of two element types.
type piece struct {
	param *graph.Param
	from  int // its place in the parameter
	f32   vectors32
	f64   vectors64
	sum   float64 // of the gradient's squares
	lost  bool    // a weight is not finite after the step

	rows *rowPiece // if the gradient is kept by rows
}

type vectors32 struct {
	w, g []float32
	v    [3][]float32
}

type vectors64 struct {
	w, g []float64
	v    [3][]float64
}

const (
	// pieceSize is the number of elements in a piece: its vectors fit in the second-level cache.
	pieceSize = 1 << 14
	// sharedSize is the number of elements from which pieces are shared between processors.
	sharedSize = 1 << 16
)

// updater is an optimiser: it knows what to do with a piece.
type updater interface {
	update(c *piece)
	// lazy tells whether rows that no gradient touches stay as they are: because the optimiser is meant so, or because
	// nothing would change.
	lazy() bool
}

// base gives Update the part that all optimisers of this package have in common.
func (s *slots) base() *slots { return s }

// prepare cuts the store into pieces, when it has changed.
func (s *slots) prepare(p *graph.Params) {
	if s.params == p && s.count == p.Len() && s.sameTraits(p) {
		return
	}
	s.params, s.count, s.traits, s.pieces, s.elements, s.bound = p, p.Len(), make([]traits, p.Len()), nil, 0, false
	for i := 0; i < p.Len(); i++ {
		q := p.At(i)
		s.traits[i] = traitsOf(q)
		if !q.Frozen() {
			s.elements += q.Len()
			if s.traits[i].byRows {
				s.pieces = append(s.pieces, rowPieces(q)...)
				continue
			}
			for from := 0; from < q.Len(); from += pieceSize {
				s.pieces = append(s.pieces, pieceOf(q, from))
			}
		}
	}
	s.measure = func(i int, _ []float64) {
		c := &s.pieces[i]
		if c.rows != nil {
			c.sum = c.rows.sumSquares()
			return
		}
		c.sum = kernel.SumSquares(c.f32.g) + kernel.SumSquares(c.f64.g)
	}
}

// traits of a parameter decide how it is cut into pieces.
type traits struct {
	frozen bool
	byRows bool // its gradient is kept by rows, and it is not frozen
}

func traitsOf(q *graph.Param) traits {
	_, known := q.GradRows()
	return traits{frozen: q.Frozen(), byRows: known && !q.Frozen()}
}

// sameTraits tells whether the parameters are what they were when the store was cut.
func (s *slots) sameTraits(p *graph.Params) bool {
	for i, was := range s.traits {
		if traitsOf(p.At(i)) != was {
			return false
		}
	}
	return true
}

func pieceOf(q *graph.Param, from int) piece { return stretchOf(q, from, min(from+pieceSize, q.Len())) }

func stretchOf(q *graph.Param, from, end int) piece {
	c := piece{param: q, from: from}
	if w := float64s(weights.Of(q)); w != nil {
		c.f64.w, c.f64.g = w[from:end], float64s(q.Grad())[from:end]
	} else {
		c.f32.w, c.f32.g = float32s(weights.Of(q))[from:end], float32s(q.Grad())[from:end]
	}
	return c
}

// bind gives a piece its part of the parameter's vectors.
func (c *piece) bind(vectors []*tensor.Dense) {
	for i, v := range vectors {
		if c.f64.w != nil {
			c.f64.v[i] = float64s(v)[c.from:][:len(c.f64.w)]
		} else {
			c.f32.v[i] = float32s(v)[c.from:][:len(c.f32.w)]
		}
	}
}

// norm is the global norm of the gradients.
func (s *slots) norm() (float64, error) {
	s.run(s.measure)
	total := 0.0
	for i := range s.pieces {
		c := &s.pieces[i]
		if math.IsNaN(c.sum) || math.IsInf(c.sum, 0) {
			return 0, errors.Errorf("optim: the gradient of %s is not finite", c.param.Name())
		}
		total += c.sum
	}
	return math.Sqrt(total), nil
}

// sweep updates every piece of the store. Weights that are not finite are noticed in the step that made them so: the next
// one would find gradients that are not finite, after the weights were saved perhaps.
func (s *slots) sweep(p *graph.Params, kinds []string, o updater) error {
	s.prepare(p)
	if !s.bound {
		s.bind(p, kinds, o)
	}
	s.run(s.step)
	weights.Changed(p)
	for i := range s.pieces {
		if c := &s.pieces[i]; c.lost {
			return lost(c.param)
		}
	}
	return nil
}

// lost is the error of a step after which a parameter is not finite.
func lost(q *graph.Param) error {
	i := dense.NotFinite(weights.Of(q))
	if i < 0 {
		return errors.Errorf("optim: the step made %s NaN or infinite", q.Name())
	}
	v := 0.0
	if x := float64s(weights.Of(q)); x != nil {
		v = x[i]
	} else {
		v = float64(float32s(weights.Of(q))[i])
	}
	return errors.Errorf("optim: the step made element %d of %s %v; lower the rate, or clip gradients", i, q.Name(), v)
}

// finite looks for parameters that are not.
func finite(p *graph.Params) error {
	for i := range p.Len() {
		if q := p.At(i); !q.Frozen() && dense.NotFinite(weights.Of(q)) >= 0 {
			return lost(q)
		}
	}
	return nil
}

// bind gives the pieces the optimiser's vectors, making zeros for new parameters.
func (s *slots) bind(p *graph.Params, kinds []string, o updater) {
	s.kinds = kinds
	for i := range s.pieces {
		c := &s.pieces[i]
		c.bind(s.of(p, c.param))
	}
	s.step = func(i int, _ []float64) {
		c := &s.pieces[i]
		if c.rows != nil {
			c.lost = c.rows.step(c, o, s.scale)
			return
		}
		c.step(o, s.scale)
	}
	s.bound = true
}

// step updates a piece, after its gradient was scaled.
func (c *piece) step(o updater, scale float64) {
	if scale != 1 && scale != 0 {
		kernel.Affine(c.f32.g, c.f32.g, float32(scale), 0)
		kernel.Affine(c.f64.g, c.f64.g, scale, 0)
	}
	o.update(c)
	c.lost = !kernel.AllFinite(c.f32.w) || !kernel.AllFinite(c.f64.w)
}

// run does something with all pieces.
func (s *slots) run(f kernel.Part) {
	if s.elements >= sharedSize {
		kernel.Share(len(s.pieces), f)
		return
	}
	for i := range s.pieces {
		f(i, nil)
	}
}
