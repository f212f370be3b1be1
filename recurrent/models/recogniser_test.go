package models

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// Tones stand for letters: a of 300 Hz, b of 900 Hz, c of 2000 Hz, each 120 ms long, with silence between words.
const toneRate = 8000

// sung is the sound of a text of the letters a, b and c, and blanks, with a little noise.
func sung(text string, seed uint64) *audio.Sound {
	s := &audio.Sound{Rate: toneRate, Channels: 1}
	r := rand.New(rand.NewPCG(seed, 1))
	add := func(n int, hz float64) {
		for i := range n {
			rise := math.Sin(math.Pi * float64(i) / float64(n))
			v := 0.01 * r.NormFloat64()
			if hz > 0 {
				v += 0.3 * rise * math.Sin(2*math.Pi*hz*float64(i)/toneRate)
			}
			s.Samples = append(s.Samples, float32(v))
		}
	}
	add(400+r.IntN(400), 0)
	for _, c := range text {
		switch c {
		case 'a':
			add(960, 300)
		case 'b':
			add(960, 900)
		case 'c':
			add(960, 2000)
		default:
			add(2400, 0)
		}
		add(160, 0)
	}
	add(400+r.IntN(400), 0)
	return s
}

// song writes recordings of random words of a, b and c, and lists them.
func song(t testing.TB, n int, texts func(r *rand.Rand) string) Recordings {
	t.Helper()
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(7, 7))
	out := Recordings{Name: "song.tsv"}
	for i := range n {
		text := texts(r)
		path := filepath.Join(folder, fmt.Sprint(i, ".wav"))
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := audio.WriteWAV(f, sung(text, uint64(i)), audio.PCM16); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		out.Clips = append(out.Clips, audio.Clip{Path: path, Text: text, Line: i + 1})
	}
	return out
}

func sungWords(r *rand.Rand) string {
	var out []string
	for range 1 + r.IntN(3) {
		word := ""
		for range 1 + r.IntN(3) {
			word += string("abc"[r.IntN(3)])
		}
		out = append(out, word)
	}
	return strings.Join(out, " ")
}

func hearingConfig(decoder string, oneWay bool) Config {
	c := Defaults(KindRecogniser)
	c.Layers, c.Hidden, c.Epochs, c.Dropout, c.Batch, c.OneWay = 1, 24, 12, 0, 8, oneWay
	c.Speech.Mels, c.Speech.Decoder, c.Speech.Subsample, c.Rate = 16, decoder, 4, 0.01
	c.Speech.TimeMasks, c.Speech.FrequencyMasks = 0, 0
	return c
}

// recogniser is one that has learnt a song by heart, for its decoder and its ways.
func recogniser(t testing.TB, c Config) (*Recogniser, Recordings) {
	t.Helper()
	r := song(t, 48, sungWords)
	m, err := NewRecogniser(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), r, r.Pick([]int{0, 1, 2, 3}), Run{}); err != nil {
		t.Fatal(err)
	}
	return m, r
}

func TestRecogniserLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	for name, c := range map[string]Config{
		"ctc": hearingConfig(DecoderCTC, false), "ctc, forward": hearingConfig(DecoderCTC, true),
		"transducer": hearingConfig(DecoderTransducer, false), "transducer, forward": hearingConfig(DecoderTransducer, true),
	} {
		t.Run(name, func(t *testing.T) {
			c.Epochs, c.Patience = 60, 0 // after 40, a transducer's greedy search still misses a letter in ten
			r := song(t, 48, func(r *rand.Rand) string { return strings.ReplaceAll(sungWords(r), " ", "") })
			m, err := NewRecogniser(c, r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Fit(context.Background(), r, r.Pick([]int{0, 1, 2, 3}), Run{}); err != nil {
				t.Fatal(err)
			}
			for _, beam := range []int{1, 4} {
				e, err := m.Evaluate(context.Background(), r, Transcribing{Beam: beam})
				if err != nil {
					t.Fatal(err)
				}
				if !(e.Characters.Rate() < 0.1) {
					t.Errorf("beam %d: character error rate %g; found %q of %q", beam, e.Characters.Rate(), e.Found[:4], r.Texts()[:4])
				}
			}
		})
	}
}

