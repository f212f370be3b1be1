package optim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"gorgonia.org/tensor"
)

// setting reads a number of a recorded case, 0 if it has none.
func setting(meta map[string]string, name, key string) (v float64) {
	if s, ok := meta[name+"."+key]; ok {
		fmt.Sscan(s, &v)
	}
	return v
}

func optimizer(name string, meta map[string]string) optim.Optimizer {
	get := func(key string) float64 { return setting(meta, name, key) }
	switch strings.Split(name, "_")[0] {
	case "sgd":
		return &optim.SGD{Momentum: get("momentum"), Nesterov: meta[name+".nesterov"] == "true", Decay: get("weight_decay")}
	case "rmsprop":
		return &optim.RMSProp{Alpha: get("alpha"), Epsilon: get("eps"), Momentum: get("momentum"),
			Centered: meta[name+".centered"] == "true", Decay: get("weight_decay")}
	case "adagrad":
		return &optim.AdaGrad{RateDecay: get("lr_decay"), Epsilon: get("eps"), Decay: get("weight_decay"),
			Start: get("initial_accumulator_value")}
	}
	return &optim.Adam{Beta1: get("beta1"), Beta2: get("beta2"), Epsilon: get("eps"), Decay: get("weight_decay"),
		Decoupled: name == "adamw"}
}

// run takes the recorded gradients one by one and compares the weights after each step. At step restart, the
// optimiser is replaced by a new one that restores its state.
func run(t *testing.T, name string, restart int, float32s bool) {
	rec, meta := graphtest.Golden(t, "testdata/optim_f64.safetensors")
	p, tolerance := graph.NewParams64(1), 1e-13
	w0 := rec["in.w0"]
	if float32s {
		p, tolerance, w0 = graph.NewParams(1), 1e-5, graphtest.Float32(w0)
	}
	q, err := p.Add("w", w0)
	if err != nil {
		t.Fatal(err)
	}
	o := optimizer(name, meta)
	grads, want := rec["in.grads"].Float64s(), rec[name+".out.w"].Float64s()
	for step := range 12 {
		if step == restart {
			again := optimizer(name, meta)
			if err := again.Restore(p, o.State()); err != nil {
				t.Fatal(err)
			}
			o = again
		}
		g := graph.Floats64(grads[step*7 : step*7+7])
		if float32s {
			copy(q.Grad().Float32s(), graphtest.Float32(g).Float32s())
		} else {
			copy(q.Grad().Float64s(), g.Float64s())
		}
		if err := o.Step(p, setting(meta, name, "lr")); err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, fmt.Sprint("w after step ", step), q.Value(), graph.Floats64(want[step*7:step*7+7]), tolerance)
	}
}

// The recorded values come from testdata/record.py, which runs PyTorch.
func TestOptimizersAgreeWithPyTorch(t *testing.T) {
	_, meta := graphtest.Golden(t, "testdata/optim_f64.safetensors")
	for name := range strings.SplitSeq(meta["cases"], ",") {
		t.Run(name, func(t *testing.T) {
			run(t, name, -1, false)
			run(t, name, 5, false)
			run(t, name, 5, true)
		})
	}
}

func TestClipping(t *testing.T) {
	rec, meta := graphtest.Golden(t, "testdata/clip_f64.safetensors")
	for _, name := range []string{"norm", "norm_loose", "value"} {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams64(1)
			for _, k := range []string{"a", "b"} {
				q, err := p.Add(k, rec["in."+k])
				if err != nil {
					t.Fatal(err)
				}
				copy(q.Grad().Float64s(), rec["in."+k].Float64s())
			}
			if name == "value" {
				if err := optim.ClipByValue(p, setting(meta, name, "clip_value")); err != nil {
					t.Fatal(err)
				}
			} else {
				norm, err := optim.ClipByNorm(p, setting(meta, name, "max_norm"))
				if err != nil {
					t.Fatal(err)
				}
				graphtest.Close(t, "norm", tensor.New(tensor.FromScalar(norm)), rec[name+".out.norm"], 1e-13)
			}
			for _, k := range []string{"a", "b"} {
				graphtest.Close(t, k, p.Get(k).Grad(), rec[name+".out."+k], 1e-13)
			}
		})
	}
}

