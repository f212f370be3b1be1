package main

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/recurrent/models"
)

// sentence is a source with all of its translations, as text and as tokens.
type sentence struct {
	text         string
	translations []string
	words        []string // of the text
	tokens       []string // the same in small letters
	targets      [][]string
}

// readPairs reads lines of a sentence, a tab and its translation; what comes after another tab is left out.
func readPairs(path string) (catalog.Pairs, error) {
	p, err := models.ReadPairs(path)
	if errors.Is(err, os.ErrNotExist) {
		return catalog.Pairs{}, errors.Errorf("%v; https://www.manythings.org/anki has such files, of many languages", err)
	}
	return catalog.Pairs{Source: p.Sources, Target: p.Targets}, err
}

// fetchPairs loads English and another language, given as a code of three letters, from the catalogue.
func fetchPairs(language string) (catalog.Pairs, error) {
	parts, err := catalog.Tatoeba(language).Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
	return parts.Train, err
}

func lower(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}

// write puts words together, beginning with a capital letter, without those that are unknown.
func write(words []string) string {
	known := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == datasets.Unknown })
	if len(known) == 0 {
		return ""
	}
	first := []rune(known[0])
	known[0] = string(unicode.ToUpper(first[0])) + string(first[1:])
	return datasets.JoinWords(known)
}

// group puts translations of one source, written in any case, together, in the order in which the sources come up.
func group(p catalog.Pairs) []*sentence {
	var all []*sentence
	at := map[string]*sentence{}
	for i, source := range p.Source {
		w := datasets.CutWords(source)
		low := lower(w)
		key := strings.Join(low, " ")
		s := at[key]
		if s == nil {
			s = &sentence{text: source, words: w, tokens: low}
			at[key], all = s, append(all, s)
		}
		s.translations = append(s.translations, p.Target[i])
		s.targets = append(s.targets, lower(datasets.CutWords(p.Target[i])))
	}
	return all
}

// split shuffles sentences by a seed and cuts off a tenth to test, and a twentieth to find the end of training with.
func split(all []*sentence, seed uint64) (train, check, test []*sentence) {
	all = append([]*sentence{}, all...)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	a, b := len(all)/10, len(all)/10+len(all)/20
	return all[b:], all[a:b], all[:a]
}

// pairs are the sentences with each of their translations.
func pairs(sentences []*sentence) (sources, targets [][]string) {
	for _, s := range sentences {
		for _, t := range s.targets {
			sources, targets = append(sources, s.tokens), append(targets, t)
		}
	}
	return sources, targets
}
