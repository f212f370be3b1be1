package audio

import (
	"math"
	"slices"

	"github.com/pkg/errors"
)

// Normalise subtracts from each feature its mean over the recording, and divides it by its standard deviation (of T) if
// variance is set. A feature that does not vary becomes 0.
func (f *Frames) Normalise(variance bool) error {
	var s Statistics
	if err := s.Add(f); err != nil {
		return err
	}
	if f.Steps() == 0 {
		return nil
	}
	return s.Apply(f, variance)
}

// Limit raises log-mel energies that are more than so many decibels below the highest of all frames to that bound, in place. What is
// lower is the noise of a room and a microphone, which otherwise tells recordings apart, once they are normalised. librosa's power_to_db
// has it as top_db, and so have the features of Whisper (Radford et al., 2022), both with 80 dB.
func (f Features) Limit(frames *Frames, decibels float64) error {
	if err := f.checkRange(decibels); err != nil {
		return err
	}
	if err := frames.check(); err != nil {
		return err
	}
	if len(frames.Values) == 0 {
		return nil
	}
	if f.Log != Decibel {
		decibels *= math.Ln10 / 10
	}
	least := float32(float64(slices.Max(frames.Values)) - decibels)
	for i, v := range frames.Values {
		frames.Values[i] = max(v, least)
	}
	return nil
}

// checkRange refuses what would hide speech itself.
func (f Features) checkRange(decibels float64) error {
	if !(decibels >= 10 && decibels <= 200) {
		return errors.Errorf("audio: a range of %g dB; want 10 to 200", decibels)
	}
	if f.Kind != KindLogMel {
		return errors.Errorf("audio: a range of features of the kind %q; want %q", f.Kind, KindLogMel)
	}
	return nil
}

// Statistics are sums over frames, of one recording or of all that a model is trained on. The zero value is ready.
type Statistics struct {
	Count   int       // frames
	Sums    []float64 // [F]
	Squares []float64 // [F], of the distances from Sums/Count (Chan et al., 1979)
}

// Add counts frames in.
func (s *Statistics) Add(f *Frames) error {
	if err := f.check(); err != nil {
		return err
	}
	if s.Count == 0 && len(s.Sums) == 0 {
		s.Sums, s.Squares = make([]float64, f.Width), make([]float64, f.Width)
	}
	if err := s.fits(f); err != nil {
		return err
	}
	for t := range f.Steps() {
		for j, v := range f.Values[t*f.Width:][:f.Width] {
			x := float64(v)
			if s.Count > 0 { // Welford's update
				d := x - s.Sums[j]/float64(s.Count)
				s.Squares[j] += d * d * float64(s.Count) / float64(s.Count+1)
			}
			s.Sums[j] += x
		}
		s.Count++
	}
	return nil
}

func (s *Statistics) fits(f *Frames) error {
	if len(s.Sums) != f.Width || len(s.Squares) != f.Width || s.Count < 0 {
		return errors.Errorf("audio: statistics of %d and %d features, over %d frames, for frames of %d",
			len(s.Sums), len(s.Squares), s.Count, f.Width)
	}
	return nil
}

// Apply normalises frames by these statistics, whether they were counted in or not: mean 0, and standard deviation 1 if
// variance is set. It needs nothing of the future, and so is what a stream is normalised by.
func (s *Statistics) Apply(f *Frames, variance bool) error {
	if err := f.check(); err != nil {
		return err
	}
	if s == nil || s.Count < 1 {
		return errors.New("audio: statistics of no frames")
	}
	if err := s.fits(f); err != nil {
		return err
	}
	means, deviations := make([]float64, f.Width), make([]float64, f.Width)
	for j := range means {
		means[j] = s.Sums[j] / float64(s.Count)
		deviations[j] = deviation(means[j], s.Squares[j]/float64(s.Count), variance)
	}
	for t := range f.Steps() {
		row := f.Values[t*f.Width:][:f.Width]
		for j, v := range row {
			row[j] = normal(float64(v), means[j], deviations[j])
		}
	}
	return nil
}

// normal is x without the mean, in so many deviations. What does not vary is 0.
func normal(x, mean, deviation float64) float32 {
	if deviation == 0 {
		return 0
	}
	return float32((x - mean) / deviation)
}

// deviation is what distances from the mean are divided by: the standard deviation where it counts. That of what varies by no more than
// rounding is 0.
func deviation(mean, variance float64, scale bool) float64 {
	switch {
	case !scale:
		return 1
	case variance <= 1e-12*mean*mean || variance <= 0:
		return 0
	}
	return math.Sqrt(variance)
}
