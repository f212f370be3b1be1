package models

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// small is a classifier with weights as they were drawn, which is as hard to explain as any.
func smallClassifier(t *testing.T, c Config) *Classifier {
	t.Helper()
	c.Hidden, c.Embed, c.Seed = 6, 5, 4
	texts := []string{"a wonderful, wonderful evening", "what a dull and boring film", "wonderful film", "don't: it's dull"}
	m, err := NewClassifier(c, texts, []string{"good", "bad", "so", "bad"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Scores add up to the difference in log-odds, probabilities are those that Predict gives, with the word and without it.
func TestExplainClassifier(t *testing.T) {
	const text = "what a dull, unheard wonderful evening"
	for _, c := range []Config{{Tokens: "word"}, {Tokens: "bpe", Vocabulary: 280, Pool: "mean", Cell: "lstm"}, {Tokens: "word", Pool: "attention", OneWay: true, Cell: "sru"}} {
		m := smallClassifier(t, c)
		before, err := m.Predict([]string{text})
		if err != nil {
			t.Fatal(err)
		}
		for label, at := range map[string]int{"": largest(before[0].Probabilities), "bad": 0, "so": 2} {
			for _, method := range ExplainMethods() {
				e, err := m.Explain(context.Background(), text, Explaining{Label: label, Method: method})
				if err != nil {
					t.Fatal(err)
				}
				if e.Label != m.labels[at] || math.Abs(e.Probability-before[0].Probabilities[at]) > 1e-6 {
					t.Errorf("%s: %q, probability %g; want %q and %g", method, e.Label, e.Probability, m.labels[at], before[0].Probabilities[at])
				}
				sum, joined := 0.0, ""
				for i, p := range e.Pieces {
					sum += p.Score
					joined += p.Text
					var rest string
					for j, q := range e.Pieces {
						if j != i {
							rest += q.Text
						}
					}
					found, err := m.Predict([]string{strings.TrimPrefix(rest, " ")})
					if err != nil {
						t.Fatal(err)
					}
					// Without the first word, word tokens begin with a space that the text above has not.
					if math.Abs(found[0].Probabilities[at]-p.Without) > 1e-6 && (i > 0 || c.Tokens == "bpe") {
						t.Errorf("%s: without %q the probability is %g; want %g", method, p.Text, p.Without, found[0].Probabilities[at])
					}
				}
				if strings.TrimPrefix(joined, " ") != text {
					t.Errorf("the pieces are %q", joined)
				}
				if words := len(e.Pieces); words != 7 { // six words and a comma
					t.Errorf("%d pieces: %+v", words, e.Pieces)
				}
				whole := logOdds(e.Probability) - logOdds(e.Baseline)
				if method == ByIntegratedGradients && (math.Abs(sum-whole) > 1e-4*math.Abs(whole)+1e-12 || math.Abs(e.Gap-(sum-whole)) > 1e-9) {
					t.Errorf("the scores add up to %g; want %g (gap %g)", sum, whole, e.Gap)
				}
			}
		}
	}
}

func logOdds(p float64) float64 { return math.Log(p / (1 - p)) }

// A text of one word, or of none, is compared with one that has none.
func TestExplainShortTexts(t *testing.T) {
	m := smallClassifier(t, Config{Tokens: "word"})
	none, err := m.Predict([]string{""})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "dull", "zzz"} {
		e, err := m.Explain(context.Background(), text, Explaining{Label: "good"})
		if err != nil || len(e.Pieces) != 1 {
			t.Fatalf("%q: %+v, %v", text, e, err)
		}
		if math.Abs(e.Pieces[0].Without-none[0].Probabilities[1]) > 1e-6 {
			t.Errorf("%q: without its word %g; want %g", text, e.Pieces[0].Without, none[0].Probabilities[1])
		}
	}
}

func TestExplainLanguageModel(t *testing.T) {
	const text = "the quick brown fox jumps over the lazy dog\n"
	for _, c := range []Config{{}, {Tokens: "word", Cell: "gru", Layers: 1}, {Tokens: "word", Adaptive: []int{4}}} {
		c.Hidden, c.Embed = 6, 5
		m, err := NewLanguageModel(c, strings.Repeat(text, 3))
		if err != nil {
			t.Fatal(err)
		}
		e, err := m.Explain(context.Background(), "the quick dog", Explaining{ByToken: true})
		if err != nil {
			t.Fatal(err)
		}
		ids, _ := m.vocab.Encode("the quick dog")
		next, err := m.nextOf(ids)
		if err != nil {
			t.Fatal(err)
		}
		if at := largest(next); math.Abs(e.Probability-next[at]) > 1e-6 || len(e.Pieces) != len(ids) {
			t.Errorf("probability %g of %q, %d pieces; want %g and %d", e.Probability, e.Label, len(e.Pieces), next[at], len(ids))
		}
		sum := 0.0
		for i, p := range e.Pieces {
			sum += p.Score
			rest, err := m.nextOf(slices.Delete(slices.Clone(ids), i, i+1))
			if err != nil {
				t.Fatal(err)
			}
			if want := rest[largest(next)]; math.Abs(want-p.Without) > 1e-6 {
				t.Errorf("without token %d: %g; want %g", i, p.Without, want)
			}
		}
		if whole := logOdds(e.Probability) - logOdds(e.Baseline); math.Abs(sum-whole) > 1e-4*math.Abs(whole) {
			t.Errorf("the scores add up to %g; want %g", sum, whole)
		}
	}
}

// A word is found with the space before it or without.
func TestExplainNextWord(t *testing.T) {
	m, err := NewLanguageModel(Config{Tokens: "word", Hidden: 4, Embed: 3}, "the quick brown fox\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"fox", " fox"} {
		if e, err := m.Explain(context.Background(), "the quick", Explaining{Label: label}); err != nil || e.Label != " fox" {
			t.Errorf("%q: %+v, %v", label, e, err)
		}
	}
}

// Of a long text the last tokens are explained, the others are read as they are.
func TestExplainLongText(t *testing.T) {
	text := strings.Repeat("the quick brown fox\n", 6)
	m, err := NewLanguageModel(Config{Hidden: 5, Embed: 4, Layers: 1}, text)
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range ExplainMethods() {
		e, err := m.Explain(context.Background(), text, Explaining{Method: method, ByToken: true})
		if err != nil {
			t.Fatal(err)
		}
		joined, sum := e.Before, 0.0
		for _, p := range e.Pieces {
			joined += p.Text
			sum += p.Score
		}
		if len(e.Pieces) != explainedTokens || joined != text {
			t.Errorf("%d pieces of %q", len(e.Pieces), joined)
		}
		whole := logOdds(e.Probability) - logOdds(e.Baseline)
		if method == ByIntegratedGradients && math.Abs(sum-whole) > 1e-4*math.Abs(whole) {
			t.Errorf("the scores add up to %g; want %g", sum, whole)
		}
	}
}

func TestExplainRefuses(t *testing.T) {
	m := smallClassifier(t, Config{})
	l, err := NewLanguageModel(Config{Hidden: 4}, "abc abc")
	if err != nil {
		t.Fatal(err)
	}
	for want, e := range map[string]func() (*Explanation, error){
		`"best" is not among what the model gives`:                         func() (*Explanation, error) { return m.Explain(context.Background(), "a", Explaining{Label: "best"}) },
		`Explaining.Method "shap"; want integrated, occlusion or gradient`: func() (*Explanation, error) { return m.Explain(context.Background(), "a", Explaining{Method: "shap"}) },
		"no tokens":          func() (*Explanation, error) { return l.Explain(context.Background(), "", Explaining{}) },
		`character "z"`:      func() (*Explanation, error) { return l.Explain(context.Background(), "z", Explaining{}) },
		"the vocabulary has": func() (*Explanation, error) { return l.Explain(context.Background(), "a", Explaining{Label: "z"}) },
		"there is no model": func() (*Explanation, error) {
			return new(LanguageModel).Explain(context.Background(), "a", Explaining{})
		},
	} {
		if _, err := e(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want one with %q", err, want)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	for _, m := range []Explainable{m, l} {
		if _, err := m.Explain(stopped, "abc", Explaining{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%v goes on when cancelled: %v", m.Kind(), err)
		}
	}
}

func TestWordsOf(t *testing.T) {
	for text, want := range map[string]string{
		"don't| stop|,| now": "don't| stop|,| now",
		"a|b| |c|,|d":        "ab| c|,|d",
		" |a|\n|\n|b":        " a|\n\nb",
		"ca|\xc3|\xa9|s| x":  "ca\xc3\xa9s| x",
	} {
		pieces := strings.Split(text, "|")
		starts := append(wordsOf(pieces), len(pieces))
		var words []string
		for i := range len(starts) - 1 {
			words = append(words, strings.Join(pieces[starts[i]:starts[i+1]], ""))
		}
		if got := strings.Join(words, "|"); got != want {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
}
