package audio_test

import (
	"math"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/audio"
)

// passes are the batches of some passes.
func passes(t *testing.T, o audio.Batching, list []audio.Clip, n int) []*datasets.Batch {
	b, err := o.Batches(list)
	must(t, err)
	var out []*datasets.Batch
	for epoch := range n {
		b.SetEpoch(epoch)
		for one, ok := b.Next(); ok; one, ok = b.Next() {
			out = append(out, one)
		}
		must(t, b.Err())
	}
	return out
}

// What is kept changes no bit: with room for all, for some and for none, and where each pass hears something else. One file may stand in
// several lines.
func TestCacheChangesNoBits(t *testing.T) {
	list := clips(t, 800, 400, 1600, 810, 420, 1700)
	list = append(list, list[2], list[4])
	masks := audio.SpecAugment{TimeMasks: 1, TimeWidth: 4, FrequencyMasks: 1, FrequencyWidth: 9}
	for name, o := range map[string]audio.Batching{
		"recordings": {Normalise: true, Augment: masks},
		"corpus":     {Statistics: &audio.Statistics{Count: 2, Sums: make([]float64, 80), Squares: ones(80)}},
		"as it is":   {},
		"speeds":     {Speeds: []float64{0.9, 1.1}, Augment: masks},
		"warp":       {Warp: 0.2},
		"noise":      {Noise: 10},
	} {
		o.Features, o.Size, o.Shuffle, o.Seed = audio.LogMel(8000), 3, true, 5
		want := passes(t, o, list, 3)
		for _, bytes := range []int64{0, 4000, 1 << 20} {
			o.Cache = audio.NewCache(bytes)
			if !reflect.DeepEqual(passes(t, o, list, 3), want) {
				t.Errorf("%s, %d bytes: other batches", name, bytes)
			}
			if kept := o.Cache.Taken(); kept > bytes {
				t.Errorf("%s: %d bytes are kept; want at most %d", name, kept, bytes)
			} else if varied := name == "speeds" || name == "warp" || name == "noise"; kept > 0 == (varied || bytes == 0) {
				t.Errorf("%s: %d bytes of %d are kept", name, kept, bytes)
			}
		}
	}
}

func ones(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

// Frames of the cache are the caller's, of the features that were asked for, and those of the file as it is now.
func TestCacheHear(t *testing.T) {
	path := clips(t, 1600)[0].Path
	want := func(f audio.Features) []float32 {
		t.Helper()
		sound, err := audio.Open(path)
		must(t, err)
		frames, err := f.Hear(sound)
		must(t, err)
		return frames.Values
	}
	c := audio.NewCache(1 << 20)
	for _, f := range []audio.Features{audio.LogMel(8000), audio.MFCC(16000), audio.LogMel(8000)} {
		for range 2 {
			frames, long, err := c.Hear(f, path)
			must(t, err)
			same(t, "frames", frames.Values, want(f))
			if long != 200*time.Millisecond {
				t.Errorf("%v; want 200 ms", long)
			}
			clear(frames.Values)
		}
	}
	before := c.Taken()
	must(t, os.Rename(clips(t, 2400)[0].Path, path))
	frames, long, err := c.Hear(audio.LogMel(8000), path)
	must(t, err)
	same(t, "frames of the file that took its place", frames.Values, want(audio.LogMel(8000)))
	if grown := c.Taken() - before; long != 300*time.Millisecond || grown != 4*10*80 {
		t.Errorf("%v, %d bytes more; want 300 ms and those of ten frames", long, grown)
	}
	must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, data[:100], 0o644))
	_, _, err = c.Hear(audio.LogMel(8000), path)
	says(t, err, path, "ends")
	must(t, os.Remove(path))
	_, _, err = c.Hear(audio.LogMel(8000), path)
	says(t, err, path, "no such file")
	_, _, err = c.Hear(audio.Features{}, path)
	says(t, err, "audio:")
	_, _, err = new(audio.Cache).Hear(audio.LogMel(8000), path)
	says(t, err, path)
}

// A recording that is not as long as a window has no frames, and is remembered as such.
func TestCacheOfNothing(t *testing.T) {
	c, path := audio.NewCache(1<<20), clips(t, 10)[0].Path
	for range 2 {
		frames, _, err := c.Hear(audio.LogMel(8000), path)
		if err != nil || frames.Steps() != 0 {
			t.Errorf("%d frames, %v; want none", frames.Steps(), err)
		}
	}
}

// Features of which a field is no number, even one that they do not use, are refused: nothing could be found again under them.
func TestCacheOfNaN(t *testing.T) {
	path := clips(t, 1600)[0].Path
	for name, f := range map[string]*audio.Features{"Low": {Low: math.NaN()}, "High": {High: math.NaN()}, "Warp": {Warp: math.NaN()}} {
		spectrum := audio.LogMel(8000)
		spectrum.Kind, spectrum.Low, spectrum.High, spectrum.Warp = audio.KindSpectrum, f.Low, f.High, f.Warp
		_, _, err := audio.NewCache(1<<20).Hear(spectrum, path)
		says(t, err, "audio: Features with a "+name+" of NaN")
	}
}
