package audio

import (
	"io"
	"time"

	"github.com/pkg/errors"
)

// hearer computes the frames of recordings, one after another, whose samples come piece by piece, of any rate and number of channels.
type hearer struct {
	extractor *Extractor
	from      int        // the rate that the resampler takes; 0: there is none yet
	resampler *Resampler // to that of the features
	piece     []float32  // samples as they are read
	mono      []float32
	frames    []float32 // [T, F]
}

// pieceSize is how many samples a hearer takes at a time, which stay in the processor's cache.
const pieceSize = 1 << 13

func newHearer(f Features) (*hearer, error) {
	e, err := NewExtractor(f)
	return &hearer{extractor: e}, err
}

// begin begins a recording of so many samples a second.
func (h *hearer) begin(rate int) error {
	h.frames = h.frames[:0]
	if rate == h.from {
		return nil
	}
	var err error
	h.resampler, err = NewResampler(rate, h.extractor.o.Rate)
	h.from = rate
	return err
}

// take takes samples of some channels, interleaved.
func (h *hearer) take(samples []float32, channels int) error {
	if channels > 1 {
		h.mono = meanOf(h.mono[:0], samples, channels)
		samples = h.mono
	}
	if h.resampler.phases != nil {
		var err error
		if samples, err = h.resampler.Write(samples); err != nil {
			return err
		}
	}
	return h.hear(samples)
}

// hear takes samples at the rate of the features.
func (h *hearer) hear(samples []float32) (err error) {
	h.frames, err = h.extractor.write(h.frames, samples)
	return err
}

// end ends the recording. Its frames hold until the next one.
func (h *hearer) end() (*Frames, error) {
	rest, err := h.resampler.Flush()
	if err == nil {
		err = h.hear(rest)
	}
	if err == nil {
		h.frames, err = h.extractor.flush(h.frames)
	}
	return &Frames{Width: h.extractor.o.Width(), Values: h.frames}, err
}

// sound hears a recording in memory.
func (h *hearer) sound(s *Sound) (*Frames, error) {
	if err := h.begin(s.Rate); err != nil {
		return nil, err
	}
	size := max(pieceSize/s.Channels, 1) * s.Channels
	for rest := s.Samples; len(rest) > 0; {
		n := min(len(rest), size)
		if err := h.take(rest[:n], s.Channels); err != nil {
			return nil, err
		}
		rest = rest[n:]
	}
	return h.end()
}

// file hears a file, and tells how long it is.
func (h *hearer) file(path string) (frames *Frames, long time.Duration, err error) {
	s, err := OpenStream(path)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = s.Close() }()
	if err := h.begin(s.Rate()); err != nil {
		return nil, 0, errors.Wrap(err, path)
	}
	if size := max(pieceSize, s.Channels()); len(h.piece) < size {
		h.piece = make([]float32, size)
	}
	for {
		n, err := s.Read(h.piece)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = errors.Wrap(h.take(h.piece[:n], s.Channels()), path)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	frames, err = h.end()
	return frames, durationOf(s.at/s.Channels(), s.Rate()), errors.Wrap(err, path)
}