func TestSchedules(t *testing.T) {
	rec, _ := graphtest.Golden(t, "testdata/schedules_f64.safetensors")
	plateau := &optim.Plateau{Current: 0.1, Factor: 0.5, Patience: 2}
	cooled := &optim.Plateau{Current: 0.1, Factor: 0.3, Patience: 1, Cooldown: 2, Least: 0.005}
	for name, s := range map[string]optim.Schedule{
		"constant": optim.Constant(0.1),
		"step":     optim.StepDecay{Start: 0.1, Factor: 0.3, Every: 5},
		"cosine":   optim.Cosine{Start: 0.1, End: 0.001, Steps: 20},
		"warmup":   optim.Warmup{Steps: 6, From: 0.1, Then: optim.Constant(0.1)},
		"plateau":  plateau, "plateau_cooldown": cooled,
	} {
		got := make([]float64, 20)
		for step := range got {
			if p, ok := s.(*optim.Plateau); ok { // recorded after the observation
				p.Observe(rec[name+".in.metric"].Float64s()[step])
			}
			got[step] = s.Rate(step)
		}
		graphtest.Close(t, name, graph.Floats64(got), rec[name+".out.lr"], 1e-15)
	}
	if r := (optim.Cosine{Start: 1, End: 0.5, Steps: 4}).Rate(100); r != 0.5 {
		t.Error("past its end, the cosine schedule gives", r)
	}
}

func TestStepDoesNotAllocate(t *testing.T) {
	for name, o := range map[string]optim.Optimizer{
		"sgd": &optim.SGD{Momentum: 0.9}, "rmsprop": &optim.RMSProp{Centered: true, Momentum: 0.9},
		"adam": optim.AdamW(0.01), "adagrad": &optim.AdaGrad{},
	} {
		p := graph.NewParams(1)
		for _, k := range []string{"a", "b"} {
			if _, err := p.Add(k, graph.Floats(make([]float32, 12), 3, 4)); err != nil {
				t.Fatal(err)
			}
		}
		step := func() {
			if _, err := optim.ClipByNorm(p, 1); err != nil {
				t.Fatal(err)
			}
			if err := o.Step(p, 0.1); err != nil {
				t.Fatal(err)
			}
		}
		step()
		if n := testing.AllocsPerRun(20, step); n != 0 {
			t.Errorf("%s: %v allocations a step", name, n)
		}
	}
}

