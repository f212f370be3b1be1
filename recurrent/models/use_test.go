package models

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// One model serves many goroutines, each with the answers that it would have alone.
func TestManyGoroutines(t *testing.T) {
	m, l := newClasses(t, Config{Steps: 5}), newLanguage(t, Config{Steps: 5})
	if _, err := m.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Fit(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	answers := func(i int) (p []float64, likely float64, text string, accuracy, loss float64) {
		texts := opinions(3 + i%3).Texts
		labelled, err1 := m.Predict(texts)
		likelihoods, err2 := l.Predict([]string{"the lazy dog"})
		text, err3 := l.Generate(context.Background(), "the ", Generation{Length: 20, Seed: uint64(i % 3)})
		e, err4 := m.Evaluate(opinions(20 + i%3))
		rest, err5 := l.EvaluateRest(fox)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				t.Error(err)
				return
			}
		}
		return labelled[0].Probabilities, likelihoods[0].LogProb(), text, e.Confusion.Accuracy(), rest.Loss
	}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			p, likely, text, accuracy, loss := answers(i)
			q, likely2, text2, accuracy2, loss2 := answers(i)
			if !slices.Equal(p, q) || likely != likely2 || text != text2 || accuracy != accuracy2 || loss != loss2 {
				t.Errorf("%v and %v, %g and %g, %q and %q", p, q, likely, likely2, text, text2)
			}
		})
	}
	all.Wait()
}

// A classifier that was trained tells the labels of new texts, of texts without tokens, and says which it cannot read.
func TestClassify(t *testing.T) {
	c := Defaults(KindClassifier)
	c.Tokens, c.Epochs, c.Patience, c.Rate = "word", 15, 0, 0.01
	m := newClasses(t, c)
	fit, valid, test, err := opinions(100).Split(0.1, 0.2)
	if err != nil || fit.Len() != 72 || valid.Len() != 8 || test.Len() != 20 {
		t.Fatalf("%d, %d, %d, %v", fit.Len(), valid.Len(), test.Len(), err)
	}
	if _, err := m.Fit(context.Background(), fit, valid, Run{}); err != nil {
		t.Fatal(err)
	}
	e, err := m.Evaluate(test)
	if err != nil || e.Rows != 20 || e.Confusion.Accuracy() < 0.9 || !(e.Loss < 0.5) {
		t.Errorf("%+v, %v", e, err)
	}
	found, err := m.Predict([]string{"the film was wonderful", "", "the story was dull"})
	if err != nil || found[0].Label != "positive" || found[2].Label != "negative" || math.Abs(found[1].Probabilities[0]+found[1].Probabilities[1]-1) > 1e-12 {
		t.Errorf("%+v, %v", found, err)
	}
	if p := found[0]; p.Probability != p.Probabilities[slices.Index(m.Labels(), p.Label)] {
		t.Errorf("%+v", p)
	}
	found, err = m.Predict([]string{"the film", "a \xff", "the story"})
	var at *TextError
	if !errors.As(err, &at) || at.Index != 1 || len(found) != 1 {
		t.Errorf("%d predictions, %v", len(found), err)
	}
	for _, wrong := range []Examples{
		{}, {Texts: []string{"a"}}, {Texts: []string{"a"}, Labels: []string{"neutral"}}, {Texts: []string{"a"}, Labels: []string{"positive"}, Lines: []int{1, 2}},
		{Texts: []string{"\xff"}, Labels: []string{"positive"}},
	} {
		if _, err := m.Evaluate(wrong); err == nil {
			t.Errorf("%+v was evaluated", wrong)
		}
		if _, err := m.Fit(context.Background(), wrong, wrong, Run{}); err == nil {
			t.Errorf("%+v was trained on", wrong)
		}
	}
	lined := Examples{Texts: []string{"a"}, Labels: []string{"neutral"}, Name: "r.csv", Lines: []int{7}}
	if _, err := m.Evaluate(lined); err == nil || !strings.Contains(err.Error(), `r.csv, line 7 has the label "neutral"; the model knows negative, positive`) {
		t.Error(err)
	}
}

