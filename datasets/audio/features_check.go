package audio

import (
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// epsilon32 is the precision of float32, the least energy that Kaldi takes the logarithm of.
const epsilon32 = 1.1920928955078125e-07

// Bounds of what is taken for features.
const (
	mostFFT     = 1 << 20 // five seconds at 192 kHz
	mostFactor  = 1 << 10 // a transform costs its points times the greatest prime factor
	mostFilters = 1 << 10
)

func nextPower(n int) int {
	p := 1
	for p < n && p < mostFFT {
		p *= 2
	}
	return p
}

func greatestFactor(n int) int {
	for p := 2; p*p <= n; p++ {
		for n%p == 0 && n > p {
			n /= p
		}
	}
	return n
}

// check names the first field that cannot be.
func (f Features) check() error {
	for _, c := range []struct {
		name, value string
		of          []string
	}{
		{"Kind", f.Kind, []string{KindSpectrum, KindMel, KindLogMel, KindMFCC}},
		{"Padding", f.Padding, []string{PadReflect, PadZero, PadNone, PadKaldi}},
		{"Energy", f.Energy, []string{EnergyNone, EnergyAppend, EnergyReplace}},
	} {
		if !slices.Contains(c.of, c.value) {
			return errors.Errorf("audio: Features with a %s %q; want one of %q", c.name, c.value, c.of)
		}
	}
	if err := checkLayout(f.Rate, 1); err != nil {
		return err
	}
	if f.FFT < 2 || f.FFT > mostFFT || f.Length < 1 || f.Length > f.FFT || f.Hop < 1 || f.Hop > mostFFT {
		return errors.Errorf("audio: Features with windows of %d samples every %d, and an FFT of %d; want 1 or more, an FFT of 2 to %d, "+
			"and windows of at most that", f.Length, f.Hop, f.FFT, mostFFT)
	}
	if p := greatestFactor(f.FFT); p > mostFactor {
		return errors.Errorf("audio: Features with an FFT of %d, which %d divides; want prime factors of at most %d", f.FFT, p, mostFactor)
	}
	for _, v := range []struct {
		name             string
		value, low, high float64
	}{
		{"Gain", f.Gain, 0, 1e9}, {"Dither", f.Dither, 0, 1e9}, {"PreEmphasis", f.PreEmphasis, 0, 1}, {"Power", f.Power, 0.1, 10},
		{"Floor", f.Floor, 0, math.MaxFloat32}, {"Offset", f.Offset, 0, math.MaxFloat32}, {"Lifter", f.Lifter, 0, 1e9},
		{"EnergyFloor", f.EnergyFloor, 0, math.MaxFloat32}, {"Low", f.Low, 0, 1e9}, {"High", f.High, -1e9, 1e9},
	} {
		if !(v.value >= v.low && v.value <= v.high) {
			return errors.Errorf("audio: Features with a %s of %g; want %g to %g", v.name, v.value, v.low, v.high)
		}
	}
	if f.Warp != 0 && !(f.Warp >= 0.5 && f.Warp <= 2) {
		return errors.Errorf("audio: Features with a Warp of %g; want 0.5 to 2, or 0", f.Warp)
	}
	if f.Kind == KindSpectrum {
		return nil
	}
	return f.checkFilters()
}

func (f Features) checkFilters() error {
	if f.Filters < 1 || f.Filters > mostFilters {
		return errors.Errorf("audio: Features with %d Filters; want 1 to %d", f.Filters, mostFilters)
	}
	if f.Scale != HTK && f.Scale != Slaney {
		return errors.Errorf("audio: Features with a Scale %q; want %q or %q", f.Scale, HTK, Slaney)
	}
	half := float64(f.Rate) / 2
	high := f.High
	if high <= 0 {
		high += half
	}
	if !(f.Low >= 0 && f.Low < high && high <= half) {
		return errors.Errorf("audio: Features with filters from %g to %g Hz; want from 0 or more up to %g, half of Rate", f.Low, high, half)
	}
	if f.Kind == KindMel {
		return nil
	}
	if f.Log != Natural && f.Log != Decibel {
		return errors.Errorf("audio: Features with a Log %q; want %s", f.Log, strings.Join([]string{Natural, Decibel}, " or "))
	}
	if f.Floor == 0 && f.Offset == 0 {
		return errors.New("audio: Features with a Floor and an Offset of 0: the logarithm of silence is infinite; want one of them above 0")
	}
	if f.Kind == KindMFCC && (f.Coefficients < 1 || f.Coefficients > f.Filters) {
		return errors.Errorf("audio: Features with %d Coefficients of %d filters; want 1 to as many", f.Coefficients, f.Filters)
	}
	if f.LifterFrom < 0 || f.LifterFrom > 1 {
		return errors.Errorf("audio: Features with a LifterFrom of %d; want 0 or 1", f.LifterFrom)
	}
	return nil
}
