package audio

import (
	"math"
	"time"

	"github.com/pkg/errors"
)

// Bounds of what is taken for a recording.
const (
	mostRate     = 1 << 22 // samples a second
	mostChannels = 256
)

// Sound is a recording in memory.
type Sound struct {
	Rate     int       // samples a second, of each channel
	Channels int       // C
	Samples  []float32 // [T, C], interleaved; 1 is full scale
}

// Steps is the number of samples of each channel, T.
func (s *Sound) Steps() int {
	if s.Channels < 1 {
		return 0
	}
	return len(s.Samples) / s.Channels
}

// Duration is how long the sound is.
func (s *Sound) Duration() time.Duration {
	if s.Rate < 1 {
		return 0
	}
	return durationOf(s.Steps(), s.Rate)
}

func durationOf(steps, rate int) time.Duration {
	return time.Duration(float64(steps) / float64(rate) * float64(time.Second))
}

// check tells what is wrong with a sound.
func (s *Sound) check() error {
	if s == nil {
		return errors.New("audio: no sound was given")
	}
	if err := checkLayout(s.Rate, s.Channels); err != nil {
		return err
	}
	if len(s.Samples)%s.Channels != 0 {
		return errors.Errorf("audio: %d samples; want a multiple of the %d channels", len(s.Samples), s.Channels)
	}
	return nil
}

func checkLayout(rate, channels int) error {
	if rate < 1 || rate > mostRate {
		return errors.Errorf("audio: a rate of %d samples a second; want 1 to %d", rate, mostRate)
	}
	if channels < 1 || channels > mostChannels {
		return errors.Errorf("audio: %d channels; want 1 to %d", channels, mostChannels)
	}
	return nil
}

// checkMono tells what is wrong with a sound for a function that takes one channel.
func (s *Sound) checkMono() error {
	if err := s.check(); err != nil {
		return err
	}
	if s.Channels != 1 {
		return errors.Errorf("audio: a sound of %d channels; want one, see Sound.Mono and Sound.Mix", s.Channels)
	}
	return nil
}

// Mono is the mean of the channels.
func (s *Sound) Mono() *Sound {
	if s.Channels <= 1 {
		return &Sound{Rate: s.Rate, Channels: s.Channels, Samples: append([]float32{}, s.Samples...)}
	}
	return &Sound{Rate: s.Rate, Channels: 1, Samples: meanOf(make([]float32, 0, s.Steps()), s.Samples, s.Channels)}
}

// meanOf appends the means of channels that are interleaved.
func meanOf(out, samples []float32, channels int) []float32 {
	for len(samples) >= channels {
		sum := 0.0
		for _, v := range samples[:channels] {
			sum += float64(v)
		}
		out = append(out, float32(sum/float64(channels)))
		samples = samples[channels:]
	}
	return out
}

// Mix makes new channels of the old: channel k of the result is the sum over c of weights[k][c] times channel c. The second
// channel alone of two is Mix([][]float64{{0, 1}}).
func (s *Sound) Mix(weights [][]float64) (*Sound, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if len(weights) < 1 || len(weights) > mostChannels {
		return nil, errors.Errorf("audio: Mix to %d channels; want 1 to %d", len(weights), mostChannels)
	}
	for k, row := range weights {
		if len(row) != s.Channels {
			return nil, errors.Errorf("audio: Mix has %d weights for channel %d; the sound has %d channels", len(row), k, s.Channels)
		}
		for c, w := range row {
			if !finite(w) {
				return nil, errors.Errorf("audio: Mix weighs channel %d by %g for channel %d; want a finite number", c, w, k)
			}
		}
	}
	out := make([]float32, 0, s.Steps()*len(weights))
	for t := range s.Steps() {
		now := s.Samples[t*s.Channels:][:s.Channels]
		for _, row := range weights {
			sum := 0.0
			for c, w := range row {
				sum += w * float64(now[c])
			}
			out = append(out, float32(sum))
		}
	}
	return &Sound{Rate: s.Rate, Channels: len(weights), Samples: out}, nil
}

// Clipped is the number of samples at full scale or beyond: a recording with many was too loud, and its peaks are lost.
func (s *Sound) Clipped() int {
	const full = 32767.0 / 32768 // the largest of 16 bits
	n := 0
	for _, v := range s.Samples {
		if v >= full || v <= -1 {
			n++
		}
	}
	return n
}

func finite(v float64) bool { return v-v == 0 }

// checkFinite names the first sample that is no number. base is how many came before.
func checkFinite(samples []float32, base int) error {
	for i, v := range samples {
		if v-v != 0 {
			return errors.Errorf("audio: sample %d is %g; want finite numbers", base+i, v)
		}
	}
	return nil
}

// power is the mean square of samples.
func power(samples []float32) float64 {
	sum := 0.0
	for _, v := range samples {
		sum += float64(v) * float64(v)
	}
	return sum / math.Max(1, float64(len(samples)))
}
