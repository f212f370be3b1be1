package models

import (
	"math"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/graph"
)

// encoder makes steps of normalised frames, [steps, width], for a decoder.
type encoder interface {
	// add takes frames and gives each step that they complete.
	add(frames []float32, use func(row []float32) error) error
	// flush ends the recording.
	flush(use func(row []float32) error) error
}

// pieces hears with a network that reads in both directions: pieces of a recording of mostPiece seconds at most, each cut where the
// sound is quietest in its second half. Only where a recording is longer does it differ from the whole.
type pieces struct {
	m      *Recogniser
	frames []float32 // [T, mels], not heard yet
}

// mostPiece is how long a piece is, in seconds.
const mostPiece = 20

func (p *pieces) add(frames []float32, use func(row []float32) error) error {
	s := p.m.config.Speech
	p.frames = append(p.frames, frames...)
	long := s.Subsample * int(mostPiece/s.stepSeconds())
	for len(p.frames) > long*s.Mels {
		n := p.quietest(long) * s.Mels
		if err := p.hear(p.frames[:n], use); err != nil {
			return err
		}
		p.frames = p.frames[:copy(p.frames, p.frames[n:])]
	}
	return nil
}

func (p *pieces) flush(use func(row []float32) error) error {
	if len(p.frames) == 0 {
		return nil
	}
	err := p.hear(p.frames, use)
	p.frames = p.frames[:0]
	return err
}

// quietest is where to cut some frames: where a tenth of a second around is quietest, of whole steps and in the second half.
func (p *pieces) quietest(frames int) int {
	s := p.m.config.Speech
	around := max(50/s.FrameShift, 1)
	best, least := frames, math.Inf(1)
	for at := frames / 2 / s.Subsample * s.Subsample; at <= frames-around; at += s.Subsample {
		sum := 0.0
		for _, v := range p.frames[(at-around)*s.Mels : (at+around)*s.Mels] {
			sum += float64(v)
		}
		if sum < least {
			best, least = at, sum
		}
	}
	return best
}

// hear runs the network over a piece.
func (p *pieces) hear(frames []float32, use func(row []float32) error) error {
	s := p.m.config.Speech
	n := len(frames) / s.Mels
	x := make([]float32, up(n, roundFrames*s.Subsample)*s.Mels)
	copy(x, frames)
	if s.Normalise == NormaliseRecording {
		one := &audio.Frames{Width: s.Mels, Values: x[:len(frames)]}
		if err := s.normalise(one, nil); err != nil {
			return err
		}
	}
	return p.m.lent.with(func(f *graph.Func) error {
		out, err := f.Run(graph.Floats(x, len(x)/s.Mels, 1, s.Mels), graph.Ints([]int{s.steps(n)}))
		if err != nil {
			return err
		}
		rows := out[0].Float32s()
		width := out[0].Shape()[2]
		for t := range s.steps(n) {
			if err := use(rows[t*width:][:width]); err != nil {
				return err
			}
		}
		return nil
	})
}

// spot finds the label of a recording.
func (m *Recogniser) spot(frames *audio.Frames, long time.Duration) (*Transcript, error) {
	s := m.config.Speech
	if err := s.normalise(frames, m.own.statistics); err != nil {
		return nil, err
	}
	n := frames.Steps()
	x := make([]float32, up(n, roundFrames*s.Subsample)*s.Mels)
	copy(x, frames.Values)
	out := &Transcript{Seconds: long.Seconds()}
	return out, m.lent.with(func(fn *graph.Func) error {
		y, err := fn.Run(graph.Floats(x, len(x)/s.Mels, 1, s.Mels), graph.Ints([]int{s.steps(n)}))
		if err != nil {
			return err
		}
		p := softmax(y[0].Float32s(), 1)
		best := 0
		for i, v := range p {
			if v > p[best] {
				best = i
			}
		}
		out.Label, out.Text, out.Probability = m.own.labels[best], m.own.labels[best], p[best]
		return nil
	})
}

func tooShort(samples int, f audio.Features) error {
	return errors.Errorf("models: a sound of %d samples is too short; want a window of %d at least, at %d a second", samples, f.Length, f.Rate)
}
