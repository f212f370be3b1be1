package audio

import "github.com/pkg/errors"

// Deltas are the slopes of features over 2·reach+1 frames, by least squares: Σ n (x[t+n] - x[t-n]) / 2 Σ n² over n from 1 to
// reach, with the first and the last frame repeated beyond the ends. Deltas of deltas are the curvature. A reach of 2 is usual.
func (f *Frames) Deltas(reach int) (*Frames, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	if reach < 1 || reach > 1<<10 {
		return nil, errors.Errorf("audio: Deltas over %d frames to each side; want 1 to %d", reach, 1<<10)
	}
	T := f.Steps()
	out := &Frames{Width: f.Width, Values: make([]float32, len(f.Values))}
	norm := float64(reach*(reach+1)*(2*reach+1)) / 3
	for t := range T {
		for j := range f.Width {
			sum := 0.0
			for n := 1; n <= reach; n++ {
				sum += float64(n) * (float64(f.Values[min(t+n, T-1)*f.Width+j]) - float64(f.Values[max(t-n, 0)*f.Width+j]))
			}
			out.Values[t*f.Width+j] = float32(sum / norm)
		}
	}
	return out, nil
}

// Beside puts the features of others, such as deltas, behind these: [T, F], [T, G] become [T, F+G].
func (f *Frames) Beside(others ...*Frames) (*Frames, error) {
	all := append([]*Frames{f}, others...)
	out := &Frames{}
	for i, o := range all {
		if err := o.check(); err != nil {
			return nil, err
		}
		if o.Steps() != f.Steps() {
			return nil, errors.Errorf("audio: Beside: %d frames, number %d has %d; want as many", f.Steps(), i, o.Steps())
		}
		out.Width += o.Width
	}
	for t := range f.Steps() {
		for _, o := range all {
			out.Values = append(out.Values, o.Values[t*o.Width:][:o.Width]...)
		}
	}
	return out, nil
}
