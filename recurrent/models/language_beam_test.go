package models

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// heardTexts are all texts of up to steps labels that some frames may say, with their log-probabilities in CTC, by brute force.
func heardTexts(logits []float64, steps int, pieces []string) map[string]float64 {
	classes := len(pieces)
	out := map[string]float64{}
	var walk func(path []int, p float64)
	walk = func(path []int, p float64) {
		if len(path) == steps {
			var b strings.Builder
			for i, v := range path {
				if v != 0 && (i == 0 || v != path[i-1]) {
					b.WriteString(pieces[v])
				}
			}
			out[b.String()] += p
			return
		}
		row := logits[len(path)*classes:][:classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		for v := range classes {
			walk(append(slices.Clip(path), v), p*math.Exp(row[v])/sum)
		}
	}
	walk(nil, 1)
	for text, p := range out {
		out[text] = math.Log(p)
	}
	return out
}

// judged is the log-probability of a text, in the model's own tokens, as Predict has it, up to the end of the line.
func judged(t *testing.T, m *LanguageModel, text string) float64 {
	t.Helper()
	l, err := m.Predict([]string{"\n" + text})
	if err != nil {
		t.Fatal(err)
	}
	return l[0].LogProb()
}

// The beam finds the text with the best score of all, as brute force over all alignments and Predict of whole texts have it.
func TestLanguageInBeamAgainstBruteForce(t *testing.T) {
	const steps, weight, insertion = 6, 0.8, 0.3
	type exam struct {
		name    string
		tokens  string
		pieces  []string
		endings string // what is read behind a text
	}
	for _, e := range []exam{
		{"characters", "character", []string{"", "t", "h", "e", " "}, "\n"},
		{"words", "word", []string{"", "the", " fox", " "}, ""},
		{"words of letters", "word", []string{"", "o", "x", " f", " "}, ""},
	} {
		m := newLanguage(t, Config{Tokens: e.tokens})
		language, err := m.Language(e.pieces)
		if err != nil {
			t.Fatal(e.name, err)
		}
		changed := 0
		for seed := range uint64(6) {
			logits := graphtest.Random(seed, steps, 1, len(e.pieces))
			got, err := decode.CTC{Beam: 3000, Language: language, Weight: weight, Insertion: insertion}.Run(logits, nil)
			if err != nil {
				t.Fatal(e.name, err)
			}
			// Texts of labels, a bar between them, so that labels can be counted.
			barred := slices.Clone(e.pieces)
			for i := range barred[1:] {
				barred[1+i] += "|"
			}
			best, top, plain, most := "", math.Inf(-1), "", math.Inf(-1)
			for labels, p := range heardTexts(logits.Float64s(), steps, barred) {
				text := strings.ReplaceAll(labels, "|", "")
				score := p + insertion*float64(strings.Count(labels, "|"))
				if e.tokens == "word" {
					text = strings.Join(strings.Fields(text), " ") // a blank without a word says nothing
				}
				if text+e.endings != "" {
					score += weight * judged(t, m, text+e.endings)
				}
				if score > top {
					best, top = labels, score
				}
				if p > most {
					plain, most = labels, p
				}
			}
			var labels strings.Builder
			for _, l := range got[0].Labels {
				labels.WriteString(barred[l])
			}
			if math.Abs(got[0].Score-top) > 1e-4 {
				t.Errorf("%s, seed %d: %q with %g, want %q with %g", e.name, seed, labels.String(), got[0].Score, best, top)
			}
			if labels.String() != plain {
				changed++
			}
		}
		if changed == 0 {
			t.Errorf("%s: the language model never changed anything; the test would not see it", e.name)
		}
	}
}

// The same search gives the same result on many goroutines at once, and in a narrow beam with many labels.
func TestLanguageInBeamAtOnce(t *testing.T) {
	m := newLanguage(t, Config{Tokens: "character"})
	pieces := append([]string{""}, strings.Split("abcdefghijklmnopqrstuvwxyz ", "")...)
	language, err := m.Language(pieces)
	if err != nil {
		t.Fatal(err)
	}
	d := decode.CTC{Beam: 12, Language: language}
	logits := graphtest.Random(4, 20, 2, len(pieces))
	want, err := d.Run(logits, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			got, err := d.Run(logits, nil)
			for b := range want {
				if err != nil || !slices.Equal(got[b].Labels, want[b].Labels) || got[b].Score != want[b].Score {
					t.Errorf("%v, error %v; want %v", got, err, want)
				}
			}
		})
	}
	all.Wait()
}

func TestLanguageInBeamRefuses(t *testing.T) {
	letters, words := newLanguage(t, Config{Tokens: "character"}), newLanguage(t, Config{Tokens: "word"})
	_, foreign := letters.Language([]string{"", "ß"})
	_, inner := words.Language([]string{"", "a b"})
	_, none := (&LanguageModel{}).Language([]string{"", "a"})
	fits, err := letters.Language([]string{"", "a"})
	if err != nil {
		t.Fatal(err)
	}
	_, size := decode.CTC{Language: fits}.Run(graphtest.Random(1, 2, 1, 3), nil)
	_, unknown := fits.Next([]decode.Following{{}}, []int{1})
	for want, err := range map[string]error{
		`label 1 is "ß"`: foreign, "blanks at the begin of labels alone": inner, "there is no model": none,
		"Language of 2 labels, asked about 3": size, "what this model said of the text": unknown,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
