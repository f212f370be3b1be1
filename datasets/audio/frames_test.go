package audio_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

func recordedFrames(t *testing.T) *audio.Frames {
	values, shape := recorded(t, "frames")
	f := &audio.Frames{Width: shape[1]}
	for _, v := range values {
		f.Values = append(f.Values, float32(v))
	}
	return f
}

func TestDeltas(t *testing.T) {
	d, err := recordedFrames(t).Deltas(3)
	must(t, err)
	near(t, "deltas", d.Values, d.Width)
	both, err := recordedFrames(t).Beside(d)
	must(t, err)
	if both.Width != 6 || both.Steps() != 50 || both.Values[6+3] != d.Values[3] {
		t.Errorf("%d features in %d frames", both.Width, both.Steps())
	}
	_, err = d.Beside(&audio.Frames{Width: 1, Values: []float32{1}})
	says(t, err, "50 frames", "has 1")
}

func TestSlidingNormalisation(t *testing.T) {
	frames := recordedFrames(t)
	for _, centre := range []bool{false, true} {
		for _, variance := range []bool{false, true} {
			s := audio.Sliding{Window: 12, Centre: centre, Least: 5, Variance: variance}
			whole, err := s.Normalise(frames)
			must(t, err)
			near(t, "sliding_"+map[bool]string{false: "0", true: "1"}[centre]+map[bool]string{false: "0", true: "1"}[variance], whole.Values, 3)
			var got []float32
			for at := 0; at < 50; at += 4 {
				part, err := s.Write(&audio.Frames{Width: 3, Values: frames.Values[at*3 : min(at+4, 50)*3]})
				must(t, err)
				got = append(got, part.Values...)
			}
			end, err := s.Flush()
			must(t, err)
			same(t, fmt.Sprint("pieces ", centre, variance), append(got, end.Values...), whole.Values)
		}
	}
}

func TestWholeNormalisation(t *testing.T) {
	f := recordedFrames(t)
	var all audio.Statistics
	must(t, all.Add(&audio.Frames{Width: 3, Values: f.Values[:30]}))
	must(t, all.Add(&audio.Frames{Width: 3, Values: f.Values[30:]}))
	apart := &audio.Frames{Width: 3, Values: slices.Clone(f.Values)}
	must(t, all.Apply(apart, true))
	must(t, f.Normalise(true))
	same(t, "in two parts", apart.Values, f.Values)
	for j := range 3 {
		sum, square := 0.0, 0.0
		for i := j; i < len(f.Values); i += 3 {
			sum += float64(f.Values[i])
			square += float64(f.Values[i]) * float64(f.Values[i])
		}
		if math.Abs(sum/50) > 1e-6 || math.Abs(square/50-1) > 1e-5 {
			t.Errorf("feature %d has mean %g and variance %g", j, sum/50, square/50)
		}
	}
	still := &audio.Frames{Width: 1, Values: []float32{3, 3, 3}}
	must(t, still.Normalise(true))
	same(t, "what does not vary", still.Values, []float32{0, 0, 0})
	says(t, all.Apply(still, true), "frames of 1")
}

// A sound of two channels at another rate is heard as its mean is, resampled.
func TestFeaturesHear(t *testing.T) {
	both := &audio.Sound{Rate: 11025, Channels: 2}
	for i, v := range glide(3000, 11025).Samples {
		both.Samples = append(both.Samples, v, float32(i%3))
	}
	mono, err := both.Mono().Resample(8000)
	must(t, err)
	want, err := audio.LogMel(8000).Of(mono)
	must(t, err)
	got, err := audio.LogMel(8000).Hear(both)
	must(t, err)
	same(t, "the mean of two channels", got.Values, want.Values)
	_, err = audio.LogMel(8000).Hear(nil)
	says(t, err, "no sound")
	both.Samples = both.Samples[1:]
	_, err = audio.LogMel(8000).Hear(both)
	says(t, err, "2 channels")
}

func TestSpecAugment(t *testing.T) {
	a := audio.SpecAugment{TimeMasks: 2, TimeWidth: 10, TimeShare: 0.1, FrequencyMasks: 1, FrequencyWidth: 2}
	begin := recordedFrames(t)
	hidden := 0
	for seed := range uint64(20) {
		one, two := recordedFrames(t), recordedFrames(t)
		must(t, a.Apply(one, seed))
		must(t, a.Apply(two, seed))
		same(t, "the same seed", one.Values, two.Values)
		rows := 0
		for r := range 50 {
			if !slices.Equal(one.Values[3*r:3*r+3], begin.Values[3*r:3*r+3]) {
				rows++
			}
		}
		if rows > 0 && rows < 50 && rows > 2*5 {
			t.Errorf("%d frames are hidden; want at most two stretches of 5", rows)
		}
		hidden += rows
	}
	if hidden == 0 {
		t.Error("nothing is hidden")
	}
	untouched := recordedFrames(t)
	must(t, audio.SpecAugment{}.Apply(untouched, 1))
	same(t, "no masks", untouched.Values, begin.Values)
}

func TestAddNoise(t *testing.T) {
	const seed = 5
	noise := &audio.Sound{Rate: 16000, Channels: 1, Samples: make([]float32, 2000)}
	at := rand.New(rand.NewPCG(seed, 2)).IntN(2000)
	for i := range noise.Samples {
		noise.Samples[(i+at)%2000] = float32(math.Cos(float64(i) * 1.3))
	}
	got, err := glide(2000, 16000).AddNoise(noise, 7, seed)
	must(t, err)
	near(t, "noise", got.Samples, 1)
	_, err = glide(2000, 16000).AddNoise(&audio.Sound{Rate: 16000, Channels: 1, Samples: make([]float32, 3)}, 7, seed)
	says(t, err, "silent")
	white, err := audio.WhiteNoise(8000, 4, 1)
	must(t, err)
	_, err = glide(20, 16000).AddNoise(white, 7, seed)
	says(t, err, "8000", "16000")
}
