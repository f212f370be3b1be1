package pretrained

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Likelihood is how likely a text is to a model.
type Likelihood struct {
	Tokens int     // that were predicted
	Loss   float64 // mean of -log p, in nats a token; 0 without tokens
	Bytes  int     // of the text that was predicted
	// Greedy tells that every token was the likeliest.
	Greedy bool
}

// LogProb is the logarithm of the text's probability, in nats.
func (l Likelihood) LogProb() float64 { return -l.Loss * float64(l.Tokens) }

// Perplexity is exp(Loss), and NaN where there was nothing to predict.
func (l Likelihood) Perplexity() float64 {
	if l.Tokens == 0 {
		return math.NaN()
	}
	return math.Exp(l.Loss)
}

// BitsPerByte compares models with other tokens; NaN without a text.
func (l Likelihood) BitsPerByte() float64 {
	if l.Bytes == 0 {
		return math.NaN()
	}
	return l.Loss * float64(l.Tokens) / math.Ln2 / float64(l.Bytes)
}

// Score tells how likely each of some texts is. Each is read from the beginning, with what the model was trained to see before a
// text; without that, its first token is not predicted.
func (m *Model) Score(texts []string) ([]Likelihood, error) {
	var out []Likelihood
	for i, text := range texts {
		t, err := m.Tokenizer()
		if err != nil {
			return out, err
		}
		ids, err := t.Prompt(text)
		if err != nil {
			return out, errors.WithMessagef(err, "pretrained: text %d", i+1)
		}
		l, err := m.judge(ids, 1)
		if err != nil {
			return out, errors.WithMessagef(err, "pretrained: text %d", i+1)
		}
		l.Bytes = len(text)
		out = append(out, l)
	}
	return out, nil
}

// Ending tells how likely the ending of a text is after its beginning, and whether the model would have written it: the last word
// of a passage, as in LAMBADA, or one of several answers.
func (m *Model) Ending(beginning, ending string) (Likelihood, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return Likelihood{}, err
	}
	before, err := t.Prompt(beginning)
	if err != nil {
		return Likelihood{}, errors.WithMessage(err, "pretrained: the beginning")
	}
	whole, err := t.Prompt(beginning + ending)
	if err != nil {
		return Likelihood{}, errors.WithMessage(err, "pretrained: the text")
	}
	from := 0 // tokens of the beginning, as far as the whole text has them
	for from < len(before) && from < len(whole) && before[from] == whole[from] {
		from++
	}
	l, err := m.judge(whole, max(from, 1))
	l.Bytes = len(ending)
	return l, errors.WithMessage(err, "pretrained: Ending")
}

// judge reads tokens and tells how likely those from a place on are.
func (m *Model) judge(ids []int, from int) (Likelihood, error) {
	l := Likelihood{Greedy: true}
	if len(ids) < 2 {
		return l, m.made()
	}
	for _, id := range ids {
		if id < 0 || id >= m.net.vocab {
			return l, errors.Errorf("token %d; the model has %d, counted from 0", id, m.net.vocab)
		}
	}
	state, err := m.State(1, len(ids))
	if err != nil {
		return l, err
	}
	f, sum := m.judging(), 0.0
	defer m.judges.Put(f)
	for at := 0; at+1 < len(ids); {
		n := most(len(ids) - 1 - at)
		out, err := f.Run(append([]*tensor.Dense{graph.Ints(ids[at:at+n], n, 1), graph.Ints(ids[at+1:at+1+n], n, 1)}, state...)...)
		if err != nil {
			return l, err
		}
		for i, p := range out[0].Float32s() {
			if at+i+1 < from {
				continue
			}
			l.Tokens++
			sum -= float64(p)
			l.Greedy = l.Greedy && out[1].Ints()[i] == ids[at+1+i]
		}
		state = state[:0:0]
		for _, v := range out[2:] {
			state = append(state, v.Clone().(*tensor.Dense))
		}
		at += n
	}
	if l.Tokens > 0 {
		l.Loss = sum / float64(l.Tokens)
	}
	return l, nil
}

// most is how many tokens of some are judged at once: powers of two, so that few programs are compiled.
func most(n int) int {
	p := 64
	for p > n {
		p /= 2
	}
	return p
}

// judging is a function of ids [T, B], the ids that follow, and a state: the logarithm of the probability of those that follow,
// [T, B], the likeliest ones [T, B], and the state after the last step.
func (m *Model) judging() *graph.Func {
	if f, ok := m.judges.Get().(*graph.Func); ok {
		return f
	}
	return m.function(2, func(g *graph.Graph, b block, in []graph.Node) []graph.Node {
		logits := m.net.logits(b, m.net.hidden(b, in[0]))
		if g.Err() != nil {
			return []graph.Node{logits}
		}
		n, batch := in[1].Dim(0), in[1].Dim(1)
		p := g.Pick(g.LogSoftmax(logits, -1), g.Reshape(in[1], n, batch, 1))
		return []graph.Node{g.Reshape(p, n, batch), g.ArgMax(logits)}
	})
}