func TestBadState(t *testing.T) {
	p := graph.NewParams(1)
	if _, err := p.Add("w", graph.Floats(make([]float32, 3))); err != nil {
		t.Fatal(err)
	}
	step := graph.Named{Name: "step", Value: graph.Ints([]int{1})}
	for want, state := range map[string][]graph.Named{
		"no step count": nil,
		"want 3 elements of float32": {step, {Name: "w.m", Value: graph.Floats(make([]float32, 2))},
			{Name: "w.v", Value: graph.Floats(make([]float32, 3))}},
		"3 entries, 1 of them fit": {step, {Name: "x.m", Value: graph.Floats(make([]float32, 3))},
			{Name: "x.v", Value: graph.Floats(make([]float32, 3))}},
	} {
		if err := (&optim.Adam{}).Restore(p, state); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	for _, o := range []optim.Optimizer{&optim.SGD{}, &optim.Adam{}, &optim.AdaGrad{}, &optim.RMSProp{}} {
		for _, err := range []error{o.Step(nil, 0.1), o.Restore(nil, o.State())} {
			if err == nil || !strings.Contains(err.Error(), "there is no store") {
				t.Errorf("%T without a store: error %v", o, err)
			}
		}
	}
	p.At(0).Grad().Float32s()[1] = float32(inf())
	if _, err := optim.ClipByNorm(p, 1); err == nil || !strings.Contains(err.Error(), "the gradient of w is not finite") {
		t.Error(err)
	}
	if err := optim.ClipByValue(p, 0); err == nil {
		t.Error("a clip value of 0 was accepted")
	}
}

func inf() float64 { x := 0.0; return 1 / x }

// Update gives what clipping and stepping give, with pieces of several parameters, one of them longer than a piece.
func TestUpdate(t *testing.T) {
	for _, norm := range []float64{0, 1e-3, 1e3} {
		for name, maker := range map[string]func() optim.Optimizer{
			"sgd":  func() optim.Optimizer { return &optim.SGD{Momentum: 0.9} },
			"adam": func() optim.Optimizer { return &optim.Adam{} },
			"rms":  func() optim.Optimizer { return &optim.RMSProp{Centered: true} },
			"ada":  func() optim.Optimizer { return &optim.AdaGrad{Start: 0.1} },
		} {
			var results [2][]float64
			for way := range results {
				p, o := graph.NewParams64(1), maker()
				for i, n := range []int{3, 40000, 70000} {
					q, err := p.Add(fmt.Sprint("w", i), graphtest.Random(uint64(i), n))
					if err != nil {
						t.Fatal(err)
					}
					for step := range 2 {
						copy(q.Grad().Float64s(), graphtest.Random(uint64(10+i+step), n).Float64s())
					}
				}
				for range 3 {
					var got float64
					var err error
					if way == 0 {
						got, err = optim.Update(o, p, 0.1, norm)
					} else if got, err = optim.ClipByNorm(p, norm); err == nil {
						err = o.Step(p, 0.1)
					}
					if err != nil {
						t.Fatal(err)
					}
					results[way] = append(results[way], got)
				}
				for i := range p.Len() {
					results[way] = append(results[way], p.At(i).Value().Float64s()...)
					results[way] = append(results[way], p.At(i).Grad().Float64s()...)
				}
			}
			for i, v := range results[0] {
				if w := results[1][i]; v-w > 1e-9*max(1, w) || w-v > 1e-9*max(1, w) {
					t.Fatalf("%s, limit %g: number %d is %v, want %v", name, norm, i, v, w)
				}
			}
		}
	}
}

// Parameters may be frozen and let go between the steps of one optimiser.
func TestFreezeBetweenSteps(t *testing.T) {
	for name, o := range map[string]optim.Optimizer{
		"SGD": &optim.SGD{Momentum: 0.9}, "RMSProp": &optim.RMSProp{}, "AdaGrad": &optim.AdaGrad{}, "Adam": &optim.Adam{}, "SparseAdam": optim.SparseAdam(),
	} {
		p := graph.NewParams(1)
		f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
			v, w := g.Param("v", graph.Constant(3), 2), g.SparseGrad(g.Param("w", graph.Constant(5), 2, 1))
			return []graph.Node{g.Sum(g.Mul(v, g.Gather(w, in[0])))}
		})
		ids := graph.Ints([]int{1, 0})
		if _, err := f.Program(ids); err != nil { // which makes the parameters
			t.Fatal(err)
		}
		v, w := p.Get("v").Value().Float32s(), p.Get("w").Value().Float32s()
		for i, frozen := range []bool{false, true, true, false, true} {
			if err := p.Get("w").Freeze(frozen); err != nil {
				t.Fatal(err)
			}
			if _, err := f.Grad(ids); err != nil {
				t.Fatal(err)
			}
			before, other := w[0], v[0]
			if _, err := optim.Update(o, p, 0.1, 1); err != nil {
				t.Fatal(err)
			}
			if (w[0] == before) != frozen {
				t.Errorf("%s: step %d, frozen %v: from %v to %v", name, i, frozen, before, w[0])
			}
			if v[0] == other {
				t.Errorf("%s: step %d: the other stays at %v", name, i, other)
			}
		}
	}
}
