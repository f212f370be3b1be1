package recurrent_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

var attentions = map[string]recurrent.Attention{"none": recurrent.NoAttention, "bahdanau": recurrent.Bahdanau,
	"dot": recurrent.LuongDot, "general": recurrent.LuongGeneral, "concat": recurrent.LuongConcat}

// models lists translators of every attention, with encoders and decoders that fit and that do not.
func models() map[string]recurrent.Seq2Seq {
	pad := 0
	all := map[string]recurrent.Seq2Seq{}
	for name, attention := range attentions {
		m := recurrent.Seq2Seq{
			Source: nn.Embedding{Tokens: 7, Size: 3}, Encoder: recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 2}},
			Target: nn.Embedding{Tokens: topoV, Size: 3, Pad: &pad}, Decoder: recurrent.LSTM{Hidden: 4}, Attention: attention,
		}
		all[name] = m // the bridge copies
		m.Encoder = recurrent.DeepOf(2, recurrent.Unidirectional{Cell: recurrent.GRU{Hidden: 4}})
		m.Decoder, m.Tied = recurrent.StackOf(2, recurrent.GRU{Hidden: 4}), true
		m.Target.Size = 4
		if attention != recurrent.NoAttention {
			m.Units, m.InputFeeding = 4, attention != recurrent.Bahdanau
		}
		all[name+" stacked, tied"] = m
		m.Encoder = recurrent.Bidirectional{Cell: recurrent.GRU{Hidden: 4}, Merge: recurrent.MergeSum}
		m.Decoder, m.Source, m.Shared, m.Bridge.Merge = recurrent.LSTM{Hidden: 4}, m.Target, true, recurrent.MergeAverage
		if attention == recurrent.Bahdanau || attention == recurrent.LuongConcat {
			m.ScoreUnits = 3
		}
		all[name+" unlike cells, shared"] = m
	}
	return all
}

// seqBuild makes a model a function of source [S, B], lengths [B] and target [T, B].
func seqBuild(m recurrent.Seq2Seq) graph.Build {
	return func(g *graph.Graph, in []graph.Node) []graph.Node {
		if m.Attention == recurrent.NoAttention {
			logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
			return []graph.Node{logits}
		}
		logits, attention := m.Align(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{logits, attention}
	}
}

func TestSeq2SeqGradients(t *testing.T) {
	in := []*tensor.Dense{graphtest.RandomIDs(1, topoV, topoT, topoB), graph.Ints(topoLengths), graphtest.RandomIDs(2, topoV, 3, topoB)}
	for name, m := range models() {
		for kind, s := range map[string]recurrent.ScheduledSampling{"": {}, ", sampling": {Rate: 0.5}, ", soft sampling": {Rate: 0.5, Soft: true}} {
			if kind != "" && strings.Contains(name, "stacked") {
				continue
			}
			t.Run(name+kind, func(t *testing.T) {
				m.Sampling, m.Dropout = s, 0.2
				m.Source.Pad, m.Target.Pad = nil, nil // a padding row counts, but has no gradient
				graphtest.CheckGradient(t, graphtest.Gradient{Samples: 4, Inputs: in, Training: true, Seed: 5,
					Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
						loss := g.Full(0)
						for _, n := range seqBuild(m)(g, in) {
							if !n.Valid() {
								return []graph.Node{n}
							}
							loss = g.Add(loss, g.Sum(g.Mul(n, weighing(g, n))))
						}
						return []graph.Node{loss}
					}})
			})
		}
	}
}

// Sources and targets of one token, a batch of one, networks of one unit.
func TestSeq2SeqOfOne(t *testing.T) {
	for name, attention := range attentions {
		m := recurrent.Seq2Seq{
			Source: nn.Embedding{Tokens: 2, Size: 1}, Encoder: recurrent.Unidirectional{Cell: recurrent.LSTM{Hidden: 1}},
			Target: nn.Embedding{Tokens: 2, Size: 1}, Decoder: recurrent.LSTM{Hidden: 1}, Attention: attention,
		}
		t.Run(name, func(t *testing.T) {
			graphtest.CheckGradient(t, graphtest.Gradient{Inputs: []*tensor.Dense{graphtest.RandomIDs(1, 2, 1, 1), graph.Ints([]int{1}), graphtest.RandomIDs(2, 2, 1, 1)},
				Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
					logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
					return []graph.Node{g.Sum(g.Mul(logits, weighing(g, logits)))}
				}})
		})
	}
}

// A source of features: frames of sound, say.
func TestSeq2SeqOfFeatures(t *testing.T) {
	m := models()["bahdanau"]
	m.Source, m.Target.Pad = nn.Embedding{}, nil
	in := []*tensor.Dense{graphtest.Random(1, topoT, topoB, 5), graph.Ints(topoLengths), graphtest.RandomIDs(2, topoV, 3, topoB)}
	graphtest.CheckGradient(t, graphtest.Gradient{Inputs: in, Samples: 10, Build: func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{g.Sum(g.Mul(logits, weighing(g, logits)))}
	}})
}

