// Package graphtest checks what is built with package graph: gradients against finite differences, values against
// recorded ones. It serves the library's own tests and those of anybody who writes a cell, a layer or a loss.
package graphtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Gradient describes a gradient check: the first output of Build, a scalar loss, is differentiated with respect to
// every parameter and every float64 input, and each derivative is compared with a finite difference.
type Gradient struct {
	Build     graph.Build
	Inputs    []*tensor.Dense // float64, or ints
	Params    *graph.Params   // a float64 store; nil for a new one of seed 1
	Seed      uint64          // of the random masks
	Tolerance float64         // largest relative error; 0 for 1e-6
	Samples   int             // elements to check in each parameter; 0 for 40
	Size      float64         // of the numbers that the loss adds up, which round it also where they cancel; 0 for that of the loss
	Training  bool            // check the training graph, with its random masks, instead of the evaluating one
}

// CheckGradient fails the test if a derivative is off, naming the worst and listing every parameter.
func CheckGradient(t testing.TB, c Gradient) {
	t.Helper()
	r, err := c.Check()
	if err != nil {
		t.Fatal(err)
	}
	tolerance := c.tolerance()
	if !(r.Error <= tolerance) {
		t.Errorf("%v\n%s", r, r.Table(tolerance))
	}
}

func (c Gradient) tolerance() float64 {
	if c.Tolerance == 0 {
		return 1e-6
	}
	return c.Tolerance
}

// Check runs the gradient check.
func (c Gradient) Check() (Report, error) {
	p := c.Params
	if p == nil {
		p = graph.NewParams64(1)
	}
	if err := c.complete(p); err != nil {
		return Report{}, err
	}
	ids, build := c.inputsAsParams()
	f := graph.NewFunc(p, build)
	loss := func() (float64, error) {
		run := f.Run
		if c.Training {
			f.Seed(c.Seed)
			run = f.Grad
		}
		out, err := run(ids...)
		if err != nil {
			return 0, err
		}
		return graph.Scalar(out[0]), nil
	}
	f.Seed(c.Seed)
	out, err := f.Grad(ids...)
	if err != nil {
		return Report{}, err
	}
	// Below this, derivatives are compared by their difference alone: it is rounding. A loss of size L is rounded by some 1e-16·L,
	// which a difference divides by its step of 1e-3. A loss whose terms cancel is rounded as its terms are.
	least := 1e-6 * math.Max(1, math.Max(c.Size, math.Abs(graph.Scalar(out[0]))))
	grads := make([][]float64, p.Len())
	for i := range grads {
		grads[i] = append([]float64{}, p.At(i).Grad().Float64s()...)
	}
	var worst Report
	for i := range grads {
		if err := c.checkParam(p.At(i), grads[i], least, loss, &worst); err != nil {
			return worst, err
		}
	}
	if worst.Checked == 0 {
		return worst, errors.New("graphtest: the loss has no parameters and no float64 inputs to check")
	}
	return worst, nil
}

// complete reports what is missing or of the wrong type.
func (c Gradient) complete(p *graph.Params) error {
	if p.Dtype() != tensor.Float64 {
		return errors.New("graphtest: want a store of float64, which graph.NewParams64 makes")
	}
	if c.Build == nil {
		return errors.New("graphtest: Build is nil")
	}
	if !(c.Size >= 0) || math.IsInf(c.Size, 1) {
		return errors.Errorf("graphtest: Size is %g; want a number, 0 or more", c.Size)
	}
	for i, v := range c.Inputs {
		if err := dense.Check(v, tensor.Float64, tensor.Int); err != nil {
			return errors.Wrapf(err, "graphtest: input %d", i)
		}
	}
	return nil
}

// inputsAsParams returns the int inputs, and a build function in which float inputs are parameters.
func (c Gradient) inputsAsParams() ([]*tensor.Dense, graph.Build) {
	var ids []*tensor.Dense
	for _, v := range c.Inputs {
		if v.Dtype() == tensor.Int {
			ids = append(ids, v)
		}
	}
	return ids, func(g *graph.Graph, given []graph.Node) []graph.Node {
		nodes := make([]graph.Node, len(c.Inputs))
		for i, v := range c.Inputs {
			if v.Dtype() == tensor.Int {
				nodes[i], given = given[0], given[1:]
				continue
			}
			start := func(dst []float64, _ []int, _ *rand.Rand) error {
				copy(dst, v.Float64s())
				return nil
			}
			nodes[i] = g.Param(fmt.Sprintf("input%d", i), start, v.Shape()...)
		}
		return c.Build(g, nodes)
	}
}

// checkParam compares a sample of one parameter's derivatives with finite differences.
//
// A wide step has the least rounding. Where it disagrees, narrower ones have a look, too: a step that crosses the kink
// of a ReLU, or a sharp bend, does not see the slope at the element. A wrong derivative disagrees with all of them. What is
// reported is the widest step's difference, unless a narrower one comes clearly closer.
func (c Gradient) checkParam(p *graph.Param, grad []float64, least float64, loss func() (float64, error), r *Report) error {
	largest := 0.0
	for _, d := range grad {
		largest = math.Max(largest, math.Abs(d))
	}
	r.Params = append(r.Params, ParamReport{Name: p.Name(), Shape: p.Shape()})
	for _, i := range sample(p.Len(), c.Samples) {
		var best, numeric float64
		for k, step := range []float64{1e-3, 1e-4, 1e-5, 1e-6, 1e-7} {
			d, err := difference(p.Value().Float64s(), i, step, loss)
			if err != nil {
				return err
			}
			scale := math.Max(math.Max(math.Abs(d), math.Abs(grad[i])), math.Max(1e-3*largest, least))
			e := math.Abs(d-grad[i]) / scale
			if k == 0 || e < best/2 || e <= c.tolerance() {
				best, numeric = e, d
			}
			if best <= c.tolerance() {
				break
			}
		}
		r.add(i, grad[i], numeric, best)
	}
	return nil
}

// difference is the five-point finite difference of the loss by w[i], whose error falls with the fourth power of the
// step.
func difference(w []float64, i int, step float64, loss func() (float64, error)) (float64, error) {
	at, h, sum := w[i], step*math.Max(1, math.Abs(w[i])), 0.0
	defer func() { w[i] = at }()
	for _, s := range []struct{ steps, weight float64 }{{-2, 1}, {-1, -8}, {1, 8}, {2, -1}} {
		w[i] = at + s.steps*h
		y, err := loss()
		if err != nil {
			return 0, err
		}
		sum += s.weight * y / (12 * h)
	}
	return sum, nil
}

// sample returns up to limit places out of n, always the same ones, with the first and the last among them.
func sample(n, limit int) []int {
	if limit < 1 {
		limit = 40
	}
	if n <= limit {
		limit = n
	}
	out := make([]int, limit)
	for i := range out {
		if limit > 1 {
			out[i] = i * (n - 1) / (limit - 1)
		}
	}
	return out
}
