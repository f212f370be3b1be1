package keras

import (
	"slices"
	"strings"

	"github.com/unroll-go/unroll/graph"
	rnn "github.com/unroll-go/unroll/recurrent"
)

// recurrent is a SimpleRNN, LSTM or GRU layer, or one direction of a Bidirectional one.
type recurrent struct {
	kind           Kind
	units          int
	function, gate activation // activation and recurrent_activation
	bias           bool
	resetBefore    bool // GRU without reset_after
	sequences      bool // return_sequences
	state          bool // return_state
	backwards      bool // go_backwards
	zeroed         bool // outputs are zero where the mask is, and not what they were
}

// newRecurrent reads the settings. CuDNNLSTM and CuDNNGRU have the functions that cuDNN has.
func newRecurrent(kind Kind, s settings) *recurrent {
	l := &recurrent{
		kind: kind, units: s.size("units", 0),
		function: s.activation("activation", "tanh"), gate: s.activation("recurrent_activation", "sigmoid"),
		bias: s.truth("use_bias", true), resetBefore: !s.truth("reset_after", s.keras3() || strings.HasPrefix(s.where, "CuDNN")),
		sequences: s.truth("return_sequences", false), state: s.truth("return_state", false),
		backwards: s.truth("go_backwards", false), zeroed: s.truth("zero_output_for_mask", false),
	}
	s.only("time_major", false)
	if s.truth("stateful", false) {
		s.note("stateful has no effect: every run begins with states of zero")
	}
	if s.number("dropout", 0) > 0 || s.number("recurrent_dropout", 0) > 0 {
		s.note("dropout in the layer has no effect in training")
	}
	return l
}

func recurrentLayer(kind Kind) func(s settings) operation {
	return func(s settings) operation {
		l := newRecurrent(kind, s)
		return operation{parts: []string{"cell"}, take: func(t *taker) { l.take(t, "_l0") }, run: l.run}
	}
}

// take makes the weights of one direction: kernel [I, G·H], recurrent kernel [H, G·H], and a bias whose form tells what kind
// of layer wrote it: [G·H]; [2, G·H] for a GRU that resets after the product; [2·G·H] for one of cuDNN's layers.
func (l *recurrent) take(t *taker, suffix string) {
	order := gateOrder[l.kind]
	n := len(order) * l.units
	ih, hh := t.next("kernel", -1, n), t.next("recurrent kernel", l.units, n)
	input := ih.Shape[0]
	rank, last := t.rank()
	if l.bias && rank == 1 && last == 2*n {
		l.resetBefore = false
		b := t.next("bias", 2*n)
		t.put("weight_ih"+suffix, ih, cudnn(order, l.units, input))
		t.put("weight_hh"+suffix, hh, cudnn(order, l.units, l.units))
		if l.kind == GRU {
			t.put("bias_ih"+suffix, b, flatBias(order, l.units, 0))
			t.put("bias_hh"+suffix, b, flatBias(order, l.units, 1))
			return
		}
		if t.err == nil {
			sum := b
			sum.Data = slices.Clone(b.Data[:n])
			for i := range sum.Data {
				sum.Data[i] = float64(float32(b.Data[i] + b.Data[n+i]))
			}
			sum.Shape = []int{n}
			t.put("bias_ih"+suffix, sum, bias(order, l.units, 0, 1))
		}
		return
	}
	t.put("weight_ih"+suffix, ih, kernel(order, l.units, input))
	t.put("weight_hh"+suffix, hh, kernel(order, l.units, l.units))
	switch {
	case !l.bias:
	case l.kind == GRU && rank == 2:
		l.resetBefore = false
		b := t.next("bias", 2, n)
		t.put("bias_ih"+suffix, b, bias(order, l.units, 0, 2))
		t.put("bias_hh"+suffix, b, bias(order, l.units, 1, 2))
	default:
		l.resetBefore = true
		t.put("bias_ih"+suffix, t.next("bias", n), bias(order, l.units, 0, 1))
	}
}

// cudnn is the place of a weight [G·H, I] in a kernel [I, G·H] of cuDNN's layers. A gate's numbers, [I, H] in the array, are
// those of a matrix [H, I], one row after the other: keras.saving's _convert_rnn_weights turns them so.
func cudnn(order []int, hidden, input int) place {
	n := len(order) * hidden
	return place{[]int{n, input}, []int{input, n}, func(i int) int {
		gate, at := i/(hidden*input), i%(hidden*input)
		return at/hidden*n + order[gate]*hidden + at%hidden
	}}
}

// flatBias is bias for both rows in one, [2·G·H].
func flatBias(order []int, hidden, r int) place {
	n := len(order) * hidden
	return place{[]int{n}, []int{2 * n}, func(i int) int { return r*n + order[i/hidden]*hidden + i%hidden }}
}

