package pretrained

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// Stream is a text that a model reads and goes on with. What it has read is its state, whose size does not grow with the text,
// but for layers whose attention looks back at all of it. It serves one goroutine at a time; Model.Stream makes one.
type Stream struct {
	m      *Model
	read   *graph.Func   // many tokens at once
	step   *graph.Stream // one token
	in     *tensor.Dense // [1, 1]
	token  []int
	logits []float32 // of what follows the last token; nil before the first
	tokens int       // that were read
	last   []int     // the last of them, on whose text that of the next ones depends
	back   int       // for how many there is room
}

// lastTokens is how many of the last tokens a stream knows: more than the four bytes that a character has.
const lastTokens = 8

// firstRoom is for how many tokens there is room at first, where attention looks back at all of them.
const firstRoom = 256

// Stream begins a text.
func (m *Model) Stream() (*Stream, error) {
	state, err := m.State(1, firstRoom)
	if err != nil {
		return nil, err
	}
	return m.stream(state, firstRoom)
}

func (m *Model) stream(state []*tensor.Dense, back int) (*Stream, error) {
	s := &Stream{m: m, read: m.last(), token: []int{0}, back: back}
	s.in = graph.Ints(s.token, 1, 1)
	var err error
	s.step, err = s.read.Stream(state, s.in)
	return s, errors.Wrap(err, "pretrained: Stream")
}

// made tells whether a Model made the stream.
func (s *Stream) made() error {
	if s == nil || s.step == nil {
		return errors.New("pretrained: there is no Stream: Model.Stream makes one")
	}
	return nil
}

// Tokens is how many tokens were read.
func (s *Stream) Tokens() int {
	if s.made() != nil {
		return 0
	}
	return s.tokens
}

// pieces are how many tokens are read at once.
var pieces = []int{128, 16}

// Read reads tokens, and returns the logits [V] of the one that follows, which hold until the next call. Many tokens are read at
// once, so that weights are read once for all of them. After an error nothing more can be read.
func (s *Stream) Read(ids ...int) ([]float32, error) {
	if err := s.made(); err != nil {
		return nil, err
	}
	for _, id := range ids {
		if id < 0 || id >= s.m.net.vocab {
			return nil, errors.Errorf("pretrained: Read: token %d; the model has %d, counted from 0", id, s.m.net.vocab)
		}
	}
	if err := s.grow(s.tokens + len(ids)); err != nil {
		return nil, err
	}
	for len(ids) > 0 {
		n := 1
		for _, p := range pieces {
			if len(ids) >= p {
				n = p
				break
			}
		}
		var err error
		if n == 1 {
			err = s.one(ids[0])
		} else {
			err = s.many(ids[:n])
		}
		if err != nil {
			return nil, errors.Wrap(err, "pretrained: Read")
		}
		s.tokens += n
		s.last = append(s.last, ids[:n]...)
		s.last = slices.Clone(s.last[max(0, len(s.last)-lastTokens):])
		ids = ids[n:]
	}
	return s.logits, nil
}

// one reads a token.
func (s *Stream) one(id int) error {
	s.token[0] = id
	out, err := s.step.Step(s.in)
	if err == nil {
		s.logits = append(s.logits[:0], out[0].Float32s()...)
	}
	return err
}

// many reads tokens at once.
func (s *Stream) many(ids []int) error {
	out, err := s.read.Run(append([]*tensor.Dense{graph.Ints(ids, len(ids), 1)}, s.step.State()...)...)
	if err != nil {
		return err
	}
	s.logits = append(s.logits[:0], out[0].Float32s()...)
	return s.step.Reset(out[1:]...)
}

// grow makes room for so many tokens, twice as many each time. What was read stands at the end.
func (s *Stream) grow(tokens int) error {
	back := s.back
	for back < tokens {
		back *= 2
	}
	if back == s.back {
		return nil
	}
	grows := false
	var state []*tensor.Dense
	for i, c := range s.m.Carries() {
		v := s.step.State()[i].Clone().(*tensor.Dense)
		if c.Grows {
			grows = true
			shape := []int{back, v.Shape()[1], v.Shape()[2]}
			wide := make([]float32, shape[0]*shape[1]*shape[2])
			copy(wide[len(wide)-len(v.Float32s()):], v.Float32s())
			v = graph.Floats(wide, shape...)
		}
		state = append(state, v)
	}
	s.back = back
	if !grows {
		return nil
	}
	step, err := s.read.Stream(state, s.in)
	if err == nil {
		s.step = step
	}
	return errors.Wrap(err, "pretrained: Read")
}

// Fork returns a stream that goes on from the same state: two answers to one question, say. The two, and forks of theirs, serve
// one goroutine together.
func (s *Stream) Fork() (*Stream, error) {
	if err := s.made(); err != nil {
		return nil, err
	}
	step, err := s.step.Fork()
	if err != nil {
		return nil, err
	}
	out := *s
	out.step, out.token = step, []int{0}
	out.in = graph.Ints(out.token, 1, 1)
	out.logits = append([]float32(nil), s.logits...)
	return &out, nil
}
