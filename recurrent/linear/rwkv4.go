package linear

import (
	"math"
	"math/rand/v2"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// RWKV4TimeMix is the attention-free attention of RWKV-4 (Peng et al., 2023, arXiv 2305.13048, section 3): each channel
// keeps an average of values v, weighted by exp(k) of keys k and fading by a rate of its own, and reads it together with the
// value of now, which has a bonus:
//
//	r, k, v = W_r·(μ_r⊙x + (1-μ_r)⊙x⁻), ...      x⁻ is the input one step before
//	p' = exp(w)⊙p + exp(k)⊙v                     w = -exp(time_decay)
//	q' = exp(w)⊙q + exp(k)
//	h' = W_o·(σ(r)⊙(p + exp(time_first + k)⊙v)/(q + exp(time_first + k)))
//
// To keep exp in range, p and q are stored times exp(-m), with the running maximum m' = max(m + w, k). All m of a sequence
// are one scan (recurrent.Order.Largest), after which p and q are linear. The input is as wide as h.
//
// State: h [B, H], which is not read, x⁻ [B, H], p, q and m [B, A]. Parameters, as in transformers but that all time_mix are
// vectors: time_decay [A], time_first [A], time_mix_key, time_mix_value and time_mix_receptance [H], key.weight,
// value.weight and receptance.weight [A, H], output.weight [H, A]. They start as the authors' do, but matrices Glorot uniform.
type RWKV4TimeMix struct {
	Hidden int // H, the width of the output
	Inner  int // A, the number of channels; 0 for H
	// Place is where in the network the layer is, from 0, the first, to 1, the last. Rates and mixtures start by it: those of
	// late layers look further back.
	Place float64
}

// RWKV4ChannelMix is the feed-forward network of RWKV-4, which sees the input one step before, too:
//
//	r, k = W_r·(μ_r⊙x + (1-μ_r)⊙x⁻), W_k·(μ_k⊙x + (1-μ_k)⊙x⁻)      h' = σ(r)⊙W_v·max(k, 0)²
//
// State: h [B, H], which is not read, and x⁻ [B, H]. Parameters: time_mix_key and time_mix_receptance [H], key.weight [F, H],
// receptance.weight [H, H], value.weight [H, F].
type RWKV4ChannelMix struct {
	Hidden int     // H, the width of the input and of the output
	Inner  int     // F; 0 for 4·H
	Place  float64 // as in RWKV4TimeMix
}

func (c RWKV4TimeMix) widths() []int {
	inner := or(c.Inner, c.Hidden)
	return []int{c.Hidden, c.Hidden, inner, inner, inner}
}

func (c RWKV4ChannelMix) widths() []int { return []int{c.Hidden, c.Hidden} }

// Begin returns zeros, and m for an empty memory.
func (c RWKV4TimeMix) Begin(g *graph.Graph, batch int) recurrent.State {
	s := zeros(g, "RWKV4TimeMix", batch, c.widths())
	if g.Err() == nil {
		s[4] = g.Full(nothing, batch, c.widths()[4])
	}
	return s
}

// Startable tells that only x⁻ can be an arbitrary vector: q is a sum of positive weights, and p and m belong to it.
func (c RWKV4TimeMix) Startable(_ *graph.Graph, entry int) bool { return entry == 1 }

// nothing is the running maximum of an empty memory: far below any key, so that the first one is stored as it is.
const nothing = -1000

// Begin returns zeros.
func (c RWKV4ChannelMix) Begin(g *graph.Graph, batch int) recurrent.State {
	return zeros(g, "RWKV4ChannelMix", batch, c.widths())
}

// Step computes the output, [B, H], and the new state.
func (c RWKV4TimeMix) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "RWKV4TimeMix", c, x, s)
}

// Step computes the output, [B, H], and the new state.
func (c RWKV4ChannelMix) Step(g *graph.Graph, x graph.Node, s recurrent.State) (graph.Node, recurrent.State) {
	return single(g, "RWKV4ChannelMix", c, x, s)
}

// shifted is an input with the input before each of its steps: what RWKV mixes.
type shifted struct {
	x, before graph.Node // [T, B, H]
	width     int
}

// mixed is μ⊙x + (1-μ)⊙x⁻, with a parameter μ [H].
func (s shifted) mixed(g *graph.Graph, name string, init graph.Init) graph.Node {
	mu := g.Param(name, init, s.width)
	return g.Add(g.Mul(s.x, mu), g.Mul(s.before, g.Affine(mu, -1, 1)))
}

