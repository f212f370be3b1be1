package audio_test

import (
	"math"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// Limit agrees with librosa's power_to_db with top_db=30, in either logarithm.
func TestLimit(t *testing.T) {
	f := librosaFeatures(audio.KindLogMel)
	frames, err := f.Of(glide(2000, 16000))
	must(t, err)
	must(t, f.Limit(frames, 30))
	near(t, "librosa_top_db", frames.Values, 40)
	f.Log = audio.Natural
	logs, err := f.Of(glide(2000, 16000))
	must(t, err)
	must(t, f.Limit(logs, 30))
	for i, v := range logs.Values {
		if math.Abs(float64(v)*10/math.Ln10-float64(frames.Values[i])) > 1e-4 {
			t.Fatalf("value %d is %g; want %g dB", i, v, frames.Values[i])
		}
	}
	must(t, f.Limit(&audio.Frames{Width: 3}, 30)) // no frames
	one := &audio.Frames{Width: 1, Values: []float32{-5}}
	must(t, f.Limit(one, 30))
	same(t, "one value", one.Values, []float32{-5})
	says(t, f.Limit(&audio.Frames{}, 30), "frames of 0")
	says(t, f.Limit(nil, 30), "no frames")
	says(t, audio.MFCC(8000).Limit(frames, 30), `kind "mfcc"; want "log-mel"`)
	for _, bad := range []float64{-1, 0, 9, 201, math.NaN()} {
		says(t, f.Limit(frames, bad), "want 10 to 200")
	}
}

// Batches limit each recording before it is normalised.
func TestBatchesLimit(t *testing.T) {
	f := audio.LogMel(8000)
	list := clips(t, 1600)
	b, err := audio.Batching{Features: f, Range: 15, Normalise: true}.Batches(list)
	must(t, err)
	got, ok := b.Next()
	if !ok {
		t.Fatal(b.Err())
	}
	sound, err := audio.Open(list[0].Path)
	must(t, err)
	frames, err := f.Of(sound)
	must(t, err)
	unlimited := slices.Clone(frames.Values)
	must(t, f.Limit(frames, 15))
	if slices.Equal(unlimited, frames.Values) {
		t.Error("there is nothing to limit")
	}
	must(t, frames.Normalise(true))
	same(t, "frames", got.Values, frames.Values)
	for _, bad := range []float64{-1, 9, 201, math.NaN()} {
		_, err := audio.Batching{Features: f, Range: bad}.Batches(list)
		says(t, err, "want 10 to 200")
	}
	_, err = audio.Batching{Features: audio.MFCC(8000), Range: 30}.Batches(list)
	says(t, err, `want "log-mel"`)
}