// walk runs the cell over x [B, T, I]. The outputs are in order of time, [T, B, H].
func (l *recurrent) walk(c *call, g *graph.Graph, initial rnn.State, backwards bool) (y graph.Node, final rnn.State) {
	in := c.in[0]
	if g.Err() == nil && (in.x.Rank() != 3 || in.x.IsIDs()) {
		return g.Failf("Keras", "%s wants a sequence [B, T, F], found %v", c.layer.name, in.x), nil
	}
	one := cell{recurrent: l, call: c, at: new(int)}
	if in.mask.Valid() {
		one.masks = g.Unstack(g.Transpose(in.mask, 1, 0))
		if g.Err() == nil && len(one.masks) != in.x.Dim(1) {
			return g.Failf("Keras", "%s has a mask of %d steps for %d", c.layer.name, len(one.masks), in.x.Dim(1)), nil
		}
		if backwards {
			one.masks = slices.Clone(one.masks)
			slices.Reverse(one.masks)
		}
	}
	y, final = rnn.Unroll(g, one, g.Transpose(in.x, 1, 0, 2), rnn.Options{Reverse: backwards, Initial: initial})
	if l.zeroed && in.mask.Valid() {
		y = g.Where(g.Transpose(in.mask, 1, 0), y, g.Full(0))
	}
	return y, final
}

// initial are the states that follow the first input.
func initial(c *call, from, n int) rnn.State {
	if len(c.in) <= from {
		return nil
	}
	var s rnn.State
	for _, v := range c.in[from:min(from+n, len(c.in))] {
		s = append(s, v.x)
	}
	return s
}

// states is the number of states of the layer.
func (l *recurrent) states() int {
	if l.kind == LSTM {
		return 2
	}
	return 1
}

func (l *recurrent) run(c *call) []value {
	y, final := l.walk(c, c.g, initial(c, 1, l.states()), l.backwards)
	if c.g.Err() != nil {
		return nil
	}
	out := []value{{x: final[0]}}
	if l.sequences {
		if l.backwards { // Keras gives them in the order in which it walked
			y = reversed(c.g, y)
		}
		out[0] = value{c.g.Transpose(y, 1, 0, 2), c.in[0].mask}
	}
	if l.state {
		for _, s := range final {
			out = append(out, value{x: s})
		}
	}
	return out
}

// reversed turns the first axis round.
func reversed(g *graph.Graph, x graph.Node) graph.Node {
	parts := g.Unstack(x)
	if g.Err() != nil {
		return graph.Node{}
	}
	parts = slices.Clone(parts)
	slices.Reverse(parts)
	return g.Stack(parts...)
}

// bidirectional reads a Bidirectional wrapper.
func bidirectional(r *parser, s settings) operation {
	_, in, class := r.inner(s, "layer")
	kind, ok := map[string]Kind{"SimpleRNN": SimpleRNN, "LSTM": LSTM, "GRU": GRU, "CuDNNLSTM": LSTM, "CuDNNGRU": GRU}[class]
	if !ok {
		s.problem("it wraps %q; want SimpleRNN, LSTM or GRU", class)
		return operation{}
	}
	there := newRecurrent(kind, in)
	back := *there
	if m, ok := s.values["backward_layer"].(map[string]any); ok {
		other, _ := m["config"].(map[string]any)
		if m["class_name"] != class || other == nil {
			s.problem("its backward_layer is of another class than its layer")
			return operation{}
		}
		in.values = other
		back = *newRecurrent(kind, in)
	}
	// TensorFlow's Keras zeroes the outputs of masked steps in both directions; the Keras before it did not.
	zeroed := there.sequences && !olderThanTensorFlows(s.version)
	there.zeroed, back.zeroed = zeroed, zeroed
	mode := s.text("merge_mode", "concat")
	if s.values["merge_mode"] == nil && hasKey(s.values, "merge_mode") {
		mode = "none"
	}
	if !slices.Contains([]string{"concat", "sum", "mul", "ave", "none"}, mode) {
		s.problem("merge_mode is %q; want concat, sum, mul, ave or none", mode)
	}
	return operation{
		parts: []string{"forward_layer/cell", "backward_layer/cell"},
		take: func(t *taker) {
			there.take(t, "_l0")
			back.take(t, "_l0_reverse")
		},
		run: func(c *call) []value { return bothWays(c, there, &back, mode) },
	}
}

func hasKey(m map[string]any, key string) bool { _, ok := m[key]; return ok }

// olderThanTensorFlows tells a Keras 2.0 to 2.3 by itself from the one in TensorFlow, "2.2.4-tf".
func olderThanTensorFlows(version string) bool {
	return !strings.HasSuffix(version, "-tf") && slices.ContainsFunc([]string{"1.", "2.0.", "2.1.", "2.2.", "2.3."},
		func(p string) bool { return strings.HasPrefix(version, p) })
}

func bothWays(c *call, there, back *recurrent, mode string) []value {
	n := there.states()
	first, end := there.walk(c, c.g, initial(c, 1, n), there.backwards)
	second, begin := back.walk(c, rnn.InReverse(rnn.InLayer(c.g, 0)), initial(c, 1+n, n), !there.backwards)
	if c.g.Err() != nil {
		return nil
	}
	mask := c.in[0].mask
	if there.sequences {
		first, second = c.g.Transpose(first, 1, 0, 2), c.g.Transpose(second, 1, 0, 2)
	} else {
		first, second, mask = end[0], begin[0], graph.Node{}
	}
	var out []value
	switch mode {
	case "concat":
		out = []value{{c.g.Concat(-1, first, second), mask}}
	case "sum":
		out = []value{{c.g.Add(first, second), mask}}
	case "mul":
		out = []value{{c.g.Mul(first, second), mask}}
	case "ave":
		out = []value{{c.g.MulScalar(c.g.Add(first, second), 0.5), mask}}
	default:
		out = []value{{first, mask}, {second, mask}}
	}
	if there.state {
		for _, s := range append(slices.Clone(end), begin...) {
			out = append(out, value{x: s})
		}
	}
	return out
}
