package audio

import "github.com/pkg/errors"

// Frames are features in time.
type Frames struct {
	Width  int       // F
	Values []float32 // [T, F]
}

// Steps is the number of frames, T.
func (f *Frames) Steps() int {
	if f.Width < 1 {
		return 0
	}
	return len(f.Values) / f.Width
}

func (f *Frames) check() error {
	if f == nil {
		return errors.New("audio: no frames were given")
	}
	if f.Width < 1 || len(f.Values)%f.Width != 0 {
		return errors.Errorf("audio: %d values of frames of %d; want whole frames", len(f.Values), f.Width)
	}
	for i, v := range f.Values {
		if !finite(float64(v)) {
			return errors.Errorf("audio: feature %d of frame %d is %g", i%f.Width, i/f.Width, v)
		}
	}
	return nil
}

// Hear computes the frames of a whole sound of any rate and any number of channels: of the mean of these, resampled to the features'.
func (f Features) Hear(sound *Sound) (*Frames, error) {
	if err := sound.check(); err != nil {
		return nil, err
	}
	h, err := newHearer(f)
	if err != nil {
		return nil, err
	}
	return h.sound(sound)
}

// Of computes the frames of a whole sound of one channel.
func (f Features) Of(sound *Sound) (*Frames, error) {
	if err := sound.checkMono(); err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if sound.Rate != f.Rate {
		return nil, errors.Errorf("audio: a sound of %d samples a second for features of %d; see Sound.Resample", sound.Rate, f.Rate)
	}
	return f.Hear(sound)
}
