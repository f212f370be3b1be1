package models

import (
	"context"
	"strings"
	"testing"
)

// A language model that has read nothing but "abc" hears abc where the recogniser is not sure, and says why it cannot be used.
func TestRecogniserWithLanguage(t *testing.T) {
	c := hearingConfig(DecoderCTC, true)
	c.Epochs = 4
	m, r := recogniser(t, c)
	l := Defaults(KindLanguage)
	l.Layers, l.Hidden, l.Embed, l.Seq, l.Batch, l.Epochs, l.Rate = 1, 16, 8, 16, 8, 20, 0.02
	text := strings.Repeat("abc abc\nabc\n", 200)
	language, err := NewLanguageModel(l, text+"abc ")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := language.Fit(context.Background(), text, Run{}); err != nil {
		t.Fatal(err)
	}
	count := func(o Transcribing) (n int) {
		t.Helper()
		e, err := m.Evaluate(context.Background(), r, o)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range e.Found {
			for w := range strings.FieldsSeq(text) {
				if w == "abc" {
					n++
				}
			}
		}
		return n
	}
	plain, led := count(Transcribing{Beam: 8}), count(Transcribing{Beam: 8, Language: language, LanguageWeight: 2})
	if led <= plain {
		t.Errorf("abc was heard %d times with the language model, %d times without it", led, plain)
	}
	found, err := m.Transcribe(context.Background(), sung("abc ba", 3), Transcribing{Beam: 8, Language: language, LanguageWeight: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range found.Words() {
		if !(w.Confidence > 0 && w.Confidence <= 1) || !(w.Start < w.End) {
			t.Errorf("word %+v", w)
		}
	}

	other, err := NewLanguageModel(l, "no letter of these")
	if err != nil {
		t.Fatal(err)
	}
	heard := func(m *Recogniser, o Transcribing) error {
		_, err := m.Transcribe(context.Background(), sung("abc", 3), o)
		return err
	}
	speaks, err := NewRecogniser(hearingConfig(DecoderTransducer, false), r)
	if err != nil {
		t.Fatal(err)
	}
	for want, err := range map[string]error{
		`is "a", which is no token of the language model`: heard(m, Transcribing{Language: other}),
		"go with the decoder ctc":                         heard(speaks, Transcribing{Language: language}),
		"LanguageWeight 0.5 without a Language":           heard(m, Transcribing{LanguageWeight: 0.5}),
		"Weight -1; want 0 or more":                       heard(m, Transcribing{Language: language, LanguageWeight: -1}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
