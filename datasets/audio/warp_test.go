package audio_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// Warped filters are triangles whose corners the equation of Jaitly and Hinton moves, with their 4800 Hz at 16 kHz.
func TestWarp(t *testing.T) {
	const rate, bands, edge, half = 16000, 24, 4800.0, 8000.0
	f := audio.LogMel(rate)
	f.Kind, f.Filters, f.FFT = audio.KindMel, bands, 512
	spectrum := f
	spectrum.Kind = audio.KindSpectrum
	sound := glide(4000, rate)
	bins, err := spectrum.Of(sound)
	must(t, err)
	mel := func(hz float64) float64 { return 2595 * math.Log10(1+hz/700) }
	for _, a := range []float64{0.5, 0.8, 1, 1.13, 2} {
		moved := func(corner int) float64 {
			hz := 700 * (math.Pow(10, mel(half)*float64(corner)/(bands+1)/2595) - 1)
			if hz <= edge*math.Min(a, 1)/a {
				return a * hz
			}
			m := edge * math.Min(a, 1)
			return half - (half-m)/(half-m/a)*(half-hz)
		}
		f.Warp = a
		got, err := f.Of(sound)
		must(t, err)
		for s := range got.Steps() {
			for k := range bands {
				left, middle, right := moved(k), moved(k+1), moved(k+2)
				want := 0.0
				for i := range 257 {
					hz := float64(i) * rate / 512
					want += max(0, min((hz-left)/(middle-left), (right-hz)/(right-middle))) * float64(bins.Values[s*257+i])
				}
				if v := float64(got.Values[s*bands+k]); math.Abs(v-want) > 1e-5*math.Max(want, 1e-3) {
					t.Fatalf("warp %g, frame %d, band %d: %g; want %g", a, s, k, v, want)
				}
			}
		}
	}
	for _, f := range []audio.Features{audio.LogMel(rate), audio.MFCC(rate), audio.KaldiFbank(rate)} { // a warp of 1 is none
		want, err := f.Of(sound)
		must(t, err)
		f.Warp = 1
		got, err := f.Of(sound)
		must(t, err)
		for i, v := range got.Values {
			if math.Abs(float64(v-want.Values[i])) > 1e-4 {
				t.Fatalf("%s: value %d is %g; want %g", f.Kind, i, v, want.Values[i])
			}
		}
	}
	for _, bad := range []float64{-1, 0.4, 2.5, math.NaN(), math.Inf(1)} {
		f.Warp = bad
		_, err := f.Of(sound)
		says(t, err, "Warp")
	}
}

// Batches draw a warp and noise for each recording and pass, by the seed; other frames come of it, of the same number.
func TestBatchesDraw(t *testing.T) {
	list := clips(t, 800, 810)
	frames := func(warp, noise float64, seed uint64, epoch int) []float32 {
		b, err := audio.Batching{Features: audio.LogMel(8000), Seed: seed, Warp: warp, Noise: noise}.Batches(list)
		must(t, err)
		b.SetEpoch(epoch)
		one, ok := b.Next()
		if !ok || !slices.Equal(one.Lengths, []int{8, 8}) {
			t.Fatalf("%v, %v", one, b.Err())
		}
		return one.Values
	}
	plain := frames(0, 0, 1, 0)
	for _, c := range []struct{ warp, noise float64 }{{0.1, 0}, {0, 20}} {
		drawn := frames(c.warp, c.noise, 1, 0)
		same(t, "the same seed", frames(c.warp, c.noise, 1, 0), drawn)
		for name, other := range map[string][]float32{
			"nothing": plain, "another pass": frames(c.warp, c.noise, 1, 1), "another seed": frames(c.warp, c.noise, 2, 0)} {
			if slices.Equal(drawn, other) {
				t.Errorf("%v: %s gives the same frames", c, name)
			}
		}
	}
	// Noise far below changes frames little, and lifts the quiet bands of all as it comes closer.
	sum := func(values []float32) (out float64) {
		for _, v := range values {
			out += float64(v) / float64(len(values))
		}
		return out
	}
	if far, mid, near := sum(frames(0, 100, 1, 0)), sum(frames(0, 40, 1, 0)), sum(frames(0, 5, 1, 0)); far-sum(plain) > 0.1 || mid < far || near < mid+1 {
		t.Errorf("means of %g without noise, and with noise of %g, %g and %g", sum(plain), far, mid, near)
	}
	for _, bad := range []float64{-0.1, 0.6, math.NaN()} {
		_, err := audio.Batching{Features: audio.LogMel(8000), Warp: bad}.Batches(list)
		says(t, err, "Warp")
	}
	for _, bad := range []float64{-1, 101, math.NaN()} {
		_, err := audio.Batching{Features: audio.LogMel(8000), Noise: bad}.Batches(list)
		says(t, err, "Noise")
	}
	silent := filepath.Join(t.TempDir(), "silent.wav") // has no ratio
	f, err := os.Create(silent)
	must(t, err)
	must(t, audio.WriteWAV(f, &audio.Sound{Rate: 8000, Channels: 1, Samples: make([]float32, 800)}, audio.PCM16))
	must(t, f.Close())
	b, err := audio.Batching{Features: audio.LogMel(8000), Noise: 10, Warp: 0.1}.Batches([]audio.Clip{{Path: silent}})
	must(t, err)
	if _, ok := b.Next(); !ok {
		t.Error(b.Err())
	}
}