// Scan computes all steps at once: x [T, B, H] gives [T, B, H].
func (c RWKV4TimeMix) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !mixable(g, "RWKV4TimeMix", c.Hidden, c.Place, x) || !sequence(g, "RWKV4TimeMix", x, s, c.widths()) {
		return graph.Node{}, s
	}
	inner := c.widths()[4]
	before, last := o.Before(g, x, s[1])
	in := shifted{x, before, c.Hidden}
	of := func(name string, mu graph.Init) graph.Node {
		return nn.Dense{Units: inner, NoBias: true}.Apply(g.Scope(name), in.mixed(g, "time_mix_"+name, mu))
	}
	k, v := of("key", rise(1-c.Place, 0)), of("value", rise(1-c.Place, 0.3*c.Place))
	r := g.Sigmoid(of("receptance", rise(0.5*(1-c.Place), 0)))
	y, next := c.average(g, k, v, s, o)
	h := nn.Dense{Units: c.Hidden, NoBias: true}.Apply(g.Scope("output"), g.Mul(r, y))
	return h, append(recurrent.State{o.Last(g, h, s[0]), last}, next...)
}

// average returns the averages of v [T, B, A] by keys k, and the last p, q and m.
func (c RWKV4TimeMix) average(g *graph.Graph, k, v graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	inner := k.Dim(2)
	w := g.Neg(g.Exp(g.Param("time_decay", c.decays, inner)))
	m, endM := o.Largest(g, w, k, s[4])
	m0, _ := o.Before(g, m, s[4])
	fades := g.Exp(g.Sub(g.Add(m0, w), m))
	gain := g.Exp(g.Clamp(g.Sub(k, m), math.Inf(-1), 0)) // above 0 at padding alone, whose m is not a maximum of k
	p, endP := o.Linear(g, fades, g.Mul(gain, v), s[2])
	q, endQ := o.Linear(g, fades, gain, s[3])
	p0, _ := o.Before(g, p, s[2])
	q0, _ := o.Before(g, q, s[3])

	now := g.Add(k, g.Param("time_first", bonuses, inner))
	top := g.Where(g.Less(m0, now), now, m0)
	old, fresh := g.Exp(g.Sub(m0, top)), g.Exp(g.Sub(now, top))
	y := g.Div(g.Add(g.Mul(old, p0), g.Mul(fresh, v)), g.Add(g.Mul(old, q0), fresh))
	return y, recurrent.State{endP, endQ, endM}
}

// Scan computes all steps at once: x [T, B, H] gives [T, B, H].
func (c RWKV4ChannelMix) Scan(g *graph.Graph, x graph.Node, s recurrent.State, o recurrent.Order) (graph.Node, recurrent.State) {
	if !mixable(g, "RWKV4ChannelMix", c.Hidden, c.Place, x) || !sequence(g, "RWKV4ChannelMix", x, s, c.widths()) {
		return graph.Node{}, s
	}
	before, last := o.Before(g, x, s[1])
	in, mu := shifted{x, before, c.Hidden}, rise(1-c.Place, 0)
	dense := func(name string, units int, x graph.Node) graph.Node {
		return nn.Dense{Units: units, NoBias: true}.Apply(g.Scope(name), x)
	}
	k := dense("key", or(c.Inner, 4*c.Hidden), in.mixed(g, "time_mix_key", mu))
	r := g.Sigmoid(dense("receptance", c.Hidden, in.mixed(g, "time_mix_receptance", mu)))
	h := g.Mul(r, dense("value", c.Hidden, nn.SquaredReLU{}.Apply(g, k)))
	return h, recurrent.State{o.Last(g, h, s[0]), last}
}

// mixable reports an input that is not as wide as the output, or a place outside of the network.
func mixable(g *graph.Graph, cell string, hidden int, place float64, x graph.Node) bool {
	switch {
	case !positive(g, cell, size{"hidden size", hidden}):
	case x.Dim(-1) != hidden:
		g.Failf(cell, "an input of %d numbers; want %d, the width of the output", x.Dim(-1), hidden)
	case !(place >= 0 && place <= 1):
		g.Failf(cell, "Place %g; want 0, the first layer, to 1, the last", place)
	}
	return g.Err() == nil
}

// rise starts weight i of n at (i/n)^power + shift.
func rise(power, shift float64) graph.Init {
	return func(dst []float64, _ []int, _ *rand.Rand) error {
		for i := range dst {
			dst[i] = math.Pow(float64(i)/float64(len(dst)), power) + shift
		}
		return nil
	}
}

// decays are from -5, slow, to 3, fast; late layers have more slow ones.
func (c RWKV4TimeMix) decays(dst []float64, _ []int, _ *rand.Rand) error {
	for i := range dst {
		at := float64(i) / float64(max(len(dst)-1, 1))
		dst[i] = float64(8*math.Pow(at, 0.7+float64(1.3*c.Place))) - 5
	}
	return nil
}

// bonuses are log 0.3 and a half more or less, in turns.
func bonuses(dst []float64, _ []int, _ *rand.Rand) error {
	for i := range dst {
		dst[i] = math.Log(0.3) + 0.5*float64((i+1)%3-1)
	}
	return nil
}
