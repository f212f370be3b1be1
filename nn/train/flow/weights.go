package flow

import (
	"math/cmplx"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gonum.org/v1/gonum/mat"
)

// recurrentWeights measures every square block of the matrices called weight_hh.
func recurrentWeights(p *graph.Params) ([]Weight, error) {
	var out []Weight
	for i := range p.Len() {
		q := p.At(i)
		shape := q.Shape()
		local := q.Name()[strings.LastIndexByte(q.Name(), '.')+1:]
		if !strings.HasPrefix(local, "weight_hh") || len(shape) != 2 || shape[0]%shape[1] != 0 {
			continue // a projected state, or no matrix
		}
		w := Weight{Name: q.Name()}
		n, x := shape[1], dense.Float64s(weights.Of(q))
		for at := 0; at < len(x); at += n * n {
			r, err := spectralRadius(mat.NewDense(n, n, x[at:at+n*n]))
			if err != nil {
				return nil, errors.Wrap(err, q.Name())
			}
			w.Radius = append(w.Radius, r)
		}
		out = append(out, w)
	}
	return out, nil
}

func spectralRadius(m *mat.Dense) (float64, error) {
	var e mat.Eigen
	if !e.Factorize(m, mat.EigenNone) {
		return 0, errors.New("its eigenvalues cannot be computed")
	}
	largest := 0.0
	for _, v := range e.Values(nil) {
		largest = max(largest, cmplx.Abs(v))
	}
	return largest, nil
}

// Update is how much one step of training changed a parameter: ‖Δw‖ / ‖w‖. About 0.001 is usual; far less learns
// nothing, far more forgets what it learned.
type Update struct {
	Name  string
	Ratio float64 // 0 for a parameter that was zero
}

// Updates runs one step of training and compares the weights before and after it.
func Updates(p *graph.Params, step func() error) ([]Update, error) {
	if p == nil || step == nil {
		return nil, errors.New("flow: Updates: the store and the step must be given")
	}
	before := map[string][]float64{}
	for i := range p.Len() {
		before[p.At(i).Name()] = dense.Float64s(weights.Of(p.At(i)))
	}
	if err := step(); err != nil {
		return nil, err
	}
	var out []Update
	for i := range p.Len() {
		q := p.At(i)
		old, now := before[q.Name()], dense.Float64s(weights.Of(q))
		if q.Frozen() || old == nil {
			continue
		}
		for j := range now {
			now[j] -= old[j]
		}
		u := Update{Name: q.Name()}
		if size := norm(old); size > 0 {
			u.Ratio = norm(now) / size
		}
		out = append(out, u)
	}
	return out, nil
}
