package audio

import (
	"math"
	"math/cmplx"
	"math/rand/v2"
	"slices"

	"github.com/pkg/errors"
	"gonum.org/v1/gonum/dsp/fourier"
)

// Extractor computes features of a recording that comes piece by piece. Pieces may have any size: the frames have the same
// bits as of the whole. It keeps two windows of samples at most, beside the piece. It is not for several goroutines at once.
type Extractor struct {
	o       Features
	window  []float64
	filters []filter
	cosines [][]float64
	lifters []float64
	fft     *fourier.FFT

	buf   []float64 // samples from number base on
	base  int
	n     int     // samples taken
	last  float64 // the last of them, for the pre-emphasis
	frame int     // frames given

	work     []float64 // [FFT]
	bins     []complex128
	spectrum []float64 // [FFT/2+1]
	bands    []float64 // [Filters]
	failed   error
}

// NewExtractor makes an extractor of the given features.
func NewExtractor(o Features) (*Extractor, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	window, err := Window(o.Window, o.Length, o.Symmetric)
	if err != nil {
		return nil, err
	}
	if o.Gain == 0 {
		o.Gain = 1
	}
	e := &Extractor{o: o, window: window, fft: fourier.NewFFT(o.FFT), work: make([]float64, o.FFT), bins: make([]complex128, o.FFT/2+1),
		spectrum: make([]float64, o.FFT/2+1)}
	if o.Kind != KindSpectrum {
		e.filters, e.bands = melFilters(o), make([]float64, o.Filters)
	}
	if o.Kind == KindMFCC {
		e.cosines, e.lifters = cosines(o.Coefficients, o.Filters), lifters(o.Coefficients, o.Lifter, o.LifterFrom)
	}
	return e, nil
}

// Write takes samples and returns the frames that they complete, [T, F]: T may be 0.
func (e *Extractor) Write(samples []float32) ([]float32, error) {
	return e.write(nil, samples)
}

// write is Write that appends the frames to out.
func (e *Extractor) write(out, samples []float32) ([]float32, error) {
	if err := e.ready(); err != nil {
		return nil, err
	}
	if e.failed = checkFinite(samples, e.n); e.failed != nil {
		return nil, e.failed
	}
	e.remember(samples)
	for e.complete() {
		if out = e.append(out); e.failed != nil {
			return nil, e.failed
		}
	}
	e.forget()
	return out, nil
}

// remember appends samples to the buffer, with the pre-emphasis of the whole.
func (e *Extractor) remember(samples []float32) {
	begin := len(e.buf)
	e.buf = slices.Grow(e.buf, len(samples))[:begin+len(samples)]
	for i, v := range samples {
		x := float64(v) * e.o.Gain
		y := x
		if !e.o.FramePreEmphasis && e.n+i > 0 {
			y -= e.o.PreEmphasis * e.last
		}
		e.buf[begin+i], e.last = y, x
	}
	e.n += len(samples)
}

// Flush ends the recording: it returns the frames that reach beyond its end, and makes the extractor ready for another.
// A recording without samples has no frames.
func (e *Extractor) Flush() ([]float32, error) { return e.flush(nil) }

// flush is Flush that appends the frames to out.
func (e *Extractor) flush(out []float32) ([]float32, error) {
	if err := e.ready(); err != nil {
		return nil, err
	}
	if e.o.Padding == PadReflect && e.n > 0 && e.n <= e.o.FFT/2 {
		n := e.n
		e.reset()
		return nil, errors.Errorf("audio: a sound of %s cannot be mirrored for an FFT of %d; want more than %d, or another Padding",
			plural(n, "sample"), e.o.FFT, e.o.FFT/2)
	}
	for total := e.total(); e.frame < total; {
		if out = e.append(out); e.failed != nil {
			return nil, e.failed
		}
	}
	e.reset()
	return out, nil
}

func (e *Extractor) ready() error {
	if e.fft == nil {
		return errors.New("audio: want an Extractor that NewExtractor made")
	}
	return e.failed
}

func (e *Extractor) reset() {
	e.buf, e.base, e.n, e.last, e.frame = e.buf[:0], 0, 0, 0, 0
}

// total is the number of frames of as many samples as were taken.
func (e *Extractor) total() int {
	o := &e.o
	switch {
	case e.n == 0:
		return 0
	case o.Padding == PadKaldi:
		return (e.n + o.Hop/2) / o.Hop
	case o.Padding == PadNone && e.n < e.span():
		return 0
	case o.Padding == PadNone:
		return 1 + (e.n-e.span())/o.Hop
	}
	return 1 + max(0, e.n+o.FFT/2*2-o.FFT)/o.Hop
}

// span is how many samples a frame without padding takes up.
func (e *Extractor) span() int {
	if e.o.Aligned {
		return e.o.Length
	}
	return e.o.FFT
}

