package models

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// A model with a range hears the same in a silent room and in one with a little noise.
func TestRecogniserRange(t *testing.T) {
	c := hearingConfig(DecoderLabel, false)
	c.Epochs, c.Speech.Normalise, c.Speech.Range = 1, NormaliseRecording, 20
	r := song(t, 12, func(r *rand.Rand) string { return []string{"a", "b", "c"}[r.IntN(3)] })
	m, err := NewRecogniser(c, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), r, Recordings{}, Run{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := read.Config(); got.Speech.Range != 20 {
		t.Errorf("%+v", got.Speech)
	}
	tone := func(noise float64) *audio.Sound {
		s := &audio.Sound{Rate: toneRate, Channels: 1}
		r := rand.New(rand.NewPCG(3, 3))
		for i := range 6000 {
			v := noise * r.NormFloat64()
			if i >= 1600 && i < 4600 {
				v = 0.3 * math.Sin(2*math.Pi*900*float64(i)/toneRate)
			}
			s.Samples = append(s.Samples, float32(v))
		}
		return s
	}
	want, err := read.(*Recogniser).Transcribe(context.Background(), tone(0), Transcribing{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Transcribe(context.Background(), tone(1e-4), Transcribing{})
	if err != nil || got.Label != want.Label || math.Abs(got.Probability-want.Probability) > 1e-4 {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for want, change := range map[string]func(*Config){
		"Config.Speech.Range 500; want 10 to 200 decibels":  func(c *Config) { c.Speech.Range = 500 },
		`Config.Speech.Range 20; want 0, or Normalise "rec`: func(c *Config) { c.Speech.Normalise = NormaliseCorpus },
		"Config.Speech.Range NaN; want 10 to 200 decibels":  func(c *Config) { c.Speech.Range = math.NaN() },
	} {
		c := c
		change(&c)
		if _, err := NewRecogniser(c, r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if wider, err := m.With(func(c Config) Config { c.Speech.Range = 40; return c }(m.Config())); err == nil {
		t.Errorf("%+v: a model of another range is the same", wider.Config().Speech)
	}
}
