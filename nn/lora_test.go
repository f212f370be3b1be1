package nn_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// adaptable is a network with weights of every kind that can be adapted: a kernel, two layers of LSTM and a head.
func adaptable(g *graph.Graph, x graph.Node) graph.Node {
	x = nn.Conv1D{Channels: 3, Kernel: 2, Padding: nn.PadCausal}.Apply(g.Scope("conv"), x)
	x, _ = recurrent.Unroll(g.Scope("lstm"), recurrent.StackOf(2, recurrent.LSTM{Hidden: 4}), x, recurrent.Options{})
	return nn.Dense{Units: 2}.Apply(g.Scope("head"), x)
}

var adapters = map[string]nn.LoRA{
	"all":      {Rank: 2, Alpha: 3},
	"some":     {Rank: 1, Targets: []string{"lstm.weight_hh_*", "conv"}},
	"gates":    {Rank: 2, Alpha: 5, RankStabilized: true, Targets: []string{"lstm.weight_?h_l0"}, Blocks: []bool{false, true, true, false}},
	"whole":    {Rank: 2, Alpha: 3, Targets: []string{"lstm.weight_hh_*"}, Whole: []string{"conv", "lstm.bias_ih_*", "head.bias"}},
	"dropping": {Rank: 3, Dropout: 0.4, Targets: []string{"lstm"}},
}

// adaptedStore is a float64 store of the network whose adapters are no longer zero.
func adaptedStore(t *testing.T, l nn.LoRA, x *tensor.Dense) *graph.Params {
	t.Helper()
	p := graph.NewParams64(1)
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{adaptable(l.Apply(g), in[0])} })
	if _, err := f.Run(x); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		if q := p.At(i); strings.HasSuffix(q.Name(), ".lora_B") || strings.HasSuffix(q.Name(), ".lora_delta") {
			if err := p.Set(q.Name(), graphtest.Random(uint64(i), q.Shape()...)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p
}

// An adapter begins with no effect; its weights have the names, the shapes and the start that they should have.
func TestLoRAStarts(t *testing.T) {
	x := graphtest.Random(1, 3, 2, 5)
	for name, l := range adapters {
		plain, adapted := graph.NewParams64(1), graph.NewParams64(1)
		want, err := graph.NewFunc(plain, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{adaptable(g, in[0])} }).Run(x)
		if err != nil {
			t.Fatal(err)
		}
		got, err := graph.NewFunc(adapted, func(g *graph.Graph, in []graph.Node) []graph.Node {
			return []graph.Node{adaptable(l.Apply(g), in[0])}
		}).Run(x)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, name, got[0], want[0], 1e-15)
	}
	p := graph.NewParams(1)
	l := nn.LoRA{Rank: 2, Tables: []string{"table"}, Targets: []string{"lstm.weight_hh_l0", "table"}, Blocks: []bool{true, false, true, true}}
	_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		g = l.Apply(g)
		x := nn.Embedding{Tokens: 400, Size: 25}.Apply(g.Scope("table"), in[0])
		y, _ := recurrent.Unroll(g.Scope("lstm"), recurrent.LSTM{Hidden: 100}, x, recurrent.Options{})
		return []graph.Node{y}
	}).Run(graph.Ints([]int{1, 2}, 2, 1))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		shape      string
		deviation  float64
		most       float64
		everywhere bool
	}{
		"lstm.weight_hh_l0.lora_A": {"[6 100]", 0.1 / math.Sqrt(3), 0.1, true},
		"lstm.weight_hh_l0.lora_B": {"[300 2]", 0, 0, false},
		"table.weight.lora_A":      {"[6 25]", 1, 10, true},
		"table.weight.lora_B":      {"[300 2]", 0, 0, false},
	} {
		q := p.Get(name)
		if q == nil || fmt.Sprint(q.Shape()) != want.shape {
			t.Fatalf("%s is %v; want %s\n%v", name, q.Shape(), want.shape, p)
		}
		sum, most := 0.0, 0.0
		for _, v := range q.Value().Float32s() {
			sum, most = sum+float64(v*v), max(most, math.Abs(float64(v)))
		}
		if d := math.Sqrt(sum / float64(q.Len())); math.Abs(d-want.deviation) > want.deviation/4 || most > want.most {
			t.Errorf("%s has the deviation %g, and %g at most; want %g and %g", name, d, most, want.deviation, want.most)
		}
	}
	whole := adaptedStore(t, adapters["whole"], x)
	var parts []string
	for i := range whole.Len() {
		if name := whole.At(i).Name(); nn.IsAdapter(name) {
			parts = append(parts, fmt.Sprint(name, whole.At(i).Shape()))
		}
	}
	if got, want := strings.Join(parts, " "), "conv.weight.lora_delta[3 5 2] conv.bias.lora_delta[3] "+
		"lstm.weight_hh_l0.lora_A[2 4] lstm.weight_hh_l0.lora_B[16 2] lstm.bias_ih_l0.lora_delta[16] "+
		"lstm.weight_hh_l1.lora_A[2 4] lstm.weight_hh_l1.lora_B[16 2] lstm.bias_ih_l1.lora_delta[16] head.bias.lora_delta[2]"; got != want {
		t.Errorf("beside the weights are %s; want %s", got, want)
	}
	if p.Get("lstm.weight_ih_l0.lora_A") != nil {
		t.Error("a weight that is no target has an adapter")
	}
}

