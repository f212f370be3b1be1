package models_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/recurrent/models"
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
			add(1200, 0)
		}
		add(160, 0)
	}
	add(400+r.IntN(400), 0)
	return s
}

// song writes recordings of random words of a, b and c, and lists them.
func song(t testing.TB, n int, texts func(r *rand.Rand) string) models.Recordings {
	t.Helper()
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(7, 7))
	out := models.Recordings{Name: "song.tsv"}
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

func words(r *rand.Rand) string {
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

func small(decoder string, oneWay bool) models.Config {
	c := models.Defaults(models.KindRecogniser)
	c.Layers, c.Hidden, c.Epochs, c.Dropout, c.Batch, c.OneWay = 1, 24, 12, 0, 8, oneWay
	c.Speech.Mels, c.Speech.Decoder, c.Speech.Subsample, c.Rate = 16, decoder, 4, 0.01
	c.Speech.TimeMasks, c.Speech.FrequencyMasks = 0, 0
	return c
}

// recogniser is one that has learnt a song by heart, for its decoder and its ways.
func recogniser(t testing.TB, c models.Config) (*models.Recogniser, models.Recordings) {
	t.Helper()
	r := song(t, 48, words)
	m, err := models.NewRecogniser(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), r, r.Pick([]int{0, 1, 2, 3}), models.Run{}); err != nil {
		t.Fatal(err)
	}
	return m, r
}

func TestRecogniserLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	for name, c := range map[string]models.Config{
		"ctc": small(models.DecoderCTC, false), "ctc, forward": small(models.DecoderCTC, true),
		"transducer": small(models.DecoderTransducer, false), "transducer, forward": small(models.DecoderTransducer, true),
	} {
		t.Run(name, func(t *testing.T) {
			c.Epochs = 40
			m, r := recogniser(t, c)
			for _, beam := range []int{1, 4} {
				e, err := m.Evaluate(r, models.Transcribing{Beam: beam})
				if err != nil {
					t.Fatal(err)
				}
				t.Log(beam, e.Words.Rate(), e.Characters.Rate(), e.Loss, e.Found[:4], r.Texts()[:4])
				if !(e.Characters.Rate() < 0.1) {
					t.Errorf("beam %d: character error rate %g; found %q of %q", beam, e.Characters.Rate(), e.Found[:4], r.Texts()[:4])
				}
			}
		})
	}
}

// A stream in pieces of any size writes what the whole has, to the bit; words have times that increase.
func TestRecogniserStream(t *testing.T) {
	for _, decoder := range []string{models.DecoderCTC, models.DecoderTransducer} {
		for _, oneWay := range []bool{true, false} {
			c := small(decoder, oneWay)
			c.Epochs = 4
			m, r := recogniser(t, c)
			for _, beam := range []int{1, 3} {
				o := models.Transcribing{Beam: beam, Pause: 0.2}
				sound := sung("abc ba  c", 99)
				want, err := m.Transcribe(sound, o)
				if err != nil {
					t.Fatal(err)
				}
				for _, size := range []int{1, 79, 800, 1 << 20} {
					s, err := m.Stream(sound.Rate, o)
					if err != nil {
						t.Fatal(err)
					}
					var got []models.Segment
					for rest := sound.Samples; len(rest) > 0; {
						n := min(size, len(rest))
						found, err := s.Write(rest[:n])
						if err != nil {
							t.Fatal(err)
						}
						if _, err := s.Partial(); err != nil {
							t.Fatal(err)
						}
						got, rest = append(got, found...), rest[n:]
					}
					found, err := s.Close()
					if err != nil {
						t.Fatal(err)
					}
					if got = append(got, found...); !reflect.DeepEqual(got, want.Segments) {
						t.Errorf("%s, forward %v, beam %d, pieces of %d: %v; want %v", decoder, oneWay, beam, size, got, want.Segments)
					}
				}
			}
			_ = r
		}
	}
}
