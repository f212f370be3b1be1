package pretrained

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/tokenizer"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// Generation says how text is generated. The zero value draws up to 500 tokens from the model's own distribution.
type Generation struct {
	Length  int            // tokens to generate at most; 0 for 500
	Sampler decode.Sampler // how a token is drawn
	Seed    uint64         // of the draws
	// Endless goes on after a token that ends a text.
	Endless bool
	// Each, if not nil, is given text as soon as it is whole. Its error ends the generation.
	Each func(piece string) error
}

// Generate continues a prompt, and returns the continuation. It ends after Length tokens, or at a token that ends a text. With an
// error comes what was generated before it.
func (m *Model) Generate(ctx context.Context, prompt string, o Generation) (string, error) {
	s, err := m.Stream()
	if err != nil {
		return "", err
	}
	return s.Generate(ctx, prompt, o)
}

// Generate is Model.Generate after what the stream has read. Then the prompt may be empty, and is taken as it is, without what
// stands before a text. The stream has read all that it returns, but for the last token.
func (s *Stream) Generate(ctx context.Context, prompt string, o Generation) (string, error) {
	if err := s.made(); err != nil {
		return "", err
	}
	if o.Length < 0 {
		return "", errors.Errorf("pretrained: Generation.Length %d; want 0 or more", o.Length)
	}
	if o.Length == 0 {
		o.Length = 500
	}
	ids, err := s.next(prompt)
	if err != nil {
		return "", errors.WithMessage(err, "the prompt")
	}
	w := writer{Generation: o, s: s, rng: rand.New(rand.NewPCG(o.Seed, 0)), text: s.writing(ids)}
	for range o.Length {
		if ctx != nil && ctx.Err() != nil {
			return w.out.String(), errors.Wrap(ctx.Err(), "pretrained: Generate")
		}
		if len(ids) > 0 {
			if _, err := s.Read(ids...); err != nil {
				return w.out.String(), err
			}
		}
		id, done, err := w.write()
		if done || err != nil {
			return w.out.String(), err
		}
		ids = []int{id}
	}
	return w.out.String(), nil
}

// writing writes text after what was read, and tokens that will be.
func (s *Stream) writing(ids []int) *tokenizer.Streamer {
	t := s.m.tokenizer
	before := slices.DeleteFunc(slices.Concat(s.last, ids), func(id int) bool { return id >= t.Len() })
	return tokenizer.NewStreamer(t.Decode, before[max(0, len(before)-lastTokens):]...)
}

// next are the tokens of a prompt after what was read.
func (s *Stream) next(prompt string) ([]int, error) {
	t, err := s.m.Tokenizer()
	switch {
	case err != nil:
		return nil, err
	case s.logits == nil:
		return s.m.prompt(prompt)
	case prompt == "":
		return nil, nil
	}
	going, ok := t.(interface {
		Continue(text string) ([]int, error)
	})
	if n := len(s.last); !ok || n > 0 && slices.Contains(t.Specials(), s.last[n-1]) { // after which a text begins
		return t.Encode(prompt)
	}
	return going.Continue(prompt)
}

// writer writes a text token by token.
type writer struct {
	Generation
	s    *Stream
	rng  *rand.Rand
	text *tokenizer.Streamer
	out  strings.Builder
}

// write draws a token and hands its text on.
func (w *writer) write() (id int, done bool, err error) {
	if id, err = w.Sampler.Sample(w.s.logits, w.rng); err != nil {
		return 0, true, err
	}
	if slices.Contains(w.s.m.ends, id) && !w.Endless {
		return id, true, nil
	}
	if id >= w.s.m.tokenizer.Len() {
		return id, false, nil // the network has more tokens than the tokenizer
	}
	piece, err := w.text.Next(id)
	if err != nil || piece == "" {
		return id, false, err
	}
	w.out.WriteString(piece)
	if w.Each != nil {
		err = w.Each(piece)
	}
	return id, false, err
}

// ReadText reads a text without generating anything: a beginning that many answers go on from.
func (s *Stream) ReadText(text string) error {
	if err := s.made(); err != nil {
		return err
	}
	ids, err := s.next(text)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = s.Read(ids...)
	return err
}
