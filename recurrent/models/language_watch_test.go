package models

import (
	"context"
	"math"
	"strings"
	"testing"
)

// Lines that come again and again cost little; one with a word too many costs more, at that word. The costs of the tokens are
// those of Predict. After Forget, a line costs what it cost before.
func TestWatch(t *testing.T) {
	for _, tokens := range []string{"character", "word"} {
		m := newLanguage(t, Config{Cell: "gru", Tokens: tokens, Epochs: 30, Rate: 0.02})
		if _, err := m.Fit(context.Background(), fox, Run{}); err != nil {
			t.Fatal(err)
		}
		w, err := m.Watch()
		if err != nil {
			t.Fatal(err)
		}
		score := func(line string) LineScore {
			s, err := w.Score(line)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		const usual, odd = "the quick brown fox jumps over the lazy dog", "the quick brown fox fox jumps over the lazy dog"
		score(usual)
		first := score(usual)
		if first.Mean > 0.3 {
			t.Errorf("%s: a usual line costs %.3f nats a token", tokens, first.Mean)
		}
		strange := score(odd)
		if strange.Mean < 2*first.Mean || strange.Worst < 1 || strange.At < strings.Index(odd, " fox fox") || strange.At > len("the quick brown fox fox") {
			t.Errorf("%s: an odd line costs %+v", tokens, strange)
		}
		if err := w.Forget(); err != nil {
			t.Fatal(err)
		}
		if again := score(odd); again != strange {
			t.Errorf("%s: %+v, and %+v at first", tokens, again, strange)
		}
		if err := w.Forget(); err != nil {
			t.Fatal(err)
		}
		if s := score("the quick brown füx"); tokens == "character" && s.Token != "ü" {
			t.Errorf("%s: the worst token is %q", tokens, s.Token)
		}

		w, err = m.Watch()
		if err != nil {
			t.Fatal(err)
		}
		s, err := w.Score(usual)
		if err != nil {
			t.Fatal(err)
		}
		l, err := m.Predict([]string{"\n" + usual + "\n"})
		if err != nil || l[0].Tokens != s.Tokens || math.Abs(l[0].Loss-s.Mean) > 1e-4 {
			t.Errorf("%s: %+v; Predict says %+v, %v", tokens, s, l, err)
		}
	}
	if _, err := new(LanguageModel).Watch(); err == nil {
		t.Error("no model was watched with")
	}
	if _, err := new(LineWatch).Score("x"); err == nil {
		t.Error("no watch gave a score")
	}
}