func TestGenerate(t *testing.T) {
	m := newLanguage(t, Config{Epochs: 2})
	if _, err := m.Fit(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	var pieces []string
	o := Generation{Length: 30, Seed: 3, Each: func(piece string) error { pieces = append(pieces, piece); return nil }}
	text, err := m.Generate(ctx, "the quick", o)
	if err != nil || len(text) != 30 || len(pieces) != 30 || strings.Join(pieces, "") != text {
		t.Errorf("%q, %q, %v", text, pieces, err)
	}
	if again, _ := m.Generate(ctx, "the quick", Generation{Length: 30, Seed: 3}); again != text {
		t.Errorf("%q, %q", text, again)
	}
	if other, _ := m.Generate(ctx, "the quick", Generation{Length: 30, Seed: 4}); other == text {
		t.Error("the seed changes nothing")
	}
	if text, err := m.Generate(ctx, "", Generation{}); err != nil || len(text) != 500 {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	stop := errors.New("enough")
	o.Each = func(string) error { return stop }
	if text, err := m.Generate(ctx, "the", o); err != stop || len(text) != 1 {
		t.Errorf("%q, %v", text, err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := m.Generate(cancelled, "the", Generation{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, wrong := range []Generation{{Length: -1}, {Sampler: decode.Sampler{TopK: -1}}} {
		if _, err := m.Generate(ctx, "the", wrong); err == nil {
			t.Errorf("%+v: no error", wrong)
		}
	}
	if _, err := m.Generate(ctx, "té", Generation{}); err == nil || !strings.Contains(err.Error(), "é") {
		t.Error(err)
	}
}

// The likelihood of a text is the product of those of its tokens, and perplexity its inverse by the token.
func TestLikelihood(t *testing.T) {
	m := newLanguage(t, Config{})
	all, err := m.Predict([]string{"the dog", "t", ""})
	if err != nil || all[0].Tokens != 6 || all[1].Tokens != 0 || !math.IsNaN(all[2].Perplexity()) {
		t.Fatalf("%+v, %v", all, err)
	}
	if l := all[0]; math.Abs(math.Exp(-l.LogProb()/6)-l.Perplexity()) > 1e-9*l.Perplexity() {
		t.Errorf("%+v: perplexity %g", l, l.Perplexity())
	}
	if found, err := m.Predict([]string{"the", "é"}); err == nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
	rest, err := m.EvaluateRest(fox)
	last, err2 := m.Evaluate(fox[len(fox)*9/10:])
	if err != nil || err2 != nil || rest != last || rest.Tokens < 100 {
		t.Errorf("%+v, %+v; %v, %v", rest, last, err, err2)
	}
	if _, err := m.Evaluate("a"); err == nil {
		t.Error("one token was evaluated")
	}
}

func TestUnknown(t *testing.T) {
	m := newLanguage(t, Config{})
	unknown, tokens, err := m.Unknown("ÄÄ the öÄ")
	if err != nil || tokens != 9 || !slices.Equal(unknown, []Count{{"Ä", 3}, {"ö", 1}}) {
		t.Errorf("%v of %d, %v", unknown, tokens, err)
	}
	m = newLanguage(t, Config{Tokens: "word"})
	unknown, tokens, err = m.Unknown("the slow brown cat")
	if err != nil || tokens != 4 || !slices.Equal(unknown, []Count{{datasets.Unknown, 2}}) {
		t.Errorf("%v of %d, %v", unknown, tokens, err)
	}
	if unknown, _, err = m.Unknown("the quick fox"); err != nil || unknown != nil {
		t.Errorf("%v, %v", unknown, err)
	}
}

// A model takes other settings of its training and keeps its network and weights.
func TestWith(t *testing.T) {
	m := newClasses(t, Config{Layers: 2})
	if err := m.Save(filepath.Join(t.TempDir(), "m")); err != nil {
		t.Fatal(err)
	}
	c := m.Config()
	c.Rate, c.Seed, c.Dropout = 1e-4, 9, 0.5
	other, err := m.With(c)
	if err != nil || other.Config().Rate != 1e-4 {
		t.Fatal(err)
	}
	same(t, "with another rate", m.Params(), other.Params())
	c.Hidden = 9
	if _, err := m.With(c); err == nil || !strings.Contains(err.Error(), "Config.Hidden 9; want 8: a model keeps its network") {
		t.Error(err)
	}
	l := newLanguage(t, Config{})
	c = l.Config()
	c.Epochs = 7
	if other, err := l.With(c); err != nil || other.Config().Epochs != 7 {
		t.Error(err)
	} else {
		same(t, "with more epochs", l.Params(), other.Params())
	}
	c.Cell = "gru"
	if _, err := l.With(c); err == nil {
		t.Error("another cell")
	}
}

// The zero Config is one that trains; what makes no sense is named by its field.
func TestConfig(t *testing.T) {
	for _, k := range []Kind{KindLanguage, KindClassifier} {
		if err := (Config{}).complete(k).Check(k); err != nil {
			t.Errorf("%v: %v", k, err)
		}
		if err := Defaults(k).Check(k); err != nil {
			t.Errorf("%v: %v", k, err)
		}
	}
	for field, c := range map[string]Config{
		"Tokens": {Tokens: "bpe"}, "Vocabulary": {Vocabulary: 1}, "Cell": {Cell: "cnn"}, "Layers": {Layers: -1}, "Hidden": {Hidden: -1}, "Embed": {Embed: -1},
		"Dropout": {Dropout: 1}, "OneWay": {OneWay: true}, "Pool": {Pool: "max"}, "Seq": {Seq: -1}, "Batch": {Seq: 1 << 30, Batch: 1 << 30},
		"Optimizer": {Optimizer: "magic"}, "Rate": {Rate: math.Inf(1)}, "Clip": {Clip: math.NaN()}, "Epochs": {Epochs: -1}, "Steps": {Steps: -1}, "Patience": {Patience: -1},
	} {
		_, err := NewLanguageModel(c, fox)
		var wrong *ConfigError
		if !errors.As(err, &wrong) || wrong.Field != field || !strings.HasPrefix(err.Error(), "models: Config."+field+" ") {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := NewClassifier(Config{Pool: "top"}, []string{"a"}, []string{"x", "y"}); err == nil || !strings.Contains(err.Error(), `Config.Pool "top"; want last, max, mean or attention`) {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"no text":       second(NewLanguageModel(Config{}, "")),
		"no vocabulary": second(NewLanguageModelOf(Config{}, nil)),
		"one label":     second(NewClassifier(Config{}, []string{"a"}, []string{"x", "x"})),
		"no texts":      second(NewClassifier(Config{}, nil, []string{"x", "y"})),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	// A network that no machine has is refused in little memory.
	huge, err := NewLanguageModel(Config{Hidden: math.MaxInt / 2}, fox)
	if err != nil {
		t.Fatal(err)
	}
	used := testutil.Allocated(func() { _, err = huge.Fit(context.Background(), fox, Run{}) })
	if err == nil || !strings.Contains(err.Error(), "more than any machine can hold") || used > 16<<20 {
		t.Errorf("%d MiB, %v", used>>20, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestReadExamples(t *testing.T) {
	file := func(name, contents string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, contents := range map[string]string{
		"a.csv": "id,label,text\n1, good,\"a, b\"\n\n2,bad,c\n", "b.csv": "text;label\na, b;good\n\nc;bad \n", "c.tsv": "text\tlabel\na, b\tgood\n\nc\tbad\n",
	} {
		e, err := ReadExamples(file(name, contents), "text", "label")
		if err != nil || !slices.Equal(e.Texts, []string{"a, b", "c"}) || !slices.Equal(e.Labels, []string{"good", "bad"}) || !slices.Equal(e.Lines, []int{2, 4}) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
	for contents, want := range map[string]string{
		"text,label\na,\n": "line 2: no label in column \"label\"", "text,tag\na,b\n": `no column "label"`, "text,label\na\n": "1 fields; want 2",
	} {
		if _, err := ReadExamples(file("x.csv", contents), "text", "label"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", contents, err, want)
		}
	}
	if _, err := ReadExamples(filepath.Join(t.TempDir(), "none.csv"), "text", "label"); err == nil {
		t.Error("a file that is not there was read")
	}
}
