package audio

import (
	"math"
	"strings"

	"github.com/pkg/errors"
)

// Windows by which a frame is weighed before its spectrum is taken.
const (
	Hann        = "hann"
	Hamming     = "hamming"
	Blackman    = "blackman"
	Povey       = "povey" // Kaldi's: the Hann window to the power 0.85
	Bartlett    = "bartlett"
	Rectangular = "rectangular"
)

// windowOf is at x, 0 at the first value and 1 at the last of a symmetric window.
var windowOf = map[string]func(x float64) float64{
	Hann:        func(x float64) float64 { return 0.5 - 0.5*math.Cos(2*math.Pi*x) },
	Hamming:     func(x float64) float64 { return 0.54 - 0.46*math.Cos(2*math.Pi*x) },
	Blackman:    func(x float64) float64 { return 0.42 - 0.5*math.Cos(2*math.Pi*x) + 0.08*math.Cos(4*math.Pi*x) },
	Povey:       func(x float64) float64 { return math.Pow(0.5-0.5*math.Cos(2*math.Pi*x), 0.85) },
	Bartlett:    func(x float64) float64 { return 1 - math.Abs(2*x-1) },
	Rectangular: func(float64) float64 { return 1 },
}

var windowNames = []string{Hann, Hamming, Blackman, Povey, Bartlett, Rectangular}

// Window is a window of n values, such as Hann. A symmetric one ends as it begins; a periodic one, for spectra, is a
// symmetric one of n+1 values without the last.
func Window(kind string, n int, symmetric bool) ([]float64, error) {
	if n < 1 || n > mostFFT {
		return nil, errors.Errorf("audio: a window of %d samples; want 1 to %d", n, mostFFT)
	}
	f := windowOf[kind]
	if f == nil {
		return nil, errors.Errorf("audio: no window %q; there are %s", kind, strings.Join(windowNames, ", "))
	}
	out := make([]float64, n)
	last := n
	if symmetric {
		last = n - 1
	}
	for i := range out {
		if n == 1 {
			out[i] = 1
			continue
		}
		out[i] = f(float64(i) / float64(last))
	}
	return out, nil
}
