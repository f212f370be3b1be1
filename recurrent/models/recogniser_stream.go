package models

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
)

// RecogniserStream hears a recording that comes piece by piece, and writes down what is said as it goes. Pieces may have any size:
// the result has the bits of the whole's. Its memory does not grow with the recording, but for the words that it returns. It serves
// one goroutine at a time; Recogniser.Stream makes one.
type RecogniserStream struct {
	m         *Recogniser
	resampler *audio.Resampler
	extractor *audio.Extractor
	encoder   encoder
	round     int // of the lender of the encoder
	search    search
	rate      int // of the samples that come
	features  audio.Features

	samples int  // taken
	heard   int  // samples at the rate of the features
	step    int  // of the encoder, counted from the beginning
	begin   int  // step of the segment's first
	last    int  // step behind the last at which a label was heard; begin before the first one
	blank   int  // the label of the blank between words; below 0 if there is none
	between bool // it was the last label
	pause   int  // steps
	longest int

	done   []Segment
	closed bool
	err    error
}

// Delay is how long after a sound is heard, in seconds, a model that reads forward has made a step of it at the latest: the frames of
// a step, the rest of a window, the steps of a look-ahead, and those of a chunk, whose first one waits for the last. The network may
// wait longer before it writes a label. It is -1 for one that reads whole recordings both ways.
func (m *Recogniser) Delay() float64 {
	s := m.config.Speech
	if !m.config.streams() {
		return -1
	}
	return float64((s.Subsample*(s.LookAhead+max(s.Chunk, 1))-1)*s.FrameShift+s.FrameLength) / 1000
}

// longestSegment is that at which a segment ends without a pause, in seconds.
const longestSegment = 30

// Stream begins a recording of so many samples a second, whose samples, of one channel, come piece by piece. A model that reads in
// both directions hears pieces of up to 20 seconds, each when it is over.
func (m *Recogniser) Stream(rate int, o Transcribing) (*RecogniserStream, error) {
	if err := m.ready(o); err != nil {
		return nil, err
	}
	if m.own.tokens == nil {
		return nil, errors.New("models: Stream: the model gives a whole recording one label; want one with the decoder ctc or transducer")
	}
	return m.stream(rate, o)
}

func (m *Recogniser) stream(rate int, o Transcribing) (*RecogniserStream, error) {
	if o.Pause == 0 {
		o.Pause = 0.6
	}
	step := m.config.Speech.stepSeconds()
	s := &RecogniserStream{m: m, rate: rate, features: m.Features(),
		pause: max(int(o.Pause/step), 1), longest: max(int(longestSegment/step), 1)}
	s.blank = -1
	if id, ok := m.own.tokens.ID(" "); ok && m.config.Tokens == datasets.Character {
		s.blank = id
	}
	s.between = s.blank < 0
	var err error
	if s.resampler, err = audio.NewResampler(rate, s.features.Rate); err != nil {
		return nil, err
	}
	if s.extractor, err = audio.NewExtractor(s.features); err != nil {
		return nil, err
	}
	if s.search, err = m.newSearch(o); err != nil {
		return nil, err
	}
	if !m.config.streams() {
		s.encoder = &pieces{m: m}
		return s, nil
	}
	h, round := m.hearing.take()
	s.encoder, s.round = h, round
	return s, h.begin()
}

// release lends what the stream heard with to others. The stream is closed.
func (s *RecogniserStream) release() {
	if h, ok := s.encoder.(*hearing); ok {
		s.m.hearing.give(h, s.round)
		s.encoder = nil
	}
	s.closed = true
}

// made tells what is wrong with a stream, if anything is.
func (s *RecogniserStream) made() error {
	switch {
	case s == nil || s.m == nil:
		return errors.New("models: there is no RecogniserStream: Recogniser.Stream makes one")
	case s.closed && s.err == nil:
		return errors.New("models: the RecogniserStream is closed")
	}
	return s.err
}

// Write takes samples, 1 is full scale, and returns the segments that are over by now. A sample that is no finite number is an error,
// after which the stream is of no use.
func (s *RecogniserStream) Write(samples []float32) ([]Segment, error) {
	if err := s.made(); err != nil {
		return nil, err
	}
	return s.taken(s.take(samples))
}

