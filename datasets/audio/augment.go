package audio

import (
	"math"
	"math/rand/v2"

	"github.com/pkg/errors"
)

// SpecAugment hides stretches of time and bands of frequency of a recording, so that a model does not rely on any of them
// (Park et al., 2019; its warping in time is left out, which gains least there).
type SpecAugment struct {
	TimeMasks int     // stretches; 2 is usual
	TimeWidth int     // frames of one, at most; 100 is usual
	TimeShare float64 // of the recording, that one hides at most; 0 is 1

	FrequencyMasks int // bands; 2 is usual
	FrequencyWidth int // features of one, at most; 27 of 80 is usual
}

// Apply hides what the seed says, in place: a hidden value is the mean of its feature over the recording.
func (a SpecAugment) Apply(f *Frames, seed uint64) error {
	if err := f.check(); err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return err
	}
	T := f.Steps()
	if T == 0 || a.TimeMasks == 0 && a.FrequencyMasks == 0 {
		return nil
	}
	mean := make([]float64, f.Width)
	for t := range T {
		for j, v := range f.Values[t*f.Width:][:f.Width] {
			mean[j] += float64(v) / float64(T)
		}
	}
	r := rand.New(rand.NewPCG(seed, 1))
	stretch := a.TimeWidth
	if a.TimeShare > 0 {
		stretch = min(stretch, int(a.TimeShare*float64(T)))
	}
	for range a.TimeMasks {
		begin, end := maskOf(r, stretch, T)
		for i := begin * f.Width; i < end*f.Width; i++ {
			f.Values[i] = float32(mean[i%f.Width])
		}
	}
	for range a.FrequencyMasks {
		begin, end := maskOf(r, a.FrequencyWidth, f.Width)
		for t := range T {
			for j := begin; j < end; j++ {
				f.Values[t*f.Width+j] = float32(mean[j])
			}
		}
	}
	return nil
}

func (a SpecAugment) check() error {
	for _, n := range []int{a.TimeMasks, a.FrequencyMasks} {
		if n < 0 || n > 1<<10 {
			return errors.Errorf("audio: SpecAugment with %d masks; want 0 to %d", n, 1<<10)
		}
	}
	if a.TimeWidth < 0 || a.FrequencyWidth < 0 || !(a.TimeShare >= 0 && a.TimeShare <= 1) {
		return errors.Errorf("audio: SpecAugment with masks of %d frames, a share of %g and %d features; want 0 or more, a share to 1",
			a.TimeWidth, a.TimeShare, a.FrequencyWidth)
	}
	return nil
}

// maskOf draws a width from 0 to most, and where it lies in n.
func maskOf(r *rand.Rand, most, n int) (begin, end int) {
	width := r.IntN(min(most, n) + 1)
	begin = r.IntN(n - width + 1)
	return begin, begin + width
}

// AddNoise returns the sound with noise whose power is ratio dB below its own: 20 is quiet noise, 0 as loud as the sound. The
// seed says where in the noise to begin; noise that ends begins anew. Both have one channel and the same rate. Neither may be
// silent: then there is no such ratio.
func (s *Sound) AddNoise(noise *Sound, ratio float64, seed uint64) (*Sound, error) {
	for _, one := range []*Sound{s, noise} {
		if err := one.checkMono(); err != nil {
			return nil, err
		}
		if err := checkFinite(one.Samples, 0); err != nil {
			return nil, err
		}
	}
	if noise.Rate != s.Rate {
		return nil, errors.Errorf("audio: AddNoise of %d samples a second to a sound of %d; see Sound.Resample", noise.Rate, s.Rate)
	}
	if !(ratio >= -200 && ratio <= 200) {
		return nil, errors.Errorf("audio: AddNoise at %g dB; want -200 to 200", ratio)
	}
	if len(s.Samples) == 0 || len(noise.Samples) == 0 {
		return nil, errors.Errorf("audio: AddNoise of %d samples to %d; want 1 or more", len(noise.Samples), len(s.Samples))
	}
	added := make([]float32, len(s.Samples))
	at := rand.New(rand.NewPCG(seed, 2)).IntN(len(noise.Samples))
	for i := range added {
		added[i] = noise.Samples[(at+i)%len(noise.Samples)]
	}
	loud, quiet := power(s.Samples), power(added)
	if loud == 0 || quiet == 0 {
		return nil, errors.New("audio: AddNoise with a silent sound or silent noise: they have no ratio")
	}
	scale := math.Sqrt(loud / quiet * math.Pow(10, -ratio/10))
	out := &Sound{Rate: s.Rate, Channels: 1, Samples: added}
	for i, v := range s.Samples {
		added[i] = float32(float64(v) + scale*float64(added[i]))
	}
	return out, nil
}

// WhiteNoise is noise of all frequencies alike, with a standard deviation of 0.1.
func WhiteNoise(rate, steps int, seed uint64) (*Sound, error) {
	if err := checkLayout(rate, 1); err != nil {
		return nil, err
	}
	if steps < 0 || steps > mostSamples {
		return nil, errors.Errorf("audio: WhiteNoise of %d samples; want 0 to %d", steps, mostSamples)
	}
	out := &Sound{Rate: rate, Channels: 1, Samples: make([]float32, steps)}
	r := rand.New(rand.NewPCG(seed, 3))
	for i := range out.Samples {
		out.Samples[i] = float32(0.1 * r.NormFloat64())
	}
	return out, nil
}

// Speed returns the sound played so many times as fast, which changes its pitch, too (Ko et al., 2015). 0.9 and 1.1 are usual.
func (s *Sound) Speed(factor float64) (*Sound, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if !(factor >= 0.1 && factor <= 10) {
		return nil, errors.Errorf("audio: Speed of %g; want 0.1 to 10", factor)
	}
	fast := &Sound{Rate: max(1, int(math.Round(float64(s.Rate)*factor))), Channels: s.Channels, Samples: s.Samples}
	return fast.Resample(s.Rate)
}
