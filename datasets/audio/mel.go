package audio

import "math"

// Scales of pitch.
const (
	HTK    = "htk"    // 2595 log10(1 + f/700): of HTK, torchaudio and Kaldi
	Slaney = "slaney" // linear below 1 kHz, logarithmic above: of Slaney's Auditory Toolbox, and librosa's as a rule
)

// melOf is the pitch of a frequency in Hz.
func melOf(scale string, hz float64) float64 {
	if scale == HTK {
		return 1127 * math.Log1p(hz/700)
	}
	if hz < 1000 {
		return hz * 3 / 200
	}
	return 15 + math.Log(hz/1000)/slaneyStep
}

// hzOf is the frequency of a pitch.
func hzOf(scale string, mel float64) float64 {
	if scale == HTK {
		return 700 * math.Expm1(mel/1127)
	}
	if mel < 15 {
		return mel * 200 / 3
	}
	return 1000 * math.Exp((mel-15)*slaneyStep)
}

var slaneyStep = math.Log(6.4) / 27

// filter is a triangle over the bins of a spectrum.
type filter struct {
	first   int
	weights []float64
}

// melFilters are triangles whose corners are equally far apart in pitch. Each begins where the last but one has ended.
// Their sides are straight over the frequency, or over the pitch, as Kaldi has them.
func melFilters(o Features) []filter {
	high := o.High
	if high <= 0 {
		high += float64(o.Rate) / 2
	}
	low, top := melOf(o.Scale, o.Low), melOf(o.Scale, high)
	step := (top - low) / float64(o.Filters+1)
	out := make([]filter, o.Filters)
	for k := range out {
		corner := func(i int) float64 { return o.warped(hzOf(o.Scale, low+float64(k+i)*step)) }
		left, middle, right := corner(0), corner(1), corner(2)
		begin, wide := left, right-left
		if o.PitchTriangles {
			pitch := func(i int) float64 {
				if o.Warp == 0 {
					return low + float64(k+i)*step
				}
				return melOf(o.Scale, corner(i))
			}
			left, middle, right = pitch(0), pitch(1), pitch(2)
		}
		bins := o.FFT/2 + 1
		if o.PitchTriangles { // Kaldi leaves out the last bin
			bins = o.FFT / 2
		}
		f := &out[k]
		for i := max(0, int(begin*float64(o.FFT)/float64(o.Rate))-1); i < bins; i++ {
			at := float64(i) * float64(o.Rate) / float64(o.FFT)
			if o.PitchTriangles {
				at = melOf(o.Scale, at)
			}
			w := math.Min((at-left)/(middle-left), (right-at)/(right-middle))
			if w <= 0 && at > middle {
				break
			} else if w <= 0 {
				continue
			}
			if len(f.weights) == 0 {
				f.first = i
			}
			if o.EqualArea {
				w *= 2 / wide
			}
			f.weights = append(f.weights, w)
		}
	}
	return out
}

// warpEdge is up to which share of the half of the sampling rate frequencies are multiplied: above are no formants of vowels. It is that
// of Jaitly and Hinton, 4800 of 8000 Hz.
const warpEdge = 0.6

// warped is where a filter lies instead of at some frequency (Jaitly and Hinton, 2013, "Vocal Tract Length Perturbation", section 2):
// Warp times as high below an edge, and from there in a straight line to half of the sampling rate, which stays where it is.
func (f Features) warped(hz float64) float64 {
	if f.Warp == 0 {
		return hz
	}
	half := float64(f.Rate) / 2
	edge := warpEdge * half * min(f.Warp, 1)
	if hz <= edge/f.Warp {
		return hz * f.Warp
	}
	return half - (half-edge)/(half-edge/f.Warp)*(half-hz)
}

// cosines are the rows of the discrete cosine transform of kind 2, orthonormal: coefficients of so many filters, [K][N].
func cosines(coefficients, filters int) [][]float64 {
	out := make([][]float64, coefficients)
	for k := range out {
		out[k] = make([]float64, filters)
		scale := math.Sqrt(2 / float64(filters))
		if k == 0 {
			scale = math.Sqrt(1 / float64(filters))
		}
		for n := range out[k] {
			out[k][n] = scale * math.Cos(math.Pi/float64(filters)*(float64(n)+0.5)*float64(k))
		}
	}
	return out
}

// lifters weigh cepstral coefficients so that high ones count as much as low ones: 1 + L/2 sin(π k/L), where k begins with
// 0, as HTK and Kaldi have it, or with 1, as librosa has.
func lifters(coefficients int, l float64, from int) []float64 {
	out := make([]float64, coefficients)
	for k := range out {
		out[k] = 1
		if l > 0 {
			out[k] += l / 2 * math.Sin(math.Pi*float64(k+from)/l)
		}
	}
	return out
}
