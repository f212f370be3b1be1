package models

import (
	"context"
	"reflect"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// inPieces hears a sound in pieces of some size.
func inPieces(t *testing.T, m *Recogniser, sound *audio.Sound, o Transcribing, size int) (out []Segment) {
	t.Helper()
	s, err := m.Stream(sound.Rate, o)
	if err != nil {
		t.Fatal(err)
	}
	for rest := sound.Samples; len(rest) > 0; {
		n := min(size, len(rest))
		found, err := s.Write(rest[:n])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Partial(); err != nil {
			t.Fatal(err)
		}
		out, rest = append(out, found...), rest[n:]
	}
	found, err := s.Close()
	if err != nil {
		t.Fatal(err)
	}
	if want := float64(len(sound.Samples)) / float64(sound.Rate); s.Seconds() != want {
		t.Errorf("%g seconds; want %g", s.Seconds(), want)
	}
	if _, err := s.Write(nil); err == nil {
		t.Error("a closed stream hears")
	}
	return append(out, found...)
}

// A stream in pieces of any size writes what the whole has, to the bit; words have times that do not go back.
func TestRecogniserStream(t *testing.T) {
	for _, decoder := range []string{DecoderCTC, DecoderTransducer} {
		for _, oneWay := range []bool{true, false} {
			c := hearingConfig(decoder, oneWay)
			c.Epochs = 4
			m, _ := recogniser(t, c)
			for _, beam := range []int{1, 3} {
				o := Transcribing{Beam: beam, Pause: 0.2}
				for _, sound := range []*audio.Sound{sung("abc ba  c", 99), faster(t, sung("cab", 5))} {
					want, err := m.Transcribe(context.Background(), sound, o)
					if err != nil {
						t.Fatal(err)
					}
					last := 0.0
					for _, w := range want.Words() {
						if w.Start < last || w.End <= w.Start || w.End > want.Seconds+0.1 {
							t.Errorf("%s: word %v after %g s, of %g", decoder, w, last, want.Seconds)
						}
						last = w.Start
					}
					for _, size := range []int{1, 79, 800, 1 << 20} {
						if got := inPieces(t, m, sound, o, size); !reflect.DeepEqual(got, want.Segments) {
							t.Errorf("%s, forward %v, beam %d, pieces of %d: %v; want %v", decoder, oneWay, beam, size, got, want.Segments)
						}
					}
				}
			}
		}
	}
}

// faster is the sound at a rate that has to be resampled.
func faster(t *testing.T, s *audio.Sound) *audio.Sound {
	t.Helper()
	out, err := s.Resample(11025)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// What a stream does step by step is what the network does of the whole: to the bit, and to rounding behind convolutions and with cells
// that are read in chunks, which add up in another order where there are many steps.
func TestRecogniserStepsAreTheWhole(t *testing.T) {
	r := song(t, 4, sungWords)
	for i, cell := range Cells() {
		if cell == "grud" {
			continue
		}
		c := hearingConfig(DecoderCTC, true)
		c.Cell, c.Layers, c.Speech.Subsample = cell, 1+i%2, []int{1, 1, 2, 4, 8}[i%5]
		m, err := NewRecogniser(c, r)
		if err != nil {
			t.Fatal(err)
		}
		kind, err := cellOf(cell)
		if err != nil {
			t.Fatal(err)
		}
		exact := c.Speech.Subsample == 1 && !kind.chunked
		sound := sung("abc cab", uint64(i))
		frames, err := m.Features().Of(sound)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.own.statistics.Apply(frames, true); err != nil {
			t.Fatal(err)
		}
		rows := func(e encoder) (out [][]float32) {
			use := func(row []float32) error {
				out = append(out, append([]float32{}, row...))
				return nil
			}
			if err := e.add(frames.Values, use); err != nil {
				t.Fatal(err)
			}
			if err := e.flush(use); err != nil {
				t.Fatal(err)
			}
			return out
		}
		steps := m.newHearing()
		if err := steps.begin(); err != nil {
			t.Fatal(cell, err)
		}
		want, got := rows(&pieces{m: m}), rows(steps)
		if len(got) != len(want) {
			t.Fatalf("%s: %d steps; want %d", cell, len(got), len(want))
		}
		for s := range want {
			for k, v := range want[s] {
				if d := got[s][k] - v; d != 0 && exact || !(d < 1e-5 && d > -1e-5) {
					t.Fatalf("%s, subsampling %d: step %d of %d: %g; want %g", cell, c.Speech.Subsample, s, len(want), got[s][k], v)
				}
			}
		}
	}
}

// A long recording is heard in pieces by a network that reads both ways; all of it is heard, and nothing is remembered.
func TestRecogniserPieces(t *testing.T) {
	m, err := NewRecogniser(hearingConfig(DecoderCTC, false), song(t, 4, sungWords))
	if err != nil {
		t.Fatal(err)
	}
	p, steps, longest := &pieces{m: m}, 0, 0
	frames := make([]float32, 16*100)
	for range 60 { // a minute
		for i := range frames {
			frames[i] = float32((i / 16) % 37)
		}
		if err := p.add(frames, func([]float32) error { steps++; return nil }); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, len(p.frames)/16)
	}
	if err := p.flush(func([]float32) error { steps++; return nil }); err != nil {
		t.Fatal(err)
	}
	if steps != 1500 || longest > 2100 {
		t.Errorf("%d steps, %d frames waiting; want 1500, and 2100 at most", steps, longest)
	}
	if m.Delay() != -1 {
		t.Errorf("a delay of %g", m.Delay())
	}
}
