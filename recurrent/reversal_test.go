package recurrent_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// reversals draws digits [S, B] in random order, the tokens that a decoder reads, which begin with token 10, and those
// that it should predict, the digits from the last to the first. Shorter sequences end in padding.
type reversals struct {
	rng   *rand.Rand
	least int // length of the shortest sequence
}

const revS, revB, revStart = 8, 32, 10

func (r reversals) draw() (source, lengths, before, target *tensor.Dense) {
	s, n, in, out := make([]int, revS*revB), make([]int, revB), make([]int, revS*revB), make([]int, revS*revB)
	for b := range revB {
		n[b] = r.least + r.rng.IntN(revS-r.least+1)
		for t := range revS {
			s[t*revB+b], out[t*revB+b], in[t*revB+b] = r.rng.IntN(10), -1, revStart
		}
		for t := range n[b] {
			out[t*revB+b] = s[(n[b]-1-t)*revB+b]
			if t > 0 {
				in[t*revB+b] = out[(t-1)*revB+b]
			}
		}
	}
	return graph.Ints(s, revS, revB), graph.Ints(n), graph.Ints(in, revS, revB), graph.Ints(out, revS, revB)
}

// A small translator learns to reverse digits, and then looks at them from the last to the first.
func TestReversalIsLearnt(t *testing.T) {
	m := recurrent.Seq2Seq{
		Source: nn.Embedding{Tokens: 10, Size: 16}, Encoder: recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 16}},
		Target: nn.Embedding{Tokens: 11, Size: 16}, Decoder: recurrent.GRU{Hidden: 32}, Attention: recurrent.LuongGeneral,
		InputFeeding: true,
	}
	p, ignore := graph.NewParams(1), -1
	loss := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{losses.CrossEntropy{Ignore: &ignore}.Apply(g, logits, in[3])}
	})
	data, adam := reversals{rand.New(rand.NewPCG(1, 1)), 3}, &optim.Adam{}
	const batches = 500
	for i := range batches {
		source, lengths, before, target := data.draw()
		if _, err := loss.Grad(source, lengths, before, target); err != nil {
			t.Fatal(err)
		}
		if _, err := optim.Update(adam, p, 0.01*(1-float64(i)/batches), 1); err != nil {
			t.Fatal(err)
		}
	}
	source, lengths, _, target := data.draw()
	said, looked := greedy(t, p, m, source, lengths)
	wrong, tokens := 0, 0
	where := map[int][]float64{} // the attention of all sequences of a length n, added up, [n, revS]
	for b, n := range lengths.Ints() {
		if where[n] == nil {
			where[n] = make([]float64, n*revS)
		}
		for k := range n {
			tokens++
			if said[k][b] != target.Ints()[k*revB+b] {
				wrong++
			}
			for s, a := range looked[k].Float32s()[b*revS:][:revS] {
				where[n][k*revS+s] += float64(a)
			}
		}
	}
	if wrong*100 > tokens {
		t.Errorf("%d of %d tokens are wrong", wrong, tokens)
	}
	for n, a := range where {
		for k := range n {
			row := a[k*revS:][:revS]
			if s := slices.Index(row, slices.Max(row)); s != n-1-k {
				t.Errorf("of %d digits, step %d looks at %d most, want %d: %.3f", n, k, s, n-1-k, row)
			}
		}
	}
}

// greedy decodes step by step, each time with the likeliest token, and returns the tokens and the attention, [B, S].
func greedy(t *testing.T, p *graph.Params, m recurrent.Seq2Seq, source, lengths *tensor.Dense) (said [][]int, looked []*tensor.Dense) {
	encoded, err := graph.NewFunc(p, m.Encoding).Run(source, lengths)
	if err != nil {
		t.Fatal(err)
	}
	n, decode := m.States(), graph.NewFunc(p, m.Decoding)
	state, context := encoded[:n], encoded[n:]
	token := slices.Repeat([]int{revStart}, revB)
	for range revS {
		in := append([]*tensor.Dense{graph.Ints(token)}, state...)
		out, err := decode.Run(append(append(in, context...), lengths)...)
		if err != nil {
			t.Fatal(err)
		}
		token = likeliest(out[0])
		said, looked = append(said, token), append(looked, out[1+n].Clone().(*tensor.Dense))
		state = make([]*tensor.Dense, n)
		for i := range state {
			state[i] = out[1+i].Clone().(*tensor.Dense)
		}
	}
	return said, looked
}

// likeliest is the place of the maximum of each row of [B, V].
func likeliest(v *tensor.Dense) []int {
	out := make([]int, v.Shape()[0])
	for b := range out {
		row := v.Float32s()[b*v.Shape()[1]:][:v.Shape()[1]]
		out[b] = slices.Index(row, slices.Max(row))
	}
	return out
}
