package misuse

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/graph/stablehlo"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/explain"
	"github.com/unroll-go/unroll/nn/modules"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/torch"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/flow"
	"github.com/unroll-go/unroll/nn/train/search"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
	"gorgonia.org/tensor"
)

// recipe is a right call of a function with tensors. It passes each of them through a function, which spoils one.
type recipe struct {
	call      func(w *world, via func(*tensor.Dense) *tensor.Dense) (any, error)
	anyNumber bool // ids and floats are both right
	nilIsNone bool // a tensor may be left out
	noneFits  bool // a tensor without elements is right, as it is in files
}

var errNothing = errors.New("the result says that there is none")

var recipes map[string]recipe

// linearModule describes one module for package modules.
var linearModule = []byte(`{"inputs": [{"name": "x", "type": "float", "shape": ["A", 3]}], "layers": [{"module": "Linear", "weights": "w"}], "outputs": ["w"]}`)

func init() {
	type via = func(*tensor.Dense) *tensor.Dense
	matrix := func() *tensor.Dense { return filled(2, 3) }
	// double reads its input's numbers; it wants floats.
	double := func(g *graph.Graph, in []graph.Node) []graph.Node {
		y := g.Mul(in[0], g.Full(2, 2, 3))
		return []graph.Node{g.Mean(g.Add(y, g.Param("w", nil, 3))), y}
	}
	over := func(w *world) *graph.Func { return graph.NewFunc(w.params, double) }
	streaming := func(w *world, state, in *tensor.Dense) (*graph.Stream, error) {
		return graph.NewFunc(w.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
			y := g.Add(in[0], in[1])
			return []graph.Node{y, g.Tanh(y)}
		}).Stream([]*tensor.Dense{state}, in)
	}
	restoring := func(o func() optim.Optimizer) recipe {
		return recipe{call: func(w *world, via via) (any, error) {
			saved, restored := o(), o()
			if err := saved.Step(w.params, 0.1); err != nil {
				return nil, err
			}
			state := saved.State()
			for i := range min(3, len(state)) {
				state[i].Value = via(state[i].Value)
			}
			err := restored.Restore(w.params, state)
			return restored.State(), err
		}}
	}
	// looping trains or validates: only the tensors that it then reads are spoiled.
	looping := func(trains, validates bool, run func(l *train.Loop) (any, error)) recipe {
		return recipe{call: func(w *world, via via) (any, error) {
			ids := func() *tensor.Dense { return graph.Ints([]int{0, 1, 2, 1, 0, 2, 1, 1}, 4, 2) }
			l := &train.Loop{Loss: graph.NewFunc(w.params, taggerLoss), Optimizer: &optim.SGD{}, Schedule: optim.Constant(0.1), Steps: 2,
				State: []*tensor.Dense{matrix()}, Data: &source{batch: []*tensor.Dense{ids(), ids()}, len: 2, tokens: 8},
				Validation: train.Validation{Data: &source{batch: []*tensor.Dense{ids(), ids()}, len: 2, tokens: 8}, State: []*tensor.Dense{matrix()}}}
			if trains {
				l.State = []*tensor.Dense{via(matrix())}
				l.Data = &source{batch: []*tensor.Dense{via(ids()), via(ids())}, len: 2, tokens: 8}
			}
			if validates {
				l.Validation.State = []*tensor.Dense{via(matrix())}
				l.Validation.Data = &source{batch: []*tensor.Dense{via(ids()), via(ids())}, len: 2, tokens: 8}
			}
			got, err := run(l)
			return fmt.Sprint(got, inWords(w.params.Tensors(""))), err
		}}
	}
	// explaining explains the sum of a sequence.
	explaining := func(w *world, via via, how func(e *explain.Explainer, in explain.Input) (*explain.Attribution, error)) (any, error) {
		e, err := explain.New(w.params, func(g *graph.Graph, x, _ graph.Node) graph.Node {
			return g.Reshape(g.Sum(x, 0, 2), -1, 1)
		})
		if err != nil {
			return nil, err
		}
		a, err := how(e, explain.Input{X: via(matrix()), Baseline: via(filled(3))})
		if err != nil {
			return nil, err
		}
		return fmt.Sprint(a.Scores), nil
	}
	recipes = map[string]recipe{
		"explain.Explainer.Gradient": {nilIsNone: true, call: func(w *world, via via) (any, error) {
			return explaining(w, via, func(e *explain.Explainer, in explain.Input) (*explain.Attribution, error) {
				return e.Gradient(context.Background(), in)
			})
		}},
		"explain.Explainer.Occlusion": {nilIsNone: true, call: func(w *world, via via) (any, error) {
			return explaining(w, via, func(e *explain.Explainer, in explain.Input) (*explain.Attribution, error) {
				in.Groups = []int{0} // what is left out leaves the baseline
				return e.Occlusion(context.Background(), in)
			})
		}},
		"explain.Explainer.IntegratedGradients": {nilIsNone: true, call: func(w *world, via via) (any, error) {
			return explaining(w, via, func(e *explain.Explainer, in explain.Input) (*explain.Attribution, error) {
				return e.IntegratedGradients(context.Background(), in, explain.Integration{})
			})
		}},
		"explain.Watcher.Run": {call: func(w *world, via via) (any, error) {
			watcher, err := explain.Watch(w.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
				return []graph.Node{g.Record("state_0", g.Mul(in[0], g.Full(2)))}
			})
			if err != nil {
				return nil, err
			}
			out, _, err := watcher.Run(via(filled(1, 3)))
			return result(out, err)
		}},
		"graph.Scalar": {anyNumber: true, call: func(w *world, via via) (any, error) {
			v := graph.Scalar(via(graph.Floats([]float32{0.5}, 1, 1)))
			if math.IsNaN(v) {
				return nil, errNothing
			}
			return v, nil
		}},
		"graph.WriteSafetensors": {anyNumber: true, noneFits: true, call: func(w *world, via via) (any, error) {
			path := w.newPath()
			if err := graph.WriteSafetensors(path, []graph.Named{{Name: "a", Value: via(matrix())}, {Name: "b", Value: via(graph.Ints([]int{1, 2}))}}, nil); err != nil {
				return nil, err
			}
			list, _, err := graph.ReadSafetensors(path)
			return list, err
		}},
		"numpy.Write": {anyNumber: true, noneFits: true, call: func(w *world, via via) (any, error) {
			path := w.newPath()
			if err := numpy.Write(path, []graph.Named{{Name: "a", Value: via(matrix())}, {Name: "b", Value: via(graph.Ints([]int{1, 2}))}}); err != nil {
				return nil, err
			}
			return numpy.Read(path)
		}},
		"models.Recognize": {call: func(w *world, via via) (any, error) {
			f, err := models.Recognize([]graph.Named{{Name: "rnn.weight_ih_l0", Value: via(matrix())}, {Name: "rnn.weight_hh_l0", Value: filled(2, 2)},
				{Name: "head.weight", Value: filled(4, 2)}}, nil)
			if err != nil {
				return nil, err
			}
			m, err := f.Model()
			if err != nil {
				return nil, err
			}
			return inWords(m.Params().Tensors("")), nil
		}},
		"modules.Open": {anyNumber: true, call: func(w *world, via via) (any, error) {
			n, err := modules.Open(linearModule, []graph.Named{{Name: "w.weight", Value: via(matrix())}})
			if err != nil {
				return nil, err
			}
			p, err := n.Params(1)
			if err != nil {
				return nil, err
			}
			return inWords(p.Tensors("")), nil
		}},
		"modules.Names.Apply": {anyNumber: true, call: func(w *world, via via) (any, error) {
			list, err := modules.Names{"x": {From: []string{"a"}, Transpose: true}}.Apply([]graph.Named{{Name: "a", Value: via(matrix())}})
			return inWords(list), err
		}},
		"modules.Network.Run": {call: func(w *world, via via) (any, error) {
			n, err := modules.Open(linearModule, []graph.Named{{Name: "w.weight", Value: matrix()}})
			if err != nil {
				return nil, err
			}
			p, err := n.Params(1)
			if err != nil {
				return nil, err
			}
			out, err := n.Run(p, via(matrix()))
			return fmt.Sprint(out), err
		}},
		"torch.Write": {anyNumber: true, noneFits: true, call: func(w *world, via via) (any, error) {
			path := w.newPath()
			if err := torch.Write(path, []graph.Named{{Name: "a", Value: via(matrix())}, {Name: "b", Value: via(graph.Ints([]int{1, 2}))}}); err != nil {
				return nil, err
			}
			return torch.Read(path)
		}},
		"graph.Func.Run":  {call: func(w *world, via via) (any, error) { return result(over(w).Run(via(matrix()))) }},
		"graph.Func.Grad": {call: func(w *world, via via) (any, error) { return result(over(w).Grad(via(matrix()))) }},
		"graph.Func.Program": {call: func(w *world, via via) (any, error) {
			p, err := over(w).Program(via(matrix()))
			if err != nil {
				return nil, err
			}
			return result(p.Run(matrix()))
		}},
		"graph.Func.GradProgram": {call: func(w *world, via via) (any, error) {
			p, err := over(w).GradProgram(via(matrix()))
			if err != nil {
				return nil, err
			}
			return result(p.Run(matrix()))
		}},
		"graph.Program.Run": {call: func(w *world, via via) (any, error) {
			p, err := over(w).Program(matrix())
			if err != nil {
				return nil, err
			}
			return result(p.Run(via(matrix())))
		}},
		"stablehlo.Forward": {call: func(w *world, via via) (any, error) {
			return written(stablehlo.Forward(over(w), w.params, via(matrix())))
		}},
		"stablehlo.Gradients": {call: func(w *world, via via) (any, error) {
			return written(stablehlo.Gradients(over(w), w.params, via(matrix())))
		}},
		"stablehlo.Step": {call: func(w *world, via via) (any, error) {
			return written(stablehlo.Step(over(w), w.params, stablehlo.Training{Optimizer: &optim.Adam{}}, via(matrix())))
		}},
		"stablehlo.Module.Feed": {call: func(w *world, via via) (any, error) {
			m, err := stablehlo.Forward(over(w), w.params, matrix())
			if err != nil {
				return nil, err
			}
			return result(m.Feed(1, 0, via(matrix())))
		}},
		"graph.Func.Stream": {call: func(w *world, via via) (any, error) {
			s, err := streaming(w, via(matrix()), via(matrix()))
			if err != nil {
				return nil, err
			}
			return result(s.Step(matrix()))
		}},
		"graph.Stream.Step": {call: func(w *world, via via) (any, error) {
			s, err := streaming(w, matrix(), matrix())
			if err != nil {
				return nil, err
			}
			return result(s.Step(via(matrix())))
		}},
		"graph.Stream.Reset": {call: func(w *world, via via) (any, error) {
			s, err := streaming(w, matrix(), matrix())
			if err != nil {
				return nil, err
			}
			err = s.Reset(via(matrix()))
			return s.State(), err
		}},
		"graph.Graph.Const": {anyNumber: true, call: func(w *world, via via) (any, error) {
			p, err := w.g.Compile(w.g.Const(via(matrix())))
			if err != nil {
				return nil, err
			}
			return result(p.Run(w.inputs...))
		}},
		"graph.Params.Add": {call: func(w *world, via via) (any, error) {
			p, err := w.params.Add("new", via(matrix()))
			if err != nil {
				return nil, err
			}
			return p.Value(), nil
		}},
		"graph.Params.Set": {call: func(w *world, via via) (any, error) {
			err := w.params.Set("transitions", via(filled(3, 3)))
			return w.params.Tensors(""), err
		}},
		"graph.Params.SetAll": {call: func(w *world, via via) (any, error) {
			err := w.params.SetAll([]graph.Named{{Name: "transitions", Value: via(filled(3, 3))}, {Name: "new", Value: via(matrix())}})
			return w.params.Tensors(""), err
		}},
		"optim.SGD.Restore":     restoring(func() optim.Optimizer { return &optim.SGD{Momentum: 0.5} }),
		"optim.Adam.Restore":    restoring(func() optim.Optimizer { return &optim.Adam{} }),
		"optim.AdaGrad.Restore": restoring(func() optim.Optimizer { return &optim.AdaGrad{} }),
		"optim.RMSProp.Restore": restoring(func() optim.Optimizer { return &optim.RMSProp{} }),
		"graphtest.Float64s": {anyNumber: true, call: func(w *world, via via) (any, error) {
			if v := graphtest.Float64s(via(matrix())); len(v) > 0 {
				return v, nil
			}
			return nil, errNothing
		}},
		"graphtest.Float32": {anyNumber: true, call: func(w *world, via via) (any, error) {
			given := via(graph.Floats64([]float64{1, 2, 3, 4, 5, 6}, 2, 3))
			v := graphtest.Float32(given)
			if v == given { // left as it is, for whoever takes it to refuse
				return nil, errNothing
			}
			return v, nil
		}},
		"graphtest.Close": {anyNumber: true, call: func(w *world, via via) (any, error) {
			return nil, failures(func(t testing.TB) { graphtest.Close(t, "x", via(matrix()), via(matrix()), 1e-6) })
		}},
		"graphtest.Recorded.Compare": {call: func(w *world, via via) (any, error) {
			x := matrix()
			values := map[string]*tensor.Dense{"c.in.x": via(x), "c.in.g": via(matrix()), "c.out.y": via(x.Clone().(*tensor.Dense)), "c.grad.x": matrix()}
			return nil, failures(func(t testing.TB) {
				graphtest.Recorded{Values: values, Case: "c", Tolerance: 1e-6, Build: func(g *graph.Graph, in map[string]graph.Node) graph.Node {
					return g.Affine(in["x"], 1, 0)
				}}.Compare(t)
			})
		}},
		"graphtest.Gradient.Check": {call: func(w *world, via via) (any, error) { return gradient(via).Check() }},
		"graphtest.CheckGradient": {call: func(w *world, via via) (any, error) {
			return nil, failures(func(t testing.TB) { graphtest.CheckGradient(t, gradient(via)) })
		}},
		"losses.BinaryCrossEntropy.Apply": {nilIsNone: true, call: func(w *world, via via) (any, error) {
			loss := losses.BinaryCrossEntropy{Weights: via(filled(4, 2, 3))}.Apply(w.g, w.floats[0], w.g.Sigmoid(w.floats[1]))
			p, err := w.g.Compile(loss)
			if err != nil {
				return nil, err
			}
			return result(p.Run(w.inputs...))
		}},
		"losses.CRF.Tags": {call: func(w *world, via via) (any, error) {
			tags, scores, err := losses.CRF{}.Tags(w.params, "", via(filled(4, 2, 3)), nil)
			return fmt.Sprint(tags, scores), err
		}},
		"decode.CTC.Run": {call: func(w *world, via via) (any, error) {
			found, err := decode.CTC{Beam: 2}.Run(via(filled(4, 2, 3)), nil)
			return fmt.Sprint(found), err
		}},
		"decode.CTC.Align": {call: func(_ *world, via via) (any, error) {
			found, err := decode.CTC{}.Align(via(filled(4, 2, 3)), nil, [][]int{{1}, {2, 1}})
			return fmt.Sprint(found), err
		}},
		"decode.Transducer.Align": {call: func(_ *world, via via) (any, error) {
			d, err := transducer()
			if err != nil {
				return nil, err
			}
			found, err := d.Align(via(filled(4, 2, 3)), nil, [][]int{{1}, {2, 1}})
			return fmt.Sprint(found), err
		}},
		"decode.CTCStream.Add": {call: func(_ *world, via via) (any, error) {
			s, err := decode.CTC{Beam: 2}.Stream(3)
			if err != nil {
				return nil, err
			}
			err = s.Add(via(filled(4, 3)))
			return fmt.Sprint(s.Best()), err
		}},
		"decode.Transducer.Run": {call: func(_ *world, via via) (any, error) {
			d, err := transducer()
			if err != nil {
				return nil, err
			}
			found, err := d.Run(decode.TransducerSearch{Beam: 2}, via(filled(4, 2, 3)), nil)
			return fmt.Sprint(found), err
		}},
		"decode.TransducerStream.Add": {call: func(_ *world, via via) (any, error) {
			d, err := transducer()
			if err != nil {
				return nil, err
			}
			s, err := d.Stream(decode.TransducerSearch{Beam: 2})
			if err != nil {
				return nil, err
			}
			err = s.Add(via(filled(4, 3)))
			return fmt.Sprint(s.Best()), err
		}},
		"decode.NewStepper": {call: func(w *world, via via) (any, error) {
			f := graph.NewFunc(w.params, func(g *graph.Graph, in []graph.Node) []graph.Node {
				h := g.Add(g.Gather(g.Full(0, 5, 3), in[0]), in[1], in[2])
				return []graph.Node{h, h}
			})
			s, err := decode.NewStepper(f, []*tensor.Dense{via(matrix())}, []decode.Context{{Value: via(matrix())}}, nil, 1)
			if err != nil {
				return nil, err
			}
			p, err := s.Next([]int{1, 2}, nil)
			return fmt.Sprint(p), err
		}},
		"flow.Measure": {call: func(w *world, via via) (any, error) {
			ids := func() *tensor.Dense { return graph.Ints([]int{0, 1, 2, 1, 0, 2, 1, 1}, 4, 2) }
			report, err := flow.Measure(w.params, taggerLoss, via(ids()), via(ids()), via(matrix()))
			if err != nil {
				return nil, err
			}
			return report.String(), nil
		}},
		"train.Loop.Run": looping(true, true, func(l *train.Loop) (any, error) {
			r, err := l.Run(context.Background())
			return r.TrainLoss, err
		}),
		"train.Loop.Prepare": looping(true, true, func(l *train.Loop) (any, error) {
			if err := l.Prepare(); err != nil {
				return nil, err
			}
			r, err := l.Run(context.Background())
			return r.TrainLoss, err
		}),
		"train.Validate": looping(false, true, func(l *train.Loop) (any, error) {
			return train.Validate(l.Loss, l.Validation.Data, l.Validation.State)
		}),
		"search.RangeTest.Do": looping(true, false, func(l *train.Loop) (any, error) {
			return search.RangeTest{Steps: 3}.Do(context.Background(), l)
		}),
	}
}