func (s *RecogniserStream) take(samples []float32) error {
	s.samples += len(samples)
	resampled, err := s.resampler.Write(samples)
	if err != nil {
		return err
	}
	return s.hear(resampled)
}

// hear takes samples at the rate of the features.
func (s *RecogniserStream) hear(samples []float32) error {
	s.heard += len(samples)
	frames, err := s.extractor.Write(samples)
	if err != nil {
		return err
	}
	return s.frames(frames)
}

// frames normalises frames, and has the network hear them.
func (s *RecogniserStream) frames(values []float32) error {
	if s.m.config.Speech.Normalise != NormaliseRecording { // which is done for each piece
		f := &audio.Frames{Width: s.features.Width(), Values: values}
		if err := s.m.own.statistics.Apply(f, true); err != nil {
			return err
		}
	}
	return s.encoder.add(values, s.add)
}

// Close ends the recording, and returns the rest of the segments. A recording that is shorter than a window is an error.
func (s *RecogniserStream) Close() ([]Segment, error) {
	if err := s.made(); err != nil {
		return nil, err
	}
	err := s.flush()
	out, err := s.taken(err)
	s.closed = true
	return out, err
}

func (s *RecogniserStream) flush() error {
	rest, err := s.resampler.Flush()
	if err != nil {
		return err
	}
	if err := s.hear(rest); err != nil {
		return err
	}
	if s.heard < s.features.Length {
		return tooShort(s.heard, s.features)
	}
	last, err := s.extractor.Flush()
	if err != nil {
		return err
	}
	if err := s.frames(last); err != nil {
		return err
	}
	return s.finish()
}

// finish ends a recording all of whose frames were heard.
func (s *RecogniserStream) finish() error {
	if err := s.encoder.flush(s.add); err != nil {
		return err
	}
	return s.end()
}

// taken returns the segments that are over, and keeps an error.
func (s *RecogniserStream) taken(err error) ([]Segment, error) {
	out := s.done
	s.done = nil
	s.err = err
	return out, err
}

// Seconds is how much sound the stream has taken.
func (s *RecogniserStream) Seconds() float64 {
	if s == nil || s.rate == 0 {
		return 0
	}
	return float64(s.samples) / float64(s.rate)
}

// Partial is the segment that is not over yet, as it would be if it ended now; the zero value if nothing was heard in it. With a beam,
// words in it may still change.
func (s *RecogniserStream) Partial() (Segment, error) {
	if err := s.made(); err != nil {
		return Segment{}, err
	}
	if s.last == s.begin {
		return Segment{}, nil
	}
	return s.segment()
}

// add takes the encoder's outputs of a step, and ends the segment at a pause.
func (s *RecogniserStream) add(row []float32) error {
	label, err := s.search.add(row)
	if err != nil {
		return err
	}
	s.step++
	quiet := s.step - 1 - s.last
	if label >= 0 {
		s.last, s.between = s.step, s.blank < 0 || label == s.blank
	}
	switch {
	case s.last == s.begin: // nothing was heard: after a while, the segment begins later
		if quiet >= s.pause {
			return s.restart()
		}
	case quiet >= s.pause && s.between, quiet >= patience*s.pause, s.step-s.begin >= s.longest:
		return s.end()
	}
	return nil
}

// patience is how many times as long a pause is in which the network has not said that a word is over, by a blank between words. So
// a word is not cut whose sounds are far apart.
const patience = 3

func (s *RecogniserStream) restart() error {
	s.begin, s.last, s.between = s.step, s.step, s.blank < 0
	return s.search.begin()
}

// end ends the segment.
func (s *RecogniserStream) end() error {
	if s.last > s.begin {
		one, err := s.segment()
		if err != nil {
			return err
		}
		if one.Text != "" {
			s.done = append(s.done, one)
		}
	}
	return s.restart()
}

// segment is what was heard since the segment began.
func (s *RecogniserStream) segment() (Segment, error) {
	l, spans, err := s.search.found()
	if err != nil {
		return Segment{}, err
	}
	for i := range spans {
		spans[i].Begin, spans[i].End = spans[i].Begin+s.begin, spans[i].End+s.begin
	}
	out, err := s.m.segment(l.Labels, spans)
	out.LogProb = l.LogProb
	return out, err
}
