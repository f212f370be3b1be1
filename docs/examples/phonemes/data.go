package main

import (
	"context"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
)

// words are spellings with their phonemes, stress left out: what 0, 1 and 2 behind vowels mark.
type words struct {
	letters, phonemes [][]string
}

func wordsOf(p catalog.Pairs) words {
	var w words
	for i, word := range p.Source {
		w.letters = append(w.letters, strings.Split(word, ""))
		w.phonemes = append(w.phonemes, strings.Fields(strings.Map(withoutStress, p.Target[i])))
	}
	return w
}

func withoutStress(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// texts are the words, and their phonemes with blanks between.
func (w words) texts() (spellings, phonemes []string) {
	for i, letters := range w.letters {
		spellings, phonemes = append(spellings, strings.Join(letters, "")), append(phonemes, strings.Join(w.phonemes[i], " "))
	}
	return spellings, phonemes
}

// pronunciations collects all ways to say each word, in the order in which the words come up.
func (w words) pronunciations() (letters [][]string, phonemes [][][]string) {
	at := map[string]int{}
	for i, l := range w.letters {
		word := strings.Join(l, "")
		n, ok := at[word]
		if !ok {
			n = len(letters)
			at[word] = n
			letters, phonemes = append(letters, l), append(phonemes, nil)
		}
		phonemes[n] = append(phonemes[n], w.phonemes[i])
	}
	return letters, phonemes
}

// dictionary is CMUdict in parts that share no word, with its vocabularies.
type dictionary struct {
	train, check, test words
	letters, phonemes  *datasets.Vocabulary
}

func load(seed uint64) (*dictionary, error) {
	parts, err := catalog.CMUdict.Load(context.Background(), catalog.Options{Validation: 0.02, Test: 0.05, Seed: seed})
	if err != nil {
		return nil, err
	}
	d := &dictionary{train: wordsOf(parts.Train), check: wordsOf(parts.Validation), test: wordsOf(parts.Test)}
	if d.letters, err = study.Vocabulary(d.train.letters, 0); err != nil {
		return nil, err
	}
	d.phonemes, err = study.Vocabulary(d.train.phonemes, 0)
	return d, err
}
