package audio_test

import (
	"fmt"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

func TestResamplingAgreesWithTorchaudio(t *testing.T) {
	for _, c := range [][2]int{{16000, 8000}, {8000, 16000}, {44100, 16000}, {11025, 16000}, {192000, 16000}} {
		sound := glide(1500, c[0])
		whole, err := sound.Resample(c[1])
		must(t, err)
		near(t, fmt.Sprintf("resample_%d_%d", c[0], c[1]), whole.Samples, 1)
		r, err := audio.NewResampler(c[0], c[1])
		must(t, err)
		for _, size := range []int{1, 13, 700} {
			var got []float32
			for at := 0; at < 1500; at += size {
				part, err := r.Write(sound.Samples[at:min(at+size, 1500)])
				must(t, err)
				got = append(got, part...)
			}
			end, err := r.Flush()
			must(t, err)
			same(t, fmt.Sprint(c, " in pieces of ", size), append(got, end...), whole.Samples)
		}
	}
}

func TestSpeed(t *testing.T) {
	fast, err := glide(1200, 8000).Speed(1.1)
	must(t, err)
	near(t, "speed", fast.Samples, 1)
	_, err = fast.Speed(0)
	says(t, err, "Speed of 0")
}

func TestOddResampling(t *testing.T) {
	one, err := glide(1, 16000).Resample(16000)
	must(t, err)
	same(t, "the same rate", one.Samples, glide(1, 16000).Samples)
	if none, err := glide(0, 16000).Resample(8000); err != nil || none.Steps() != 0 {
		t.Errorf("no samples: %d, %v", none.Steps(), err)
	}
	if one, err := glide(1, 16000).Resample(44100); err != nil || one.Steps() != 3 {
		t.Errorf("one sample: %d, %v", one.Steps(), err)
	}
	_, err = audio.NewResampler(0, 16000)
	says(t, err, "rate of 0")
	_, err = audio.NewResampler(4194303, 4194301)
	says(t, err, "common divisor")
	stereo := &audio.Sound{Rate: 8000, Channels: 2, Samples: []float32{1, 0, 1, 0, 1, 0, 1, 0}}
	two, err := stereo.Resample(16000)
	must(t, err)
	for i := 1; i < len(two.Samples); i += 2 {
		if two.Samples[i] != 0 {
			t.Fatal("the silent channel sounds")
		}
	}
}

func TestChannels(t *testing.T) {
	s := &audio.Sound{Rate: 8000, Channels: 2, Samples: []float32{1, 3, -1, 5}}
	same(t, "Mono", s.Mono().Samples, []float32{2, 2})
	m, err := s.Mix([][]float64{{0, 1}, {1, 0}, {1, -1}})
	must(t, err)
	same(t, "Mix", m.Samples, []float32{3, 1, -2, 5, -1, -6})
	_, err = s.Mix([][]float64{{1}})
	says(t, err, "1 weights", "2 channels")
}