func result(out []*tensor.Dense, err error) (any, error) { return out, err }

func written(m *stablehlo.Module, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return m.Text, nil
}

// gradient is a right gradient check.
func gradient(via func(*tensor.Dense) *tensor.Dense) graphtest.Gradient {
	x := via(graph.Floats64([]float64{1, 2, 3, 4, 5, 6}, 2, 3))
	return graphtest.Gradient{Inputs: []*tensor.Dense{x, via(graph.Ints([]int{1, 0}))}, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Mean(g.Tanh(g.Gather(in[0], in[1])))}
	}}
}

// watcher is a testing.TB that notes failures.
type watcher struct {
	testing.TB
	err error
}

func (w *watcher) Helper()                           {}
func (w *watcher) Logf(string, ...any)               {}
func (w *watcher) Errorf(format string, args ...any) { w.err = fmt.Errorf(format, args...) }
func (w *watcher) Error(args ...any)                 { w.err = errors.New(fmt.Sprint(args...)) }
func (w *watcher) Fatal(args ...any)                 { w.Error(args...); runtime.Goexit() }
func (w *watcher) Fatalf(format string, args ...any) { w.Errorf(format, args...); runtime.Goexit() }

// failures is the last failure that a check reports.
func failures(check func(t testing.TB)) error {
	w := &watcher{}
	panicked := make(chan any)
	go func() {
		defer func() { panicked <- recover() }()
		check(w)
	}()
	if p := <-panicked; p != nil {
		panic(p)
	}
	return w.err
}

// transducer decodes encoded frames of three numbers, with the weights that it begins with.
func transducer() (*decode.Transducer, error) {
	m := recurrent.Transducer{Embedding: nn.Embedding{Tokens: 3, Size: 2}, Cell: recurrent.GRU{Hidden: 2}, Units: 2}
	p := graph.NewParams(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{m.Apply(g, in[0], in[1])} })
	_, err := f.Run(graph.Floats(make([]float32, 3), 1, 1, 3), graph.Ints([]int{1}, 1, 1))
	return decode.NewTransducer(m, p), err
}
