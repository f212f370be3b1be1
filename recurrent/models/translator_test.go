package models

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
)

// backwards are words of a few letters, with what they are spelled backwards, blanks between.
func backwards(n int) Pairs {
	r := rand.New(rand.NewPCG(1, 0))
	var p Pairs
	seen := map[string]bool{}
	for len(p.Sources) < n {
		w := make([]string, 3+r.IntN(3))
		for i := range w {
			w[i] = string(rune('a' + r.IntN(5)))
		}
		word := strings.Join(w, "")
		if seen[word] {
			continue
		}
		seen[word] = true
		slices.Reverse(w)
		p.Sources, p.Targets = append(p.Sources, word), append(p.Targets, strings.Join(w, " "))
	}
	return p
}

// sentences are pairs of a few words, of which the second kind follows from the first.
func sentences() Pairs {
	var p Pairs
	for i, who := range []string{"the cat", "the dog", "a bird", "the man"} {
		for j, what := range []string{"sleeps", "eats", "runs", "sings", "waits"} {
			p.Sources = append(p.Sources, strings.ToUpper(who[:1])+who[1:]+" "+what+".")
			p.Targets = append(p.Targets, []string{"con mèo", "con chó", "con chim", "ông ấy"}[i]+" "+[]string{"ngủ", "ăn", "chạy", "hát", "đợi"}[j]+".")
		}
	}
	return p
}

// small is a configuration of little work for a translator.
func small(c Config) Config {
	c.Hidden, c.Embed, c.Batch = 8, 8, 4
	if c.Translate.Attention == "" {
		c.Translate.Attention = "general"
	}
	return c
}

