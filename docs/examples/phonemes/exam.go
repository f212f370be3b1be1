package main

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// exam has words with all the ways to say each of them, and the results so far.
type exam struct {
	letters  [][]string
	phonemes [][][]string
	names    []string
	results  []metric.ErrorRate
}

func newExam(w words) *exam {
	letters, phonemes := w.pronunciations()
	return &exam{letters: letters, phonemes: phonemes}
}

// mark counts the mistakes in what was said for the words: of several right ways to say one, the nearest counts.
func (e *exam) mark(name string, said [][]string) {
	var m metric.ErrorRate
	for i, s := range said {
		m.Add(s, e.phonemes[i]...)
	}
	e.names, e.results = append(e.names, name), append(e.results, m)
}

// String is the table of the results.
func (e *exam) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-34s %18s %16s\n", "", "phoneme error rate", "word error rate")
	for i, m := range e.results {
		fmt.Fprintf(&b, "%-34s %16.2f %% %14.1f %%\n", e.names[i], 100*m.Rate(), 100*m.SentenceRate())
	}
	return b.String()
}

// speak says words, as phonemes.
func speak(t *study.Translator, letters [][]string, beam int) ([][]string, error) {
	sources, err := study.Encode(t.Source, letters)
	if err != nil {
		return nil, err
	}
	found, err := t.Translate(decode.Search{Max: 40, Beam: beam, LengthPenalty: 0.6}, sources)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(found))
	for i, h := range found {
		if out[i], err = t.Tokens(h.Tokens); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// invented says words that no dictionary has.
func invented(t *study.Translator, beam int) error {
	var letters [][]string
	for _, word := range []string{"UNROLL", "GOPHERS", "BACKPROPAGATION", "TRANSFORMERESQUE", "WUG", "SPLORCH"} {
		letters = append(letters, strings.Split(word, ""))
	}
	said, err := speak(t, letters, beam)
	for i, s := range said {
		fmt.Printf("  %-18s %s\n", strings.Join(letters[i], ""), strings.Join(s, " "))
	}
	return err
}
