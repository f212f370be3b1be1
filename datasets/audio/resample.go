package audio

import (
	"math"

	"github.com/pkg/errors"
)

// Resampler changes the sampling rate of one channel, piece by piece: the pieces may have any size, and the samples have the
// same bits as of the whole at once. It is band-limited interpolation with a windowed sinc (Smith, 1984), with the values of
// torchaudio.functional.resample: six zero crossings to each side, 99 % of the band kept, a Hann window.
type Resampler struct {
	from, to int // without common divisors
	width    int // samples that a filter looks back
	phases   []phase
	buf      []float32
	base     int // the number of the sample buf[0]; those before sample 0 are zeros
	in, out  int // samples taken and given
}

// phase is the filter for every to-th sample of the output.
type phase struct {
	first int // the first sample it reads, from the one at which the block begins
	taps  []float64
}

const (
	zeroCrossings = 6
	rolloff       = 0.99
	mostTaps      = 1 << 22
)

// NewResampler makes a resampler from one rate to another, both in samples a second.
func NewResampler(from, to int) (*Resampler, error) {
	for _, rate := range []int{from, to} {
		if err := checkLayout(rate, 1); err != nil {
			return nil, err
		}
	}
	d := gcd(from, to)
	from, to = from/d, to/d
	r := &Resampler{from: from, to: to}
	if from == to {
		return r, nil
	}
	base := float64(min(from, to)) * rolloff // of the band that both rates have
	r.width = int(math.Ceil(zeroCrossings * float64(from) / base))
	if n := float64(to) * float64(2*r.width+2); n > mostTaps {
		return nil, errors.Errorf("audio: resampling by %d/%d takes filters of %.0f values; "+
			"want rates that are closer, or have a greater common divisor", to, from, n)
	}
	r.phases = make([]phase, to)
	for p := range r.phases {
		r.phases[p] = makePhase(p, from, to, r.width, base)
	}
	r.base = -r.width
	r.buf = make([]float32, r.width)
	return r, nil
}

// makePhase is the filter that gives output p of a block of to outputs and from inputs.
func makePhase(p, from, to, width int, base float64) phase {
	var f phase
	begun := false
	middle, reach := float64(p)*float64(from)/float64(to), zeroCrossings*float64(from)/base
	for i := max(-width, int(middle-reach)-1); i < min(width+from, int(middle+reach)+2); i++ {
		t := (float64(i)/float64(from) - float64(p)/float64(to)) * base
		if math.Abs(t) >= zeroCrossings { // where the window is 0
			continue
		}
		if !begun {
			f.first, begun = i, true
		}
		c := math.Cos(t * math.Pi / zeroCrossings / 2)
		v := c * c * base / float64(from)
		if t != 0 {
			v *= math.Sin(t*math.Pi) / (t * math.Pi)
		}
		f.taps = append(f.taps, v)
	}
	return f
}

// Write takes samples and returns those of the new rate that they decide.
func (r *Resampler) Write(samples []float32) ([]float32, error) {
	if r.to == 0 {
		return nil, errors.New("audio: want a Resampler that NewResampler made")
	}
	if err := checkFinite(samples, r.in); err != nil {
		return nil, err
	}
	r.in += len(samples)
	if r.phases == nil {
		return append([]float32{}, samples...), nil
	}
	r.buf = append(r.buf, samples...)
	return r.ready(math.MaxInt), nil
}

// Flush returns the rest, as if zeros followed, and makes the resampler ready for another recording.
func (r *Resampler) Flush() ([]float32, error) {
	if r.to == 0 {
		return nil, errors.New("audio: want a Resampler that NewResampler made")
	}
	if r.phases == nil {
		r.in = 0
		return nil, nil
	}
	total := int((int64(r.in)*int64(r.to) + int64(r.from) - 1) / int64(r.from)) // rounded up
	r.buf = append(r.buf, make([]float32, r.width+r.from)...)
	out := r.ready(total)
	r.buf, r.base, r.in, r.out = append(r.buf[:0], make([]float32, r.width)...), -r.width, 0, 0
	return out, nil
}

// ready computes the outputs whose inputs are there, up to a total.
func (r *Resampler) ready(total int) []float32 {
	var out []float32
	for r.out < total {
		p := r.phases[r.out%r.to]
		start := r.out/r.to*r.from + p.first - r.base
		if start+len(p.taps) > len(r.buf) {
			break
		}
		sum := 0.0
		for i, v := range r.buf[start:][:len(p.taps)] {
			sum += p.taps[i] * float64(v)
		}
		out = append(out, float32(sum))
		r.out++
	}
	if done := r.out/r.to*r.from - r.width - r.base; done > 0 { // no filter reads them again
		done = min(done, len(r.buf))
		r.buf = r.buf[:copy(r.buf, r.buf[done:])]
		r.base += done
	}
	return out
}

// Resample returns the sound at another rate: of T samples, the new rate's share, rounded up.
func (s *Sound) Resample(rate int) (*Sound, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	r, err := NewResampler(s.Rate, rate)
	if err != nil {
		return nil, err
	}
	if n := float64(len(s.Samples)) * float64(rate) / float64(s.Rate); n > mostSamples {
		return nil, errors.Errorf("audio: %d samples at %d samples a second would be %.0f at %d; want at most %d",
			len(s.Samples), s.Rate, n, rate, mostSamples)
	}
	out := &Sound{Rate: rate, Channels: s.Channels}
	channel := make([]float32, s.Steps())
	for c := range s.Channels {
		for t := range channel {
			channel[t] = s.Samples[t*s.Channels+c]
		}
		begin, err := r.Write(channel)
		if err != nil {
			return nil, err
		}
		end, err := r.Flush()
		if err != nil {
			return nil, err
		}
		all := append(begin, end...)
		if out.Samples == nil {
			out.Samples = make([]float32, len(all)*s.Channels)
		}
		for t, v := range all {
			out.Samples[t*s.Channels+c] = v
		}
	}
	return out, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