// What padding of the source holds, and the other sequences of the batch, change no bit; nor does their order.
func TestSeq2SeqTreatsSequencesAlone(t *testing.T) {
	const S, B, T = 37, 5, 4
	lengths := []int{37, 9, 0, 20, 1}
	for name, m := range models() {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams64(7)
			f := graph.NewFunc(p, seqBuild(m))
			run := func(source *tensor.Dense, lengths []int, target *tensor.Dense) []*tensor.Dense {
				out, err := f.Run(source, graph.Ints(lengths), target)
				if err != nil {
					t.Fatal(err)
				}
				kept := make([]*tensor.Dense, len(out)) // the function's own tensors hold until the next call
				for i := range out {
					kept[i] = out[i].Clone().(*tensor.Dense)
				}
				return kept
			}
			source, target := graphtest.RandomIDs(1, topoV, S, B), graphtest.RandomIDs(2, topoV, T, B)
			want := run(source, lengths, target)
			other := source.Clone().(*tensor.Dense)
			for b, n := range lengths {
				for s := n; s < S; s++ {
					other.Ints()[s*B+b] = (other.Ints()[s*B+b] + 1 + s%3) % topoV
				}
			}
			for i, got := range run(other, lengths, target) {
				same(t, fmt.Sprint("other padding, output ", i), got, want[i])
			}
			order := rand.New(rand.NewPCG(1, 2)).Perm(B)
			moved := make([]int, B)
			for i, b := range order {
				moved[i] = lengths[b]
			}
			for i, got := range run(permuted(source, order), moved, permuted(target, order)) {
				same(t, fmt.Sprint("another order, output ", i), got, permuted(want[i], order))
			}
			for b, n := range lengths {
				got := run(steps(source, max(n, 1), b), []int{n}, steps(target, T, b))
				same(t, fmt.Sprint("sequence ", b, " by itself"), got[0], steps(want[0], T, b))
			}
		})
	}
}

// permuted reorders the second axis of [T, B, ...].
func permuted(v *tensor.Dense, order []int) *tensor.Dense {
	out := v.Clone().(*tensor.Dense)
	each := v.Shape().TotalSize() / (v.Shape()[0] * v.Shape()[1])
	for t := range v.Shape()[0] {
		for to, from := range order {
			to, from := (t*len(order)+to)*each, (t*len(order)+from)*each
			if v.Dtype() == tensor.Int {
				copy(out.Ints()[to:to+each], v.Ints()[from:from+each])
			} else {
				copy(out.Float64s()[to:to+each], v.Float64s()[from:from+each])
			}
		}
	}
	return out
}

// Encoding and Decoding give the bits of the training form, token by token, and make no weights of their own.
func TestSeq2SeqSteps(t *testing.T) {
	const S, B, T = 20, 9, 4
	all := models()
	all["large"] = recurrent.Seq2Seq{
		Source: nn.Embedding{Tokens: 7, Size: 50}, Encoder: recurrent.Bidirectional{Cell: recurrent.LSTM{Hidden: 40}},
		Target: nn.Embedding{Tokens: topoV, Size: 70}, Decoder: recurrent.StackOf(2, recurrent.LSTM{Hidden: 80}),
		Attention: recurrent.Bahdanau,
	}
	for name, m := range all {
		t.Run(name, func(t *testing.T) {
			p := graph.NewParams(7)
			source, lengths, target := graphtest.RandomIDs(1, topoV, S, B), graph.Ints([]int{20, 0, 3, 1, 20, 7, 12, 5, 19}), graphtest.RandomIDs(2, topoV, T, B)
			want, err := graph.NewFunc(p, seqBuild(m)).Run(source, lengths, target)
			if err != nil {
				t.Fatal(err)
			}
			n := p.Len()
			encoded, err := graph.NewFunc(p, m.Encoding).Run(source, lengths)
			if err != nil {
				t.Fatal(err)
			}
			states := m.States()
			state, context := slices.Clone(encoded[:states]), encoded[states:]
			if m.Attention != recurrent.NoAttention {
				context = append(slices.Clone(context), lengths)
			}
			f := graph.NewFunc(p, m.Decoding)
			for k := range T {
				in := append([]*tensor.Dense{graph.Ints(target.Ints()[k*B:(k+1)*B], B)}, state...)
				out, err := f.Run(append(in, context...)...)
				if err != nil {
					t.Fatal(err)
				}
				sameStep(t, "logits", k, out[0], want[0])
				if m.Attention != recurrent.NoAttention {
					sameStep(t, "attention", k, out[1+states], want[1])
				}
				for i := range state {
					state[i] = out[1+i].Clone().(*tensor.Dense)
				}
			}
			if p.Len() != n {
				t.Errorf("decoding made %d parameters of its own", p.Len()-n)
			}
		})
	}
}

