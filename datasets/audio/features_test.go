package audio_test

import (
	"math"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// What librosa, torchaudio and its Kaldi give, see testdata/record.py.
func librosaFeatures(kind string) audio.Features {
	return audio.Features{Kind: kind, Rate: 16000, Length: 400, Hop: 160, FFT: 512, Window: audio.Hann, Padding: audio.PadZero, Power: 2,
		Filters: 40, Scale: audio.Slaney, EqualArea: true, Log: audio.Decibel, Floor: 1e-10, Coefficients: 13, Lifter: 22, LifterFrom: 1}
}

func with(f audio.Features, change func(*audio.Features)) audio.Features {
	change(&f)
	return f
}

var references = map[string]audio.Features{
	"librosa_magnitude": with(librosaFeatures(audio.KindSpectrum), func(f *audio.Features) { f.Power = 1 }),
	"librosa_mel":       librosaFeatures(audio.KindMel),
	"librosa_decibel":   librosaFeatures(audio.KindLogMel),
	"librosa_mfcc":      librosaFeatures(audio.KindMFCC),
	"librosa_edges": {Kind: audio.KindSpectrum, Rate: 16000, Length: 320, Hop: 160, FFT: 400, Window: audio.Blackman,
		Padding: audio.PadNone, Power: 1},
	"torchaudio_mel": {Kind: audio.KindMel, Rate: 16000, Length: 400, Hop: 200, FFT: 400, Window: audio.Hamming,
		Padding: audio.PadReflect, Power: 2, Filters: 30, Low: 50, High: 7000, Scale: audio.HTK},
	"torchaudio_mfcc": {Kind: audio.KindMFCC, Rate: 16000, Length: 400, Hop: 160, FFT: 512, Window: audio.Hann, Padding: audio.PadReflect,
		PreEmphasis: 0.97, Power: 2, Filters: 26, Scale: audio.HTK, Log: audio.Natural, Offset: 1e-6, Coefficients: 12},
	"kaldi_fbank": audio.KaldiFbank(16000),
	"kaldi_fbank_energy": with(audio.KaldiFbank(16000), func(f *audio.Features) {
		f.Gain, f.Energy, f.EnergyFloor, f.Filters, f.High = 32768, audio.EnergyAppend, 1, 40, -400
	}),
	"kaldi_fbank_late": with(audio.KaldiFbank(16000), func(f *audio.Features) {
		f.Energy, f.RawEnergy, f.Power, f.Window, f.Padding = audio.EnergyAppend, false, 1, audio.Hamming, audio.PadKaldi
	}),
	"kaldi_mfcc": with(audio.KaldiMFCC(16000), func(f *audio.Features) { f.Gain = 32768 }),
	"kaldi_mfcc_energy": with(audio.KaldiMFCC(16000), func(f *audio.Features) {
		f.Gain, f.Energy, f.EnergyFloor, f.Coefficients, f.Filters, f.Padding = 32768, audio.EnergyReplace, 1, 20, 30, audio.PadKaldi
		f.Length, f.FFT, f.Window, f.RemoveMean = 320, 512, audio.Blackman, false
	}),
}

func TestFeaturesAgreeWithLibrosaAndTorchaudio(t *testing.T) {
	for name, f := range references {
		t.Run(name, func(t *testing.T) {
			frames, err := f.Of(glide(2000, 16000))
			must(t, err)
			near(t, name, frames.Values, frames.Width)
		})
	}
}

// Pieces of any size give the frames of the whole, to the bit, and an extractor can be used again.
func TestStreamedFrames(t *testing.T) {
	sound := glide(2000, 16000)
	for name, f := range references {
		f.Dither, f.Seed = 1e-3, 7
		whole, err := f.Of(sound)
		must(t, err)
		e, err := audio.NewExtractor(f)
		must(t, err)
		for _, size := range []int{1, 160, 401} {
			var got []float32
			for at := 0; at < len(sound.Samples); at += size {
				part, err := e.Write(sound.Samples[at:min(at+size, len(sound.Samples))])
				must(t, err)
				got = append(got, part...)
			}
			end, err := e.Flush()
			must(t, err)
			same(t, name, append(got, end...), whole.Values)
		}
	}
}

// An extractor's memory does not grow with the recording.
func TestExtractorForgets(t *testing.T) {
	for name, f := range references {
		e, err := audio.NewExtractor(f)
		must(t, err)
		piece := glide(1000, 16000).Samples
		for range 5 {
			_, err = e.Write(piece)
			must(t, err)
		}
		if n := testing.AllocsPerRun(10, func() {
			for range 4 {
				if _, err := e.Write(piece); err != nil {
					t.Fatal(err)
				}
			}
		}); n > 120 {
			t.Errorf("%s: %g allocations for 4,000 samples", name, n)
		}
		if kept := e.Kept(); kept > 4*f.FFT+1000+f.Hop {
			t.Errorf("%s: %d samples are kept", name, kept)
		}
	}
}

func TestNumberOfFrames(t *testing.T) {
	for _, c := range []struct {
		padding string
		samples int
		want    int
	}{
		{audio.PadNone, 0, 0}, {audio.PadNone, 1, 0}, {audio.PadNone, 399, 0}, {audio.PadNone, 400, 1}, {audio.PadNone, 560, 2},
		{audio.PadKaldi, 1, 0}, {audio.PadKaldi, 80, 1}, {audio.PadKaldi, 240, 2},
		{audio.PadZero, 0, 0}, {audio.PadZero, 1, 1}, {audio.PadZero, 320, 3}, {audio.PadReflect, 257, 2},
	} {
		f := audio.LogMel(16000)
		f.Padding = c.padding
		frames, err := f.Of(glide(c.samples, 16000))
		must(t, err)
		if frames.Steps() != c.want {
			t.Errorf("%s: %d samples give %d frames; want %d", c.padding, c.samples, frames.Steps(), c.want)
		}
	}
}

func TestOddSounds(t *testing.T) {
	f := audio.LogMel(16000)
	silence, err := f.Of(&audio.Sound{Rate: 16000, Channels: 1, Samples: make([]float32, 800)})
	must(t, err)
	for _, v := range silence.Values {
		if v != float32(math.Log(1e-10)) {
			t.Fatalf("silence is %g; want the logarithm of Floor", v)
		}
	}
	bad := glide(800, 16000)
	bad.Samples[500] = float32(math.NaN())
	_, err = f.Of(bad)
	says(t, err, "sample 500 is NaN")
	_, err = f.Of(glide(800, 192000))
	says(t, err, "192000 samples a second", "16000", "Resample")
	f.Padding = audio.PadReflect
	_, err = f.Of(glide(256, 16000))
	says(t, err, "256 samples cannot be mirrored")
	huge := glide(800, 16000)
	for i := range huge.Samples {
		huge.Samples[i] *= 1e37
	}
	g := audio.LogMel(16000)
	g.Kind = audio.KindMel
	_, err = g.Of(huge)
	says(t, err, "too large")
	_, err = f.Of(&audio.Sound{Rate: 16000, Channels: 2, Samples: make([]float32, 8)})
	says(t, err, "2 channels")
	clipped := &audio.Sound{Rate: 16000, Channels: 1, Samples: []float32{1, -1, 0.5, 32767.0 / 32768}}
	if n := clipped.Clipped(); n != 3 {
		t.Errorf("%d clipped samples; want 3", n)
	}
	high, err := audio.LogMel(192000).Of(glide(9600, 192000))
	must(t, err)
	if high.Steps() != 3 {
		t.Errorf("%d frames of 192 kHz; want 3", high.Steps())
	}
}

func TestWrongFeatures(t *testing.T) {
	for word, change := range map[string]func(*audio.Features){
		"Kind":           func(f *audio.Features) { f.Kind = "cepstrum" },
		"rate of -1":     func(f *audio.Features) { f.Rate = -1 },
		"Padding":        func(f *audio.Features) { f.Padding = "" },
		"window":         func(f *audio.Features) { f.Window = "kaiser" },
		"FFT of 300":     func(f *audio.Features) { f.FFT = 300 },
		"prime factors":  func(f *audio.Features) { f.FFT = 2 * 1031 },
		"Filters":        func(f *audio.Features) { f.Filters = 0 },
		"half of Rate":   func(f *audio.Features) { f.High = 9000 },
		"Scale":          func(f *audio.Features) { f.Scale = "bark" },
		"Log":            func(f *audio.Features) { f.Log = "log2" },
		"infinite":       func(f *audio.Features) { f.Floor = 0 },
		"Coefficients":   func(f *audio.Features) { f.Kind, f.Coefficients = audio.KindMFCC, 81 },
		"Energy":         func(f *audio.Features) { f.Energy = "first" },
		"PreEmphasis":    func(f *audio.Features) { f.PreEmphasis = math.NaN() },
		"0 or 1":         func(f *audio.Features) { f.Kind, f.Coefficients, f.LifterFrom = audio.KindMFCC, 3, 2 },
		"every 0":        func(f *audio.Features) { f.Hop = 0 },
		"EnergyFloor":    func(f *audio.Features) { f.EnergyFloor = -1 },
		"Dither of +Inf": func(f *audio.Features) { f.Dither = math.Inf(1) },
	} {
		_, err := audio.NewExtractor(with(audio.LogMel(16000), change))
		says(t, err, word)
	}
}

func TestWindows(t *testing.T) {
	for _, kind := range []string{audio.Hann, audio.Hamming, audio.Blackman, audio.Bartlett} {
		var got []float32
		for _, symmetric := range []bool{false, true} {
			w, err := audio.Window(kind, 11, symmetric)
			must(t, err)
			for _, v := range w {
				got = append(got, float32(v))
			}
		}
		near(t, "window_"+kind, got, 11)
	}
}
