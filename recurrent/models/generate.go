package models

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// Generation says how text is generated. The zero value draws 500 tokens from the model's own distribution.
type Generation struct {
	Length  int            // tokens to generate; 0 for 500
	Sampler decode.Sampler // how a token is drawn
	Seed    uint64         // of the draws
	// Each, if not nil, is given the text of every token as soon as it is drawn. Its error ends the generation.
	Each func(piece string) error
}

// Generate continues a prompt, and returns the continuation. Without a prompt, the model first reads a piece of its
// training text, unseen: a network that always carried a state does not know how to begin from nothing. With an error comes
// what was generated before it.
func (m *LanguageModel) Generate(ctx context.Context, prompt string, o Generation) (string, error) {
	if err := m.made(); err != nil {
		return "", err
	}
	if o.Length < 0 {
		return "", errors.Errorf("models: Generation.Length %d; want 1 or more", o.Length)
	}
	if o.Length == 0 {
		o.Length = 500
	}
	if prompt == "" {
		prompt = m.primer
	}
	ids, err := m.vocab.Encode(prompt)
	if err != nil {
		return "", errors.Wrap(err, "models: the prompt")
	}
	if len(ids) == 0 {
		ids = []int{0}
	}
	w, err := m.writer(o)
	if err != nil {
		return "", err
	}
	for i := range len(ids) - 1 + o.Length {
		if ctx != nil && ctx.Err() != nil {
			return w.out.String(), errors.Wrap(ctx.Err(), "models: generate")
		}
		logits, err := w.read(ids[i])
		if err != nil {
			return w.out.String(), err
		}
		if i+1 < len(ids) {
			continue // the prompt says what comes next
		}
		id, err := w.write(logits)
		if err != nil {
			return w.out.String(), err
		}
		ids = append(ids, id)
	}
	return w.out.String(), nil
}

// writer writes a text token by token.
type writer struct {
	Generation
	vocab  *datasets.Vocabulary
	stream *graph.Stream
	token  []int
	in     *tensor.Dense // the token, [1, 1]
	rng    *rand.Rand
	out    strings.Builder
}

func (m *LanguageModel) writer(o Generation) (*writer, error) {
	state, err := m.State(1)
	if err != nil {
		return nil, err
	}
	w := &writer{Generation: o, vocab: m.vocab, token: []int{0}, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	w.in = graph.Ints(w.token, 1, 1)
	w.stream, err = m.Next().Stream(state, w.in)
	return w, err
}

// read takes a token in and returns the logits of the next one.
func (w *writer) read(id int) ([]float32, error) {
	w.token[0] = id
	out, err := w.stream.Step(w.in)
	if err != nil {
		return nil, err
	}
	return out[0].Float32s(), nil
}

// write draws a token and hands its text on.
func (w *writer) write(logits []float32) (id int, err error) {
	if id, err = w.Sampler.Sample(logits, w.rng); err != nil {
		return 0, err
	}
	piece, err := w.vocab.Decode([]int{id})
	if err != nil {
		return 0, err
	}
	w.out.WriteString(piece)
	if w.Each != nil {
		err = w.Each(piece)
	}
	return id, err
}

// Primer is what Generate reads first without a prompt: a piece of the training text. It is empty in files that have none.
func (m *LanguageModel) Primer() string { return m.primer }