// start is the number of the first sample under the window of a frame. It may lie before the first there is.
func (e *Extractor) start(frame int) int {
	o := &e.o
	at := frame * o.Hop
	switch o.Padding {
	case PadKaldi:
		at += o.Hop/2 - o.Length/2
	case PadReflect, PadZero:
		at -= o.FFT / 2
	}
	if !o.Aligned && o.Padding != PadKaldi {
		at += (o.FFT - o.Length) / 2
	}
	return at
}

// complete tells whether the next frame, and what it mirrors at the beginning, is there.
func (e *Extractor) complete() bool {
	start := e.start(e.frame)
	if e.o.Padding == PadNone {
		return e.frame < e.total()
	}
	return max(start+e.o.Length, 1-start) <= e.n
}

// forget drops samples that no frame reads again: neither the next, nor one that mirrors the end.
func (e *Extractor) forget() {
	keep := min(e.start(e.frame), e.n) - e.o.FFT - 2
	if drop := keep - e.base; drop > len(e.buf)/2 {
		e.buf = e.buf[:copy(e.buf, e.buf[drop:])]
		e.base = keep
	}
}

// at is a sample by its number, which may lie beyond the ends.
func (e *Extractor) at(i int) float64 {
	for i < 0 || i >= e.n {
		switch e.o.Padding {
		case PadKaldi: // the sample at the end is mirrored, too
			if i < 0 {
				i = -i - 1
			} else {
				i = 2*e.n - 1 - i
			}
		case PadReflect:
			if i < 0 {
				i = -i
			} else {
				i = 2*e.n - 2 - i
			}
		default:
			return 0
		}
	}
	return e.buf[i-e.base]
}

// append computes the next frame and appends its features.
func (e *Extractor) append(out []float32) []float32 {
	o := &e.o
	offset := 0
	if !o.Aligned {
		offset = (o.FFT - o.Length) / 2
	}
	x := e.work[offset:][:o.Length] // beside it there are zeros
	start := e.start(e.frame)
	if begin := start - e.base; begin >= 0 && begin+len(x) <= len(e.buf) {
		copy(x, e.buf[begin:])
	} else {
		for i := range x {
			x[i] = e.at(start + i)
		}
	}
	energy := e.weigh(x)
	e.bins = e.fft.Coefficients(e.bins, e.work)
	for i, c := range e.bins {
		if o.Power == 2 {
			e.spectrum[i] = real(c)*real(c) + imag(c)*imag(c)
		} else {
			e.spectrum[i] = math.Pow(cmplx.Abs(c), o.Power)
		}
	}
	begin := len(out)
	if o.Energy == EnergyAppend {
		out = append(out, energy)
	}
	first := len(out)
	out = e.features(out)
	if o.Energy == EnergyReplace {
		out[first] = energy
	}
	for i, v := range out[begin:] {
		if !finite(float64(v)) {
			e.failed = errors.Errorf("audio: feature %d of frame %d is %g: the samples are too large; want about 1", i, e.frame, v)
			return nil
		}
	}
	e.frame++
	return out
}

// weigh prepares the samples of a frame for the transform, and returns the logarithm of their energy, if it is asked for.
func (e *Extractor) weigh(x []float64) float32 {
	o := &e.o
	if o.Dither > 0 {
		noise := rand.New(rand.NewPCG(o.Seed, uint64(e.frame)))
		for i := range x {
			x[i] += o.Dither * noise.NormFloat64()
		}
	}
	if o.RemoveMean {
		mean := 0.0
		for _, v := range x {
			mean += v
		}
		mean /= float64(len(x))
		for i := range x {
			x[i] -= mean
		}
	}
	raw := o.logEnergy(x)
	if o.FramePreEmphasis {
		for i := len(x) - 1; i > 0; i-- {
			x[i] -= o.PreEmphasis * x[i-1]
		}
		x[0] -= o.PreEmphasis * x[0]
	}
	for i, w := range e.window {
		x[i] *= w
	}
	if o.RawEnergy {
		return raw
	}
	return o.logEnergy(x)
}

func (f *Features) logEnergy(x []float64) float32 {
	if f.Energy == EnergyNone {
		return 0
	}
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return float32(math.Log(max(sum, epsilon32, f.EnergyFloor)))
}

// features appends the features of the spectrum.
func (e *Extractor) features(out []float32) []float32 {
	o := &e.o
	if o.Kind == KindSpectrum {
		for _, v := range e.spectrum {
			out = append(out, float32(v))
		}
		return out
	}
	for k, f := range e.filters {
		sum, under := 0.0, e.spectrum[f.first:][:len(f.weights)]
		for i, w := range f.weights {
			sum += w * under[i]
		}
		if o.Kind != KindMel {
			sum = math.Log(max(sum, o.Floor) + o.Offset)
			if o.Log == Decibel {
				sum *= 10 / math.Ln10
			}
		}
		e.bands[k] = sum
	}
	if o.Kind != KindMFCC {
		for _, v := range e.bands {
			out = append(out, float32(v))
		}
		return out
	}
	for k, row := range e.cosines {
		sum := 0.0
		for i, c := range row {
			sum += c * e.bands[i]
		}
		out = append(out, float32(sum*e.lifters[k]))
	}
	return out
}