// sameStep compares got [B, ...] with step k of all [T, B, ...], bit by bit.
func sameStep(t *testing.T, what string, k int, got, all *tensor.Dense) {
	t.Helper()
	n := got.Shape().TotalSize()
	if want := all.Float32s()[k*n : (k+1)*n]; !slices.Equal(got.Float32s(), want) {
		t.Errorf("%s of step %d: got %v, want %v", what, k, got.Float32s(), want)
	}
}

// Where the teacher is silent, the decoder reads its own likeliest token: the logits are those of the tokens that it
// chose, read as if they were true.
func TestScheduledSamplingReadsItsOwnChoice(t *testing.T) {
	const S, B, T = 4, 3, 6
	m := models()["bahdanau"]
	m.Target.Pad = nil
	p := graph.NewParams64(3)
	source, lengths, target := graphtest.RandomIDs(1, topoV, S, B), graph.Ints([]int{4, 2, 3}), graphtest.RandomIDs(2, topoV, T, B)
	teacher := graph.Floats64([]float64{0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0}, T, B)
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		m := m
		m.Sampling.Teacher = in[3]
		logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{logits}
	}).Run(source, lengths, target, teacher)
	if err != nil {
		t.Fatal(err)
	}
	read := slices.Clone(target.Ints())
	own := 0
	for i := B; i < T*B; i++ {
		if teacher.Float64s()[i] == 0 {
			before := out[0].Float64s()[(i-B)*topoV : (i-B+1)*topoV]
			read[i] = slices.Index(before, slices.Max(before))
			if read[i] != target.Ints()[i] {
				own++
			}
		}
	}
	want, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
		return []graph.Node{logits}
	}).Run(source, lengths, graph.Ints(read, T, B))
	if err != nil {
		t.Fatal(err)
	}
	if own == 0 {
		t.Fatal("the test is void: the choices are the true tokens")
	}
	graphtest.Close(t, "logits", out[0], want[0], 1e-14)
}

func TestSeq2SeqRefuses(t *testing.T) {
	good := models()["general"]
	in := []*tensor.Dense{graphtest.RandomIDs(1, topoV, topoT, topoB), graph.Ints(topoLengths), graphtest.RandomIDs(2, topoV, 3, topoB)}
	for want, spoil := range map[string]func(m *recurrent.Seq2Seq){
		"Seq2Seq: it has no Layer":                             func(m *recurrent.Seq2Seq) { m.Encoder = nil },
		"Seq2Seq: it has no Cell":                              func(m *recurrent.Seq2Seq) { m.Decoder = nil },
		"Seq2Seq: it has no Target":                            func(m *recurrent.Seq2Seq) { m.Target = nn.Embedding{} },
		"Seq2Seq: the input is ids":                            func(m *recurrent.Seq2Seq) { m.Source = nn.Embedding{} },
		"Seq2Seq: a shared table of 7 tokens":                  func(m *recurrent.Seq2Seq) { m.Shared = true },
		"unknown attention 9":                                  func(m *recurrent.Seq2Seq) { m.Attention = 9 },
		"Seq2Seq: InputFeeding, Units or ScoreUnits is set":    func(m *recurrent.Seq2Seq) { m.Attention, m.Units = recurrent.NoAttention, 3 },
		"InputFeeding is set; Bahdanau's":                      func(m *recurrent.Seq2Seq) { m.Attention, m.InputFeeding = recurrent.Bahdanau, true },
		"the memory is 4 wide, the decoder's state 5":          func(m *recurrent.Seq2Seq) { m.Attention, m.Decoder = recurrent.LuongDot, recurrent.LSTM{Hidden: 5} },
		"ScoreUnits is set; only":                              func(m *recurrent.Seq2Seq) { m.ScoreUnits = 3 },
		"ScheduledSampling: rate 2; want 0 to 1":               func(m *recurrent.Seq2Seq) { m.Sampling.Rate = 2 },
		"MLSTM in bridge: its memory is a matrix, which a vec": func(m *recurrent.Seq2Seq) { m.Decoder = recurrent.MLSTM{Hidden: 4} },
	} {
		m := good
		spoil(&m)
		_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
			logits, _ := m.Apply(g, in[0], in[2], recurrent.Options{Lengths: in[1]})
			return []graph.Node{logits}
		}).Run(in...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want %q in it", err, want)
		}
	}
	if _, err := graph.NewFunc(graph.NewParams64(1), good.Decoding).Run(in[1]); err == nil || !strings.Contains(err.Error(), "want 7") {
		t.Errorf("Decoding with one input: %v", err)
	}
	_, err := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		y, _ := recurrent.Unroll(g, recurrent.Attentive{Cell: recurrent.GRU{Hidden: 3}, Attention: recurrent.LuongDot}, in[0], recurrent.Options{})
		return []graph.Node{y}
	}).Run(graphtest.Random(1, 2, 3, 4))
	if err == nil || !strings.Contains(err.Error(), "it has no memory to look at") {
		t.Errorf("a decoder without a memory: %v", err)
	}
}