func TestLoRAGradients(t *testing.T) {
	for name, l := range adapters {
		t.Run(name, func(t *testing.T) {
			x := graphtest.Random(1, 3, 2, 5)
			graphtest.CheckGradient(t, graphtest.Gradient{
				Training: true, Seed: 3, Samples: 8, Params: adaptedStore(t, l, x), Inputs: []*tensor.Dense{x},
				Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
					y := adaptable(l.Apply(g), in[0])
					if g.Err() != nil {
						return []graph.Node{y}
					}
					return []graph.Node{g.Sum(g.Mul(y, g.Const(graphtest.Random(2, 3, 2, 2))))}
				},
			})
		})
	}
}

// The adapted weight is W + s·B·A in plain loops; merged, a network computes what it did with its adapter beside it.
func TestLoRAMerges(t *testing.T) {
	x := graphtest.Random(1, 3, 2, 5)
	for name, l := range adapters {
		p := adaptedStore(t, l, x)
		merged, err := l.Merge(p)
		if err != nil {
			t.Fatal(err)
		}
		names, err := l.Adapted(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			graphtest.Close(t, name, merged.Get(name).Value(), sumOf(l, p, name), 1e-14)
		}
		own, err := l.Parameters(p)
		if err != nil {
			t.Fatal(err)
		}
		if want := p.Len() - len(own); merged.Len() != want {
			t.Errorf("%s: %d weights were merged; want %d", name, merged.Len(), want)
		}
		before, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{adaptable(l.Apply(g), in[0])} }).Run(x)
		if err != nil {
			t.Fatal(err)
		}
		after, err := graph.NewFunc(merged, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{adaptable(g, in[0])} }).Run(x)
		if err != nil {
			t.Fatal(err)
		}
		graphtest.Close(t, name, after[0], before[0], 1e-14)
	}
}

// sumOf is W + s·B·A, block by block, or W and what is added to all of it.
func sumOf(l nn.LoRA, p *graph.Params, name string) *tensor.Dense {
	w := p.Get(name).Value().Clone().(*tensor.Dense)
	if delta := p.Get(name + ".lora_delta"); delta != nil {
		for i, v := range delta.Value().Float64s() {
			w.Float64s()[i] += v
		}
		return w
	}
	a, b := p.Get(name+".lora_A").Value().Float64s(), p.Get(name+".lora_B").Value().Float64s()
	on := l.Blocks
	if on == nil {
		on = []bool{true}
	}
	out := w.Shape()[0]
	in, rows, next := p.Get(name).Len()/out, out/len(on), 0
	for k, adapted := range on {
		if !adapted {
			continue
		}
		for i := range rows {
			for j := range in {
				sum := 0.0
				for r := range l.Rank {
					sum += b[(next*rows+i)*l.Rank+r] * a[(next*l.Rank+r)*in+j]
				}
				w.Float64s()[(k*rows+i)*in+j] += l.Scale() * sum
			}
		}
		next++
	}
	return w
}

