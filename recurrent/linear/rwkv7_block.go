package linear

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// rwkv7Block is one block of an RWKV7.
type rwkv7Block struct {
	RWKV7
	layer int
}

// fastestRWKV7 is the logarithm of the fastest decay, -e^{-1/2}.
var fastestRWKV7 = -math.Exp(-0.5)

// overTime mixes x [T, B, C] over time. s are the block's entries of the state, and values those of the first block, which it
// sets. It returns what is to be added, and the state's first two entries.
func (b rwkv7Block) overTime(g *graph.Graph, x graph.Node, s recurrent.State, values *graph.Node,
	o recurrent.Order) (graph.Node, recurrent.State) {
	C, N := b.Hidden, b.heads()
	before, last := o.Before(g, x, s[0])
	lean := func(name string, power float64) graph.Node { return b.leaning(g, x, before, name, power) }
	vector := func(name string, init graph.Init) graph.Node { return g.Param(name, init, C) }
	xv := lean("x_v", 0.7)
	r, k, v := b.weighed(g, "receptance", lean("x_r", 0.2), 0.5), b.weighed(g, "key", lean("x_k", 0.7), 0.05), b.weighed(g, "value", xv, 0.5)
	w := g.Add(vector("w0", b.decayBias), b.low(g, "w", g.Tanh, lean("x_w", 0.9), b.DecayRank))
	a := g.Sigmoid(g.Add(vector("a0", b.along(-0.19, 0.4, 0.3)), b.low(g, "a", nil, lean("x_a", 0.9), b.RateRank)))
	gate := b.low(g, "g", g.Sigmoid, lean("x_g", 0.2), b.GateRank)

	found := nn.L2Norm{Bound: true}.Apply(g, perHead(g, g.Mul(k, vector("k_k", b.along(0.71, -0.1, 0))), N)) // k̂
	k = g.Add(k, g.Mul(g.Mul(k, g.AddScalar(a, -1)), vector("k_a", graph.Constant(1.02))))
	if b.layer == 0 {
		*values = v
	} else {
		share := g.Sigmoid(g.Add(vector("v0", b.along(0.73, -0.4, 0)), b.low(g, "v", nil, xv, b.ValueRank)))
		v = g.Add(v, g.Mul(g.Sub(*values, v), share))
	}
	// What is found is found before the step decays it, so k̂ is divided by w, which is never small.
	logW := perHead(g, g.MulScalar(g.Sigmoid(w), fastestRWKV7), N)
	rows, keys, heads := perHead(g, r, N), perHead(g, k, N), perHead(g, v, N)
	read, matrices := o.Chunks(g, recurrent.Memory{
		Query: rows, Key: keys, Value: heads, LogDecay: logW, Fastest: fastestRWKV7,
		Recall: g.Neg(g.Mul(found, g.Exp(g.Neg(logW)))), Revise: g.Mul(found, perHead(g, a, N)),
	}, s[1])

	y := nn.GroupNorm{Groups: N, Epsilon: 64e-5}.Apply(g.Scope("ln_x"), joined(g, read))
	bonus := g.Sum(g.Mul(g.Mul(rows, keys), g.Param("r_k", graph.Constant(-0.04), N, b.Head)), -1) // [T, B, N]
	y = g.Add(y, joined(g, g.Mul(g.Reshape(bonus, append(bonus.Shape(), 1)...), heads)))
	return b.weighed(g, "output", g.Mul(y, gate), 0), recurrent.State{last, matrices}
}

// overChannels mixes the channels of x [T, B, C]. It returns what is to be added, and the x of the last step.
func (b rwkv7Block) overChannels(g *graph.Graph, x, past graph.Node, o recurrent.Order) (y, last graph.Node) {
	before, last := o.Before(g, x, past)
	from := 1 - float64(b.layer)/float64(b.Layers)
	k := b.leant(g, x, before, "x_k", math.Pow(from, 4))
	bound := 0.5 / math.Sqrt(float64(b.Hidden))
	k = g.MatMulT(k, g.Scope("key").Param("weight", graph.Uniform(-bound, bound), b.Forward, b.Hidden))
	k = nn.SquaredReLU{}.Apply(g, k)
	return g.MatMulT(k, g.Scope("value").Param("weight", graph.Constant(0), b.Hidden, b.Forward)), last
}

// leaning is x + (before - x)⊙μ. Channels start with μ = 1 - (i/C)^power, later blocks nearer to x alone.
func (b rwkv7Block) leaning(g *graph.Graph, x, before graph.Node, name string, power float64) graph.Node {
	return b.leant(g, x, before, name, power*(1-float64(b.layer)/float64(b.Layers)))
}

func (b rwkv7Block) leant(g *graph.Graph, x, before graph.Node, name string, power float64) graph.Node {
	start := func(dst []float64, _ []int, _ *rand.Rand) error {
		for i := range dst {
			dst[i] = 1 - math.Pow(float64(i)/float64(len(dst)), power)
		}
		return nil
	}
	return g.Add(x, g.Mul(g.Sub(before, x), g.Param(name, start, b.Hidden)))
}

// weighed is x·Wᵀ with name.weight [C, C], which starts uniform up to bound/√C.
func (b rwkv7Block) weighed(g *graph.Graph, name string, x graph.Node, bound float64) graph.Node {
	bound /= math.Sqrt(float64(b.Hidden))
	return g.MatMulT(x, g.Scope(name).Param("weight", graph.Uniform(-bound, bound), b.Hidden, b.Hidden))
}

// low is f(x·W₁)·W₂ with name1 [C, rank] and name2 [rank, C]; without f if it is nil.
func (b rwkv7Block) low(g *graph.Graph, name string, f func(graph.Node) graph.Node, x graph.Node, rank int) graph.Node {
	x = g.MatMul(x, g.Param(name+"1", graph.Constant(0), b.Hidden, rank))
	if f != nil {
		x = f(x)
	}
	return g.MatMul(x, g.Param(name+"2", graph.Orthogonal(0.1), rank, b.Hidden))
}

// along starts a vector at base + slope·(i/(C-1) - 1/2) + zigzag·s|s|, where s goes from -1 to 1 within each head.
func (b rwkv7Block) along(base, slope, zigzag float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) error {
		for i := range dst {
			dst[i] = base + slope*(float64(i)/float64(max(len(dst)-1, 1))-0.5) + zigzag*b.zigzag(i)
		}
		return nil
	}
}

func (b rwkv7Block) zigzag(i int) float64 {
	middle := float64(b.Head-1) / 2
	if middle == 0 {
		return 0
	}
	s := (float64(i%b.Head) - middle) / middle
	return s * math.Abs(s)
}

// decayBias starts w₀ from slow to fast over the channels, and within each head.
func (b rwkv7Block) decayBias(dst []float64, _ []int, _ *rand.Rand) error {
	depth := float64(b.layer) / float64(max(b.Layers-1, 1))
	for i := range dst {
		at := float64(i) / float64(max(len(dst)-1, 1))
		dst[i] = -5.5 + 6*math.Pow(at, 1+math.Pow(depth, 0.3)) + 2.5*b.zigzag(i)
	}
	return nil
}
