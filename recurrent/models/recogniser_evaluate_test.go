package models

import (
	"context"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// Evaluate writes what Transcribe does, in the order of the recordings, with any number of processors, and whether it remembers what it
// heard or not.
func TestEvaluateTranscribes(t *testing.T) {
	r := song(t, 12, sungWords)
	for _, c := range []Config{
		hearingConfig(DecoderCTC, false), hearingConfig(DecoderCTC, true), hearingConfig(DecoderTransducer, false),
	} {
		c.Epochs = 2
		m, err := NewRecogniser(c, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(context.Background(), r, r, Run{}); err != nil {
			t.Fatal(err)
		}
		var want []string
		seconds := 0.0
		for _, clip := range r.Clips {
			sound, err := audio.Open(clip.Path)
			if err != nil {
				t.Fatal(err)
			}
			said, err := m.Transcribe(context.Background(), sound, Transcribing{})
			if err != nil {
				t.Fatal(err)
			}
			want, seconds = append(want, said.Text), seconds+said.Seconds
		}
		var first *SpeechEvaluation
		for i, cache := range []*audio.Cache{nil, audio.NewCache(0), audio.NewCache(1 << 20)} {
			r.Cache = cache
			before := runtime.GOMAXPROCS(1 + 2*i)
			got, err := m.Evaluate(context.Background(), r, Transcribing{})
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Found, want) || got.Seconds != seconds {
				t.Errorf("%s: %q in %g s; want %q in %g s", c.Speech.Decoder, got.Found, got.Seconds, want, seconds)
			}
			if first == nil {
				first = got
			} else if !reflect.DeepEqual(got, first) {
				t.Errorf("%s: %+v; want %+v", c.Speech.Decoder, got, first)
			}
		}
	}
}

// A model of recordings that are remembered is that of recordings that are read anew, to the bit, and so is one that goes on training.
func TestRecogniserWithCache(t *testing.T) {
	r := song(t, 10, sungWords)
	c := hearingConfig(DecoderCTC, false)
	c.Epochs, c.Speech.TimeMasks, c.Speech.FrequencyMasks = 2, 1, 1
	file := func(cache *audio.Cache) []byte {
		t.Helper()
		r.Cache = cache
		m, err := NewRecogniser(c, r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Fit(context.Background(), r, Recordings{}, Run{}); err != nil {
			t.Fatal(err)
		}
		path := t.TempDir() + "/m.safetensors"
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	want := file(nil)
	for _, bytes := range []int64{0, 20000, 1 << 20} {
		if !reflect.DeepEqual(file(audio.NewCache(bytes)), want) {
			t.Errorf("a cache of %d bytes changes the model", bytes)
		}
	}
}

// What is wrong with a recording is said of the first one that something is wrong with, with its line.
func TestRecogniserNamesTheFirst(t *testing.T) {
	r := song(t, 20, sungWords)
	m, err := NewRecogniser(hearingConfig(DecoderCTC, false), r)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{7, 8, 19} {
		if err := os.WriteFile(r.Clips[i].Path, []byte("nothing of the kind"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err = m.Evaluate(context.Background(), r, Transcribing{})
	if err == nil || !strings.Contains(err.Error(), "song.tsv, line 8") || !strings.Contains(err.Error(), "7.wav") {
		t.Errorf("%v; want one of line 8", err)
	}
	if _, err = NewRecogniser(hearingConfig(DecoderCTC, false), r); err == nil || !strings.Contains(err.Error(), "line 8") {
		t.Errorf("%v; want one of line 8", err)
	}
}

// A recording that becomes too short for its text while a model trains is named.
func TestRecogniserNamesWhatChanges(t *testing.T) {
	r := song(t, 4, sungWords)
	m, err := NewRecogniser(hearingConfig(DecoderCTC, true), r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.source(r, "train on", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Next(); !ok || b.Err() != nil {
		t.Fatal(b.Err())
	}
	short := song(t, 1, func(*rand.Rand) string { return "" })
	r.Clips[2].Text += " abcabcabc"
	if b, err = m.source(r, "train on", true); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(short.Clips[0].Path, r.Clips[2].Path); err != nil {
		t.Fatal(err)
	}
	want := "song.tsv, line 3: " + r.Clips[2].Path + " has changed since it was opened: losses: CTC: "
	if _, ok := b.Next(); ok || b.Err() == nil || !strings.HasPrefix(b.Err().Error(), want) {
		t.Errorf("%v; want %s", b.Err(), want)
	}
}