// Training changes adapters alone; other weights get no gradient, and the optimiser keeps nothing for them.
func TestLoRAFreezes(t *testing.T) {
	x := graphtest.Random(1, 3, 2, 5)
	l := adapters["all"]
	p := adaptedStore(t, l, x)
	if err := l.Freeze(p); err != nil {
		t.Fatal(err)
	}
	before := map[string]*tensor.Dense{}
	for _, v := range p.Tensors("") {
		before[v.Name] = v.Value.Clone().(*tensor.Dense)
	}
	f := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		return []graph.Node{g.Sum(g.Square(adaptable(l.Apply(g), in[0])))}
	})
	adam := &optim.Adam{}
	if _, err := f.Grad(x); err != nil {
		t.Fatal(err)
	}
	if _, err := optim.Update(adam, p, 0.1, 0); err != nil {
		t.Fatal(err)
	}
	for i := range p.Len() {
		q := p.At(i)
		same := slices.Equal(q.Value().Float64s(), before[q.Name()].Float64s())
		if same == nn.IsAdapter(q.Name()) {
			t.Errorf("%s has changed: %v", q.Name(), !same)
		}
	}
	for _, s := range adam.State() {
		if !strings.Contains(s.Name, "lora_") && strings.Contains(s.Name, "weight") {
			t.Errorf("the optimiser keeps %s %v", s.Name, s.Value.Shape())
		}
	}
}

func TestBadLoRA(t *testing.T) {
	for want, l := range map[string]nn.LoRA{
		"rank 0; want at least 1":                     {},
		"alpha -1; want a number":                     {Rank: 1, Alpha: -1},
		"dropout at rate 1;":                          {Rank: 1, Dropout: 1},
		"blocks [false false]; want one":              {Rank: 1, Blocks: []bool{false, false}},
		`target: "[": "["; want the name of a weight`: {Rank: 1, Targets: []string{"["}},
		"cannot be cut into 3 blocks":                 {Rank: 1, Targets: []string{"lstm"}, Blocks: []bool{true, true, true}},
		"its weight cannot be":                        {Rank: math.MaxInt / 2},
	} {
		p := graph.NewParams(1)
		_, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{adaptable(l.Apply(g), in[0])} }).
			Run(graph.Floats(make([]float32, 30), 3, 2, 5))
		want = strings.Replace(want, `"[": `, "", 1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	p := graph.NewParams(1)
	if _, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node { return []graph.Node{adaptable(g, in[0])} }).
		Run(graph.Floats(make([]float32, 30), 3, 2, 5)); err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		`target "lsmt" is the name of no weight`: nn.LoRA{Rank: 1, Targets: []string{"lsmt"}}.Freeze(p),
		"conv.weight has no adapter":             nn.LoRA{Rank: 1}.Freeze(p),
		"there is no store":                      nn.LoRA{Rank: 1}.Freeze(nil),
		"rank -1":                                nn.LoRA{Rank: -1}.Freeze(p),
		`"nose", which is to be trained whole`:   nn.LoRA{Rank: 1, Whole: []string{"nose"}}.Freeze(p),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// The gradient of an adapter costs a share of its weight's, which is computed nowhere.
func TestLoRAGradientIsThin(t *testing.T) {
	t.Setenv("UNROLL_PASSES", "") // all of them
	l := nn.LoRA{Rank: 2, Targets: []string{"lstm.weight_hh_*"}}
	p := graph.NewParams(1)
	build := func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(l.Apply(g).Scope("lstm"), recurrent.LSTM{Hidden: 32}, in[0], recurrent.Options{})
		return []graph.Node{g.Sum(y)}
	}
	x := graphtest.Float32(graphtest.Random(1, 20, 4, 5))
	if _, err := graph.NewFunc(p, build).Run(x); err != nil {
		t.Fatal(err)
	}
	whole := regexp.MustCompile(`matmul Aᵀ·B.*\[128 32\]`)
	for _, frozen := range []bool{false, true} {
		if frozen {
			if err := l.Freeze(p); err != nil {
				t.Fatal(err)
			}
		}
		program, err := graph.NewFunc(p, build).GradProgram(x)
		if err != nil {
			t.Fatal(err)
		}
		if found := whole.MatchString(program.String()); found == frozen {
			t.Errorf("frozen %v: the gradient of the whole weight is computed: %v\n%v", frozen, found, program)
		}
	}
}
