package audio_test

import (
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// benchFeatures are those of the command's recogniser.
func benchFeatures() audio.Features {
	f := audio.LogMel(16000)
	f.Filters = 40
	return f
}

// Two seconds of sound become frames.
func BenchmarkHear(b *testing.B) {
	for name, rate := range map[string]int{"16kHz": 16000, "44.1kHz": 44100} {
		b.Run(name, func(b *testing.B) {
			sound, f := glide(2*rate, rate), benchFeatures()
			b.ReportAllocs()
			for range b.N {
				if _, err := f.Hear(sound); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A pass over sixteen recordings of two seconds.
func BenchmarkPass(b *testing.B) {
	var steps []int
	for i := range 16 {
		steps = append(steps, 32000+100*i)
	}
	list := clipsAt(b, 16000, steps...)
	augment := audio.SpecAugment{TimeMasks: 2, TimeWidth: 25, FrequencyMasks: 2, FrequencyWidth: 8}
	for name, o := range map[string]audio.Batching{
		"read":  {Features: benchFeatures(), Normalise: true, Augment: augment, Size: 8},
		"warp":  {Features: benchFeatures(), Normalise: true, Augment: augment, Size: 8, Warp: 0.1},
		"cache": {Features: benchFeatures(), Normalise: true, Augment: augment, Size: 8, Cache: audio.NewCache(1 << 30)},
	} {
		b.Run(name, func(b *testing.B) {
			source, err := o.Batches(list)
			must(b, err)
			b.ReportAllocs()
			for i := range b.N {
				source.SetEpoch(i)
				for _, ok := source.Next(); ok; _, ok = source.Next() {
				}
				must(b, source.Err())
			}
			b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "recordings/s")
		})
	}
}