func newTranslations(t *testing.T, c Config) *Translator {
	t.Helper()
	m, err := NewTranslator(small(c), sentences())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A translator learns to spell words backwards from examples, and to do so with words that it has not seen; and it looks at
// the letter that it writes.
func TestTranslatorLearns(t *testing.T) {
	all := backwards(700)
	fit, check := Pairs{Sources: all.Sources[:600], Targets: all.Targets[:600]}, Pairs{Sources: all.Sources[600:], Targets: all.Targets[600:]}
	m, err := NewTranslator(Config{
		Tokens: "character", Hidden: 48, Embed: 16, Batch: 20, Rate: 0.01, Epochs: 12, Clip: 1,
		Translate: TranslateConfig{TargetTokens: Symbols, Attention: "general"},
	}, fit)
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.Fit(context.Background(), fit, check, Run{})
	if err != nil {
		t.Fatal(err)
	}
	for _, beam := range []int{1, 3} {
		e, err := m.Evaluate(context.Background(), check, Translation{Beam: beam})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("beam %d: %d of %d words wrong, %d letters, loss %.4f, %v", beam, e.Errors.Wrong, e.Sources, e.Errors.Edits, e.Loss, e.BLEU)
		if e.Sources != 100 || e.Pairs != 100 || e.Errors.Wrong > 5 || e.BLEU.Score < 90 || e.ChrF < 90 {
			t.Errorf("beam %d: %+v; want 5 wrong words of 100 at most", beam, e)
		}
		if math.Abs(e.Loss-result.Best) > 1e-6 {
			t.Errorf("loss %g, but the best of the training was %g", e.Loss, result.Best)
		}
	}
	found, err := m.Translate(context.Background(), []string{"abcd", "", "ea"}, Translation{Beam: 4, Best: 3})
	if err != nil {
		t.Fatal(err)
	}
	first := found[0][0]
	if first.Text != "d c b a" || !first.Finished || strings.Join(first.Source, "|") != "a|b|c|d" || strings.Join(first.Tokens, "|") != "d|c|b|a" {
		t.Errorf("%+v", first)
	}
	for i, row := range first.Attention {
		if len(row) != 4 || row[3-i] < 0.5 {
			t.Errorf("letter %d looks at %v; want the letter that it is", i, row)
		}
	}
	if len(found[0]) != 3 || !slices.IsSortedFunc(found[0], func(a, b Translated) int { return int(1e9 * (b.Score - a.Score)) }) {
		t.Errorf("%+v; want three, the best first", found[0])
	}
	if len(found[1]) != 1 || found[1][0].Text != "" {
		t.Errorf("an empty text gave %+v", found[1])
	}
}

// translatorKinds are configurations with every choice that there is.
func translatorKinds() map[string]Config {
	return map[string]Config{
		"bpe":           {Tokens: BytePairs, Vocabulary: 280, Layers: 2},
		"joint":         {Tokens: BytePairs, Vocabulary: 300, Translate: TranslateConfig{Joint: true, Attention: "dot"}},
		"joint, tied":   {Tokens: "word", Cell: "gru", Translate: TranslateConfig{Joint: true, Tied: true, Lower: true}},
		"words":         {Tokens: "word", Cell: "gru", Layers: 2, OneWay: true, Translate: TranslateConfig{Attention: "concat", InputFeeding: true}},
		"characters":    {Tokens: "character", Cell: "rnn", Translate: TranslateConfig{Attention: "additive", Tied: true}},
		"to symbols":    {Tokens: "character", Dropout: 0.2, Translate: TranslateConfig{TargetTokens: Symbols, Attention: "none", Smoothing: 0.1}},
		"from symbols":  {Tokens: Symbols, Optimizer: "sparse-adam", Translate: TranslateConfig{TargetTokens: BytePairs}},
		"input feeding": {Tokens: BytePairs, Layers: 2, Dropout: 0.3, Translate: TranslateConfig{InputFeeding: true}},
	}
}

// The number of weights that a configuration promises is the number that there are.
func TestTranslatorWeights(t *testing.T) {
	for name, c := range translatorKinds() {
		m := newTranslations(t, c)
		if err := m.draw(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := m.Params().Elements(); float64(got) != m.Demand().Weights {
			t.Errorf("%s: %d weights, promised were %g", name, got, m.Demand().Weights)
		}
	}
}

// Every cell trains in both networks, and has as many weights as promised.
func TestTranslatorCells(t *testing.T) {
	for _, cell := range textCells() {
		for _, layers := range []int{1, 2} {
			kind, err := cellOf(cell)
			if err != nil {
				t.Fatal(err)
			}
			m := newTranslations(t, Config{Cell: cell, Layers: layers, Tokens: "word", Steps: 2, OneWay: kind.heads == matrix || kind.chunked})
			if _, err := m.Fit(context.Background(), sentences(), Pairs{}, Run{}); err != nil {
				t.Errorf("%d x %s: %v", layers, cell, err)
				continue
			}
			if got := m.Params().Elements(); float64(got) != m.Demand().Weights {
				t.Errorf("%d x %s: %d weights, promised were %g", layers, cell, got, m.Demand().Weights)
			}
			if _, err := m.Translate(context.Background(), []string{"The cat runs."}, Translation{Beam: 2}); err != nil {
				t.Errorf("%d x %s: %v", layers, cell, err)
			}
		}
	}
}

// Every choice trains, and translates without unknown words; in small letters if it was told to.
func TestTranslatorKinds(t *testing.T) {
	for name, c := range translatorKinds() {
		c.Epochs, c.Rate = 3, 0.01
		m := newTranslations(t, c)
		if _, err := m.Fit(context.Background(), sentences(), Pairs{}, Run{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found, err := m.Translate(context.Background(), []string{"The cat runs.", "A unicorn waits!"}, Translation{Beam: 3})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, f := range found {
			if strings.Contains(f[0].Text, "<") || f[0].LogProb >= 0 || c.Translate.Attention != "none" && len(f[0].Attention) != len(f[0].Tokens) {
				t.Errorf("%s: %+v", name, f[0])
			}
			if c.Translate.Lower && f[0].Text != strings.ToLower(f[0].Text) {
				t.Errorf("%s: %q has capitals", name, f[0].Text)
			}
		}
	}
}

// The loss is the mean of -log p over the true tokens, without padding, as the logits tell.
func TestTranslatorLoss(t *testing.T) {
	m := newTranslations(t, Config{Tokens: "word"})
	if err := m.draw(); err != nil {
		t.Fatal(err)
	}
	sources, lengths := graph.Ints([]int{4, 5, 6, 0, 4, 0}, 3, 2), graph.Ints([]int{3, 1})
	before, targets := []int{2, 2, 5, 6, 4, 0}, []int{5, 6, 4, 3, 3, padding}
	logits, err := m.Logits().Run(sources, lengths, graph.Ints(before, 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	classes := m.target.tokens.Len()
	want, n := 0.0, 0.0
	for i, y := range targets {
		if y != padding {
			want -= math.Log(softmax(logits[0].Float32s()[i*classes:(i+1)*classes], 1)[y])
			n++
		}
	}
	loss, err := m.Loss().Run(sources, lengths, graph.Ints(before, 3, 2), graph.Ints(targets, 3, 2))
	if err != nil || math.Abs(graph.Scalar(loss[0])-want/n) > 1e-5 {
		t.Errorf("loss %v, %v; want %g", loss, err, want/n)
	}
	for _, f := range []*graph.Func{m.Loss(), m.Logits()} {
		if _, err := f.Run(sources); err == nil || !strings.Contains(err.Error(), "Translator") {
			t.Error(err)
		}
	}
}

// Training gives the same bits at every number of threads.
func TestTranslatorRepeats(t *testing.T) {
	threads := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(threads)
	var first *Translator
	for _, n := range []int{1, 2, 4} {
		runtime.GOMAXPROCS(n)
		m := newTranslations(t, Config{Tokens: BytePairs, Vocabulary: 300, Epochs: 2, Dropout: 0.2, Layers: 2})
		if _, err := m.Fit(context.Background(), sentences(), Pairs{}, Run{}); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = m
		}
		same(t, "GOMAXPROCS", first.Params(), m.Params())
	}
}

// A translation does not depend on the texts beside it, nor on who else translates at the same time.
func TestTranslateByItself(t *testing.T) {
	m := newTranslations(t, Config{Tokens: "character", Epochs: 4, Rate: 0.01})
	if _, err := m.Fit(context.Background(), sentences(), Pairs{}, Run{}); err != nil {
		t.Fatal(err)
	}
	texts := sentences().Sources
	o := Translation{Beam: 3, Best: 2, LengthPenalty: 1}
	all, err := m.Translate(context.Background(), texts, o)
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for i := range texts {
		wait.Go(func() {
			one, err := m.Translate(context.Background(), texts[i:i+1], o)
			if err != nil || len(one[0]) != len(all[i]) || one[0][0].Text != all[i][0].Text || one[0][0].LogProb != all[i][0].LogProb {
				t.Errorf("%q: %+v, %v; with others %+v", texts[i], one, err, all[i])
			}
		})
	}
	wait.Wait()
	if m.longest != 14 {
		t.Errorf("the longest target has %d characters; want 14", m.longest)
	}
	short, err := m.Translate(context.Background(), texts[:1], Translation{Max: 2})
	if err != nil || len(short[0][0].Tokens) != 2 || short[0][0].Finished {
		t.Errorf("%+v, %v; want a translation that was cut off", short, err)
	}
}

func TestTranslateRefuses(t *testing.T) {
	m := newTranslations(t, Config{})
	for want, o := range map[string]Translation{
		"Beam -1":          {Beam: -1},
		"Best 3 of a Beam": {Best: 3, Beam: 2},
		"LengthPenalty":    {LengthPenalty: math.NaN()},
		"Max -1":           {Max: -1},
	} {
		if _, err := m.Translate(context.Background(), []string{"a"}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	found, err := m.Translate(context.Background(), []string{"The cat", "\xff", "The dog"}, Translation{})
	var at *TextError
	if !errors.As(err, &at) || at.Index != 1 || len(found) != 1 {
		t.Errorf("%v, %v; want the first translation and an error of the second", found, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := m.Translate(ctx, []string{"The cat"}, Translation{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if found, err := m.Translate(context.Background(), nil, Translation{}); err != nil || len(found) != 0 {
		t.Error(found, err)
	}
	if _, err := (&Translator{}).Translate(context.Background(), nil, Translation{}); err == nil {
		t.Error("an empty model translates")
	}
	if _, err := m.Evaluate(context.Background(), Pairs{}, Translation{}); err == nil {
		t.Error("no error without pairs")
	}
}

func TestNewTranslatorRefuses(t *testing.T) {
	for _, c := range []struct {
		field string
		edit  func(c *Config)
	}{
		{"Hidden", func(c *Config) { c.Hidden = 7 }},
		{"Tied", func(c *Config) { c.Translate.Tied, c.Embed = true, 6 }},
		{"Joint", func(c *Config) { c.Translate.Joint, c.Translate.TargetTokens = true, Symbols }},
		{"InputFeeding", func(c *Config) { c.Translate.InputFeeding, c.Translate.Attention = true, "none" }},
		{"InputFeeding", func(c *Config) { c.Translate.InputFeeding, c.Translate.Attention = true, "additive" }},
		{"Attention", func(c *Config) { c.Translate.Attention = "full" }},
		{"Smoothing", func(c *Config) { c.Translate.Smoothing = 1 }},
		{"Smoothing", func(c *Config) { c.Translate.Smoothing = math.NaN() }},
		{"TargetTokens", func(c *Config) { c.Translate.TargetTokens = "syllable" }},
		{"Tokens", func(c *Config) { c.Tokens = "syllable" }},
		{"Pool", func(c *Config) { c.Pool = "max" }},
		{"Adaptive", func(c *Config) { c.Adaptive = []int{3} }},
		{"Cell", func(c *Config) { c.Cell = "transformer" }},
		{"Cell", func(c *Config) { c.Cell = "mlstm" }},
		{"Heads", func(c *Config) { c.Cell, c.Heads = "slstm", 8 }},
		{"Residual", func(c *Config) { c.Residual = true }},
		{"RecurrentDropout", func(c *Config) { c.RecurrentDropout = 0.1 }},
	} {
		config := small(Config{Clip: 1})
		c.edit(&config)
		_, err := NewTranslator(config, sentences())
		var setting *ConfigError
		if !errors.As(err, &setting) || setting.Field[strings.LastIndexByte(setting.Field, '.')+1:] != c.field {
			t.Errorf("%v; want an error of %s", err, c.field)
		}
	}
	if _, err := NewTranslator(small(Config{Tokens: Symbols}), Pairs{Sources: []string{"a <s>"}, Targets: []string{"b"}}); err == nil ||
		!strings.Contains(err.Error(), `the sources: the symbol "<s>" stands for something else`) {
		t.Error(err)
	}
	for _, p := range []Pairs{{}, {Sources: []string{"a"}}, {Sources: []string{"\xff"}, Targets: []string{"a"}}} {
		if _, err := NewTranslator(small(Config{}), p); err == nil {
			t.Errorf("a translator of %v", p)
		}
	}
}

// Pairs with a side that is too long are passed over, and where none is left, that is an error.
func TestTranslatorPassesOverLongPairs(t *testing.T) {
	p := sentences()
	p.Sources[3] = strings.Repeat("long ", 40)
	p.Targets[5] = strings.Repeat("dài ", 40)
	m, err := NewTranslator(small(Config{Tokens: "word", Seq: 30, Epochs: 1}), p)
	if err != nil {
		t.Fatal(err)
	}
	short, err := m.Short(p)
	if err != nil || short.Len() != 18 {
		t.Errorf("%d pairs, %v; want 18", short.Len(), err)
	}
	if _, err := m.Fit(context.Background(), p, Pairs{}, Run{}); err != nil || m.longest > 30 {
		t.Errorf("the longest target has %d tokens, %v", m.longest, err)
	}
	c := m.Config()
	c.Seq = 1
	if m, err = m.With(c); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(context.Background(), p, p, Run{}); err == nil || !strings.Contains(err.Error(), "of 1 tokens a side at most") {
		t.Error(err)
	}
	p.Targets[2] = " "
	if _, err := m.Fit(context.Background(), p, p, Run{}); err == nil || !strings.Contains(err.Error(), "pair 2: its target has no tokens") {
		t.Error(err)
	}
}