// A training that is stopped and resumed ends with the bits of one that was not, and its file has the model.
func TestRecogniserResumesToTheBit(t *testing.T) {
	for _, decoder := range Decoders() {
		c := hearingConfig(decoder, true)
		c.Epochs, c.Dropout, c.Patience, c.Speech.TimeMasks, c.Speech.FrequencyMasks, c.Speech.Speed = 3, 0.3, 2, 1, 1, 0.1
		r := song(t, 40, sungWords)
		if decoder == DecoderLabel {
			r = song(t, 40, func(r *rand.Rand) string { return []string{"a", "b", "abc"}[r.IntN(3)] })
		}
		fresh := func() *Recogniser {
			m, err := NewRecogniser(c, r)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		fit, valid, _, err := r.Split(0.2, 0)
		if err != nil {
			t.Fatal(err)
		}
		whole := fresh()
		if _, err := whole.Fit(context.Background(), fit, valid, Run{}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "m")
		l, err := fresh().Loop(fit, valid, Run{Checkpoint: path})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		l.Observers = append(l.Observers, stopAt(6, stop))
		_, err = l.Run(ctx)
		stop()
		if err == nil {
			t.Fatal("it was not stopped")
		}
		back, err := LoadRecogniser(path)
		if err != nil || !back.Trained() {
			t.Fatal(err)
		}
		if _, err := back.Resume(context.Background(), fit, valid, Run{}); err != nil {
			t.Fatal(err)
		}
		same(t, "resumed", whole.Params(), back.Params())
		want, err := whole.Evaluate(context.Background(), r, Transcribing{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := back.Evaluate(context.Background(), r, Transcribing{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) || want.Recordings != 40 || !(want.Loss > 0) {
			t.Errorf("%s: %+v; want %+v", decoder, got, want)
		}
	}
}

// Keywords: each recording has one label.
func TestRecogniserOfLabels(t *testing.T) {
	c := hearingConfig(DecoderLabel, false)
	c.Epochs, c.Pool = 25, "max"
	r := song(t, 48, func(r *rand.Rand) string { return []string{"a", "b", "c"}[r.IntN(3)] })
	m, err := NewRecogniser(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), r, Recordings{}, Run{}); err != nil {
		t.Fatal(err)
	}
	e, err := m.Evaluate(context.Background(), r, Transcribing{})
	if err != nil || e.Confusion.Accuracy() < 0.95 {
		t.Fatalf("%v, %v", e.Confusion, err)
	}
	got, err := m.Transcribe(context.Background(), sung("b", 1000), Transcribing{})
	if err != nil || got.Label != "b" || got.Text != "b" || !(got.Probability > 0.5) || got.Segments != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := m.Stream(8000, Transcribing{}); err == nil || !strings.Contains(err.Error(), "one label") {
		t.Errorf("%v", err)
	}
	if m.Tokenizer() != nil || !reflect.DeepEqual(m.Labels(), []string{"a", "b", "c"}) {
		t.Errorf("%v %q", m.Tokenizer(), m.Labels())
	}
	strange := Recordings{Clips: []audio.Clip{r.Clips[0]}, Name: "strange.tsv"}
	strange.Clips[0].Text = "z"
	if e, err := m.Evaluate(context.Background(), strange, Transcribing{}); err != nil || e.Confusion.Accuracy() != 0 {
		t.Errorf("%v, %v", e, err)
	}
}

// Sounds that are odd are heard, or refused by what is wrong with them.
func TestRecogniserOddSounds(t *testing.T) {
	m, err := NewRecogniser(hearingConfig(DecoderCTC, true), song(t, 10, sungWords))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	sound := func(rate, channels int, samples []float32) *audio.Sound {
		return &audio.Sound{Rate: rate, Channels: channels, Samples: samples}
	}
	loud := sung("abc", 3)
	for i := range loud.Samples {
		loud.Samples[i] = float32(math.Copysign(1, float64(loud.Samples[i])))
	}
	for name, s := range map[string]*audio.Sound{
		"silence": sound(8000, 1, make([]float32, 8000)), "192 kHz": sound(192000, 1, make([]float32, 96000)),
		"clipped": loud, "stereo": sound(8000, 2, make([]float32, 8000)), "one window": sound(8000, 1, make([]float32, 200)),
	} {
		if _, err := m.Transcribe(ctx, s, Transcribing{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	nan := make([]float32, 8000)
	nan[777] = float32(math.NaN())
	for want, s := range map[string]*audio.Sound{
		"a sound of 1 samples is too short; want a window of 200 at least": sound(8000, 1, make([]float32, 1)),
		"a sound of 0 samples is too short":                                sound(8000, 1, nil),
		"sample 777":                                                       sound(8000, 1, nan),
		"want a sound with a rate":                                         sound(0, 1, make([]float32, 8000)),
		"as many samples of each":                                          sound(8000, 2, make([]float32, 7999)),
		"want a sound":                                                     nil,
	} {
		if _, err := m.Transcribe(ctx, s, Transcribing{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := m.Transcribe(cancelled, loud, Transcribing{}); err == nil {
		t.Error("a cancelled context transcribes")
	}
	for want, o := range map[string]Transcribing{"Beam -1": {Beam: -1}, "Pause -1": {Pause: -1}, "Pause NaN": {Pause: math.NaN()}} {
		if _, err := m.Stream(8000, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	s, err := m.Stream(8000, Transcribing{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(nan); err == nil {
		t.Fatal("NaN is heard")
	}
	if _, err := s.Write(make([]float32, 8000)); err == nil || !strings.Contains(err.Error(), "sample 777") {
		t.Errorf("after an error: %v", err)
	}
	var none *RecogniserStream
	if _, err := none.Write(nil); err == nil {
		t.Error("a stream that there is not hears")
	}
}

// What cannot be trained on is refused by name.
func TestRecogniserRefuses(t *testing.T) {
	r := song(t, 6, sungWords)
	ctx := context.Background()
	empty := filepath.Join(t.TempDir(), "empty.wav")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(t.TempDir(), "short.wav")
	f, err := os.Create(short)
	if err != nil {
		t.Fatal(err)
	}
	if err := audio.WriteWAV(f, &audio.Sound{Rate: 8000, Channels: 1, Samples: make([]float32, 100)}, audio.PCM16); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	with := func(path, text string) Recordings {
		out := r.Pick([]int{0, 1, 2})
		out.Clips = append(out.Clips, audio.Clip{Path: path, Text: text, Line: 9})
		return out
	}
	for want, r := range map[string]Recordings{
		"there are no recordings":                          {},
		"song.tsv, line 9: audio: ":                        with(empty, "a"),
		"no such file":                                     with(short+"x", "a"),
		"song.tsv, line 9: " + short + " is too short":     with(short, "a"),
		"the text of " + r.Clips[4].Path + " does not fit": with(r.Clips[4].Path, strings.Repeat("abcabcabca", 20)),
	} {
		m, err := NewRecogniser(hearingConfig(DecoderCTC, true), r)
		if err == nil {
			_, err = m.Fit(ctx, r, r, Run{})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	for want, change := range map[string]func(*Config){
		`Config.Speech.Decoder "las"; want ctc, transducer or label`: func(c *Config) { c.Speech.Decoder = "las" },
		"Config.Speech.Subsample 3; want 1, 2, 4 or 8":               func(c *Config) { c.Speech.Subsample = 3 },
		"Config.Speech.Mels -1; want 1 to 512":                       func(c *Config) { c.Speech.Mels = -1 },
		"Config.Speech.SampleRate 10":                                func(c *Config) { c.Speech.SampleRate = 10 },
		`Config.Speech.Normalise "recording"; want "corpus"`:         func(c *Config) { c.Speech.Normalise = NormaliseRecording },
		"Config.Speech.Speed 0.9; want 0 to 0.5":                     func(c *Config) { c.Speech.Speed = 0.9 },
		"Config.Seq 5; want none":                                    func(c *Config) { c.Seq = 5 },
		`Config.Cell "grud"; want another`:                           func(c *Config) { c.Cell = "grud" },
	} {
		c := hearingConfig(DecoderCTC, true)
		change(&c)
		if _, err := NewRecogniser(c, r); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "; want 0:", "; want none:"), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	var none Recogniser
	if _, err := none.Transcribe(ctx, sung("a", 1), Transcribing{}); err == nil || !strings.Contains(err.Error(), "there is no model") {
		t.Errorf("%v", err)
	}
}

// Any number of goroutines hear at once.
func TestRecogniserTogether(t *testing.T) {
	for _, oneWay := range []bool{true, false} {
		m, err := NewRecogniser(hearingConfig(DecoderCTC, oneWay), song(t, 10, sungWords))
		if err != nil {
			t.Fatal(err)
		}
		sounds := []*audio.Sound{sung("abc", 1), sung("c b a", 2), sung("a", 3), sung("bb cc", 4)}
		var want []*Transcript
		for _, s := range sounds {
			one, err := m.Transcribe(context.Background(), s, Transcribing{})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, one)
		}
		var all sync.WaitGroup
		for k := range 8 {
			all.Go(func() {
				got, err := m.Transcribe(context.Background(), sounds[k%4], Transcribing{})
				if err != nil || !reflect.DeepEqual(got, want[k%4]) {
					t.Errorf("%v, %v; want %v", got, err, want[k%4])
				}
			})
		}
		all.Wait()
	}
}
