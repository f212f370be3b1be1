package models

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// Transcribing says how a Recogniser finds words. The zero value takes the likeliest label of every step.
type Transcribing struct {
	// Beam is how many beginnings are followed at a time; 0 or 1 takes the likeliest label at every step.
	Beam int
	// Language, if not nil, is a language model that judges the texts that the beam of a CTC model follows: each is ranked by its own
	// log-probability, LanguageWeight times that of the language model, 0 counts as 1, and Insertion for each token. See
	// LanguageModel.Language.
	Language                  *LanguageModel
	LanguageWeight, Insertion float64
	// Pause is the silence, in seconds, that ends a segment where a word is over; 0 for 0.6. After three times as long, a segment ends
	// anyway. A beam begins anew in each segment.
	Pause float64
}

// check refuses what makes no sense.
func (o Transcribing) check() error {
	if o.Beam < 0 || o.Beam > most {
		return errors.Errorf("models: Transcribing.Beam %d; want 0 to %d", o.Beam, most)
	}
	if o.Language == nil && o.LanguageWeight != 0 {
		return errors.Errorf("models: Transcribing.LanguageWeight %g without a Language", o.LanguageWeight)
	}
	if !(o.Pause >= 0 && o.Pause <= 60) {
		return errors.Errorf("models: Transcribing.Pause %g; want 0 to 60 seconds", o.Pause)
	}
	return nil
}

// Word is a word, and when it was heard: in seconds from the beginning of the recording.
type Word struct {
	Text       string
	Start, End float64
	// Confidence is the mean probability of its tokens in the steps at which they were heard; 0 where it is not known, as of a
	// transducer.
	Confidence float64
}

// Segment is what was said between two pauses.
type Segment struct {
	Text       string
	Start, End float64 // in seconds
	Words      []Word
	LogProb    float64 // of the text, in nats; see decode.Labelling
}

// Transcript is what was said in a recording.
type Transcript struct {
	Text     string // of all segments, with blanks between
	Seconds  float64
	Segments []Segment
	// Label and Probability are those of a model of labels, whose transcripts have no segments: its text is the label.
	Label       string
	Probability float64
}

// Words are those of all segments.
func (t *Transcript) Words() []Word {
	var out []Word
	for _, s := range t.Segments {
		out = append(out, s.Words...)
	}
	return out
}

// Transcribe writes down what is said in a recording, of any sampling rate, the mean of whose channels is heard. What a model that
// reads forward writes has the bits of its Stream. It stops when ctx is cancelled.
func (m *Recogniser) Transcribe(ctx context.Context, sound *audio.Sound, o Transcribing) (*Transcript, error) {
	if err := m.ready(o); err != nil {
		return nil, err
	}
	if sound == nil || sound.Channels < 1 || sound.Rate < 1 || len(sound.Samples)%max(sound.Channels, 1) != 0 {
		return nil, errors.New("models: Transcribe: want a sound with a rate, channels, and as many samples of each")
	}
	ctx = orBackground(ctx)
	if m.own.tokens == nil {
		frames, err := m.Features().Hear(sound)
		if err != nil {
			return nil, err
		}
		return m.writtenOf(ctx, frames, sound.Duration(), o)
	}
	s, err := m.stream(sound.Rate, o)
	if err != nil {
		return nil, err
	}
	defer s.release()
	return s.whole(ctx, sound.Duration(), sound.Mono().Samples, sound.Rate, s.take, s.flush)
}

// writtenOf is Transcribe of a recording's frames, which are used up.
func (m *Recogniser) writtenOf(ctx context.Context, frames *audio.Frames, long time.Duration, o Transcribing) (*Transcript, error) {
	if f := m.Features(); frames.Steps() == 0 {
		return nil, tooShort(int(math.Round(long.Seconds()*float64(f.Rate))), f)
	}
	if m.own.tokens == nil {
		return m.spot(frames, long)
	}
	s, err := m.stream(m.config.Speech.SampleRate, o)
	if err != nil {
		return nil, err
	}
	defer s.release()
	second := max(1000/m.config.Speech.FrameShift, 1) * frames.Width
	return s.whole(ctx, long, frames.Values, second, s.frames, s.finish)
}

// whole hears a recording, samples or frames of it, about a second at a time.
func (s *RecogniserStream) whole(ctx context.Context, long time.Duration, values []float32, second int,
	hear func([]float32) error, end func() error) (*Transcript, error) {
	for len(values) > 0 {
		n := min(len(values), second)
		if err := hear(values[:n]); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		values = values[n:]
	}
	if err := end(); err != nil {
		return nil, err
	}
	texts := make([]string, len(s.done))
	for i, one := range s.done {
		texts[i] = one.Text
	}
	return &Transcript{Text: strings.Join(texts, " "), Seconds: long.Seconds(), Segments: s.done}, nil
}

// ready tells whether the model can hear.
func (m *Recogniser) ready(o Transcribing) error {
	if err := m.draw(); err != nil {
		return err
	}
	return o.check()
}

// segment makes words of tokens, given the steps at which each of them was heard.
func (m *Recogniser) segment(ids []int, spans []decode.Span) (Segment, error) {
	text, err := m.own.tokens.Decode(ids)
	if err != nil {
		return Segment{}, err
	}
	pieces, err := heardPieces(text, m.own.tokens, ids)
	if err != nil {
		return Segment{}, err
	}
	words, err := decode.Alignment{Spans: spans}.Words(pieces)
	if err != nil {
		return Segment{}, err
	}
	out, step := Segment{Text: strings.Join(strings.Fields(text), " ")}, m.config.Speech.stepSeconds()
	time := func(at int) float64 { return math.Round(step*float64(at)*1000) / 1000 }
	for _, w := range words {
		out.Words = append(out.Words, Word{w.Text, time(w.Begin), time(w.End), w.Confidence})
	}
	if n := len(out.Words); n > 0 {
		out.Start, out.End = out.Words[0].Start, out.Words[n-1].End
	}
	return out, nil
}

// heardPieces are what each token stands for, as piecesOf; but texts that a network wrote need not be as the tokenizer would cut them.
func heardPieces(text string, t datasets.Tokenizer, ids []int) ([]string, error) {
	if b, ok := t.(*datasets.BPE); ok {
		return piecesOf(text, b, ids)
	}
	out := make([]string, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = t.Token(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}
