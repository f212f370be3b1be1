package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/catalog"
)

func TestWordsLoseStress(t *testing.T) {
	w := wordsOf(catalog.Pairs{Source: []string{"AARDVARK"}, Target: []string{"AA1 R D V AA2 R K"}})
	want := words{letters: [][]string{strings.Split("AARDVARK", "")}, phonemes: [][]string{{"AA", "R", "D", "V", "AA", "R", "K"}}}
	if !reflect.DeepEqual(w, want) {
		t.Errorf("%v, want %v", w, want)
	}
}

// TestScore: of several pronunciations, the nearest counts, and its length.
func TestScore(t *testing.T) {
	w := wordsOf(catalog.Pairs{
		Source: []string{"TOMATO", "CAT", "TOMATO"},
		Target: []string{"T AH0 M EY1 T OW2", "K AE1 T", "T AH0 M AA1 T OW2"},
	})
	e := newExam(w)
	if len(e.letters) != 2 || strings.Join(e.letters[0], "") != "TOMATO" || len(e.phonemes[0]) != 2 || len(e.phonemes[1]) != 1 {
		t.Fatalf("words %v, pronunciations %v", e.letters, e.phonemes)
	}
	// One phoneme from the second TOMATO, two from the first.
	e.mark("", [][]string{{"T", "AH", "M", "AA", "T"}, {"K", "AE", "T"}})
	m := e.results[0]
	if m.Edits != 1 || m.Length != 6+3 || m.Wrong != 1 {
		t.Errorf("%d edits of %d phonemes, %d words wrong; want 1 of 9, 1", m.Edits, m.Length, m.Wrong)
	}
}

// TestSplit reads the dictionary: no word may be in two parts, whatever its pronunciations.
func TestSplit(t *testing.T) {
	d, err := load(1)
	if err != nil {
		t.Fatal(err)
	}
	part := map[string]string{}
	pronunciations := 0
	for name, w := range map[string]words{"training": d.train, "validation": d.check, "test": d.test} {
		for _, letters := range w.letters {
			word := strings.Join(letters, "")
			if other, ok := part[word]; ok && other != name {
				t.Fatalf("%s is in %s and %s", word, other, name)
			}
			part[word] = name
		}
		pronunciations += len(w.letters)
	}
	if pronunciations != catalog.CMUdict.Rows {
		t.Errorf("%d pronunciations in the parts together, want %d", pronunciations, catalog.CMUdict.Rows)
	}
	letters, _ := d.test.pronunciations()
	if share := float64(len(letters)) / float64(len(part)); share < 0.045 || share > 0.055 {
		t.Errorf("%.3f of the words are to test, want a twentieth", share)
	}
}
