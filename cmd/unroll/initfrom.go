package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
)

// headPrefix begins the names of the weights that make predictions.
const headPrefix = "head."

// knows tells whether a model can read a text: characters that its vocabulary lacks are an error that names them, words
// are counted.
func (f *modelFile) knows(w io.Writer, corpus datasets.Corpus) error {
	if f.vocab.Kind() == datasets.Character {
		own, err := datasets.Characters(corpus.Text)
		if err != nil {
			return err
		}
		return f.lacksNone(own, corpus)
	}
	ids, err := f.vocab.Encode(corpus.Text)
	if err != nil {
		return errors.Wrap(err, corpus.Name)
	}
	unknown := 0
	for _, id := range ids {
		token, err := f.vocab.Token(id)
		if err != nil {
			return err
		}
		if strings.TrimSpace(token) == datasets.Unknown {
			unknown++
		}
	}
	if unknown > 0 {
		fmt.Fprintf(w, "Unknown %s of %s words (%.1f %%) are not in the model's vocabulary, and are read as %s\n",
			thousands(unknown), thousands(len(ids)), 100*float64(unknown)/float64(len(ids)), datasets.Unknown)
	}
	return nil
}

// lacksNone refuses a text with characters that a model's vocabulary lacks. Own is the text's vocabulary.
func (f *modelFile) lacksNone(own *datasets.Vocabulary, corpus datasets.Corpus) error {
	text := datasets.Normalize(corpus.Text)
	type unknown struct {
		token string
		count int
	}
	var all []unknown
	for id := range own.Len() {
		token, err := own.Token(id)
		if err != nil {
			return err
		}
		if _, ok := f.vocab.ID(token); !ok {
			all = append(all, unknown{token, strings.Count(text, token)})
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b unknown) int { return b.count - a.count })
	var list []string
	for _, u := range all[:min(len(all), 10)] {
		list = append(list, fmt.Sprintf("%q (%d)", u.token, u.count))
	}
	if len(all) > len(list) {
		list = append(list, "...")
	}
	return errors.Errorf("%s has %d kinds of character that the vocabulary of %s lacks: %s. A model keeps its vocabulary: replace them in the text, or train a new model",
		corpus.Name, len(all), f.path, strings.Join(list, ", "))
}

// relabel gives a classifier the labels of another table. Unless they are the same, its head is made anew.
func (f *modelFile) relabel(w io.Writer, labels []string) {
	if slices.Equal(labels, f.labels) {
		return
	}
	f.labels, f.newHead = labels, true
	f.weights = slices.DeleteFunc(f.weights, func(t graph.Named) bool { return strings.HasPrefix(t.Name, headPrefix) })
	fmt.Fprintf(w, "Labels  other than those of %s: the head is made anew\n", f.path)
}
