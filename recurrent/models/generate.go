package models

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent/decode"
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
	state, err := m.State(1)
	if err != nil {
		return "", err
	}
	token := []int{0}
	in := graph.Ints(token, 1, 1)
	stream, err := m.Next().Stream(state, in)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	rng := rand.New(rand.NewPCG(o.Seed, 0))
	for i := range len(ids) - 1 + o.Length {
		if ctx != nil && ctx.Err() != nil {
			return out.String(), errors.Wrap(ctx.Err(), "models: generate")
		}
		token[0] = ids[i]
		result, err := stream.Step(in)
		if err != nil {
			return out.String(), err
		}
		if i+1 < len(ids) {
			continue // the prompt says what comes next
		}
		id, err := o.Sampler.Sample(result[0].Float32s(), rng)
		if err != nil {
			return out.String(), err
		}
		ids = append(ids, id)
		piece, err := m.vocab.Decode(ids[len(ids)-1:])
		if err != nil {
			return out.String(), err
		}
		out.WriteString(piece)
		if o.Each != nil {
			if err := o.Each(piece); err != nil {
				return out.String(), err
			}
		}
	}
	return out.String(), nil
}
