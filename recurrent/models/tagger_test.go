package models

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"gorgonia.org/tensor"
)

// people are sentences whose names a tagger learns in a blink: a first name begins one, a surname goes on.
func people(n int) Sentences {
	rng := rand.New(rand.NewPCG(1, 1))
	first, last := strings.Fields("Ann Bob Cleo Dan"), strings.Fields("Adams Brown Clarkson")
	verbs, things := strings.Fields("sees likes meets"), strings.Fields("bread water music")
	pick := func(list []string) string { return list[rng.IntN(len(list))] }
	var s Sentences
	for range n {
		words, tags := []string{pick(first)}, []string{"B-PER"}
		if rng.IntN(2) == 0 {
			words, tags = append(words, pick(last)), append(tags, "I-PER")
		}
		words, tags = append(words, pick(verbs), pick(things)), append(tags, "O", "O")
		s.Words, s.Tags = append(s.Words, words), append(s.Tags, tags)
	}
	return s
}

func newTags(t *testing.T, c Config) *Tagger {
	t.Helper()
	s := people(60)
	if c.Tag.Scheme == "" {
		c.Tag.Scheme = "iob2"
	}
	c.Hidden, c.Embed, c.Batch, c.Tag.CharEmbed, c.Tag.CharHidden = 8, 6, 4, 4, 3
	m, err := NewTagger(c, s, s.AllTags())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func fitTags(t *testing.T, m *Tagger, n int) {
	t.Helper()
	if _, err := m.Fit(context.Background(), people(n), Sentences{}, Run{}); err != nil {
		t.Fatal(err)
	}
}

func TestTagger(t *testing.T) {
	for _, c := range []TagConfig{{}, {Softmax: true}, {Characters: SpellingConv}, {Characters: SpellingNone, Softmax: true}} {
		m := newTags(t, Config{Tag: c, Epochs: 12, Rate: 0.02})
		fitTags(t, m, 60)
		e, err := m.Evaluate(people(90))
		if err != nil || e.Words < 200 || e.Confusion.Accuracy() < 0.99 || e.Spans.Micro().F1 < 0.98 || e.Strict == nil || !(e.Loss > 0 && e.Loss < 0.3) {
			t.Errorf("%+v: %+v, %v", c, e, err)
			continue
		}
		got, err := m.Tag([][]string{strings.Fields("Ann Clarkson sees water"), {}, {"Bob"}})
		want := [][]string{strings.Fields("B-PER I-PER O O"), {}, {"B-PER"}}
		if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	// A word that no sentence had is read by its characters: names begin with a capital letter.
	m := newTags(t, Config{Epochs: 25, Rate: 0.02})
	fitTags(t, m, 60)
	if got, err := m.Tag([][]string{strings.Fields("Bobo likes bretter")}); err != nil || got[0][2] != "O" {
		t.Errorf("%q, %v", got, err)
	}
}

// Every cell trains, saves and loads, with characters and without, and the demand is the number of weights.
func TestTaggerOfEveryCellInAFile(t *testing.T) {
	dir := t.TempDir()
	for i, cell := range textCells() {
		m := newTags(t, Config{Cell: cell, OneWay: i%2 == 0, Layers: 1 + i%3, Steps: 3,
			Tag: TagConfig{Characters: SpellingReaders()[i%3], Softmax: i%4 == 1}})
		fitTags(t, m, 30)
		if d := m.Demand(); d.Weights != float64(m.Params().Elements()) || d.Likely <= d.Least {
			t.Errorf("%s: %+v; the network has %d weights", m.Config().Network(KindTagger), d, m.Params().Elements())
		}
		path := filepath.Join(dir, cell)
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		back, err := LoadTagger(path)
		if err != nil {
			t.Fatal(err)
		}
		same(t, cell, m.Params(), back.Params())
		want, err1 := m.Tag(people(20).Words)
		got, err2 := back.Tag(people(20).Words)
		if err1 != nil || err2 != nil || !slices.EqualFunc(got, want, slices.Equal) || back.Kind() != KindTagger || back.Trained() {
			t.Errorf("%s: %q and %q, %v, %v", cell, got, want, err1, err2)
		}
		if fmt.Sprint(back.Config()) != fmt.Sprint(m.Config()) {
			t.Errorf("%+v, want %+v", back.Config(), m.Config())
		}
	}
}

// tensorsOf reads a file of testdata.
func tensorsOf(t *testing.T, name string) map[string]*tensor.Dense {
	t.Helper()
	list, _, err := graph.ReadSafetensors(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*tensor.Dense{}
	for _, v := range list {
		out[v.Name] = v.Value
	}
	return out
}

// The whole network is PyTorch's: emissions, loss and best tags, see testdata/record_tagger.py.
func TestTaggerIsPyTorchs(t *testing.T) {
	all := tensorsOf(t, "tagger_torch.safetensors")
	words, err := datasets.Labels(strings.Fields("a b c d e"))
	if err != nil {
		t.Fatal(err)
	}
	characters, err := datasets.Characters("abcd")
	if err != nil {
		t.Fatal(err)
	}
	words, err = words.WithSpecials()
	if err != nil {
		t.Fatal(err)
	}
	if characters, err = characters.WithSpecials(); err != nil {
		t.Fatal(err)
	}
	c := taggerDefaults()
	c.Embed, c.Hidden, c.Tag.CharEmbed, c.Tag.CharHidden, c.Dropout = 5, 6, 4, 3, 0
	m, err := newTagger(c, words, characters, []string{"x", "y", "z"})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.draw(); err != nil {
		t.Fatal(err)
	}
	for i := range m.Params().Len() {
		name := m.Params().At(i).Name()
		if all["param."+name] == nil {
			t.Fatalf("PyTorch's tagger has no %s", name)
		}
		if err := m.Params().Set(name, all["param."+name]); err != nil {
			t.Fatal(err)
		}
	}
	in := []*tensor.Dense{all["in.words"], all["in.lengths"], all["in.characters"], all["in.character_lengths"], all["in.places"]}
	emissions, err := m.Emissions().Run(in...)
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "emissions", emissions[0], all["out.emissions"], 1e-5)
	out, err := m.Loss().Run(append(in, all["in.tags"])...)
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "loss", out[0], all["out.loss"], 1e-5)
	allowed, _, err := m.chains()
	if err != nil {
		t.Fatal(err)
	}
	lengths := all["in.lengths"].Ints()
	best, _, err := losses.CRF{}.Tags(allowed, "", emissions[0], lengths)
	if err != nil {
		t.Fatal(err)
	}
	for b, tags := range best {
		for i, tag := range tags {
			if want := all["out.best"].Ints()[i*len(lengths)+b]; tag != want {
				t.Errorf("sentence %d, word %d: tag %d, want %d", b, i, tag, want)
			}
		}
	}
}

// A model that knows nothing never breaks its scheme, and finds of all allowed sequences of tags the best.
func TestTagsFollowTheScheme(t *testing.T) {
	s := people(40)
	for _, scheme := range []spans.Scheme{spans.IOB1, spans.IOB2, spans.BIOES, spans.BILOU} {
		for _, softmax := range []bool{false, true} {
			own, err := s.Converted(spans.IOB2, scheme)
			if err != nil {
				t.Fatal(err)
			}
			// Tags of a second type, so that much can go wrong.
			tags := own.AllTags()
			for _, tag := range tags {
				tags = append(tags, strings.Replace(tag, "PER", "LOC", 1))
			}
			c := Config{Hidden: 4, Embed: 4, Batch: 4, Seed: 5, Tag: TagConfig{Scheme: scheme.String(), Softmax: softmax}}
			m, err := NewTagger(c, own, tags)
			if err != nil {
				t.Fatal(err)
			}
			found, err := m.Tag(own.Words)
			if err != nil {
				t.Fatal(err)
			}
			if f := scheme.Check(found); f.Count > 0 {
				t.Errorf("%v: %v", scheme, f)
			}
		}
	}
	// Tags that cannot make a sentence of one word: the best of each is taken.
	c := Config{Hidden: 4, Embed: 4, Batch: 4, Tag: TagConfig{Scheme: "bioes"}}
	m, err := NewTagger(c, Sentences{Words: [][]string{{"a", "b"}}}, []string{"B-X", "E-X"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Tag([][]string{{"a"}, {"a", "b"}}); err != nil || len(got[0]) != 1 || !slices.Equal(got[1], []string{"B-X", "E-X"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// A training that is stopped and resumed, with any number of processors, ends with the bits of one that was not.
func TestTaggerResumesToTheBit(t *testing.T) {
	dir := t.TempDir()
	c := Config{Epochs: 3, Dropout: 0.3, Patience: 2}
	fit, valid := people(60), people(20)
	whole := newTags(t, c)
	if _, err := whole.Fit(context.Background(), fit, valid, Run{}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "m")
	first := newTags(t, c)
	l, err := first.Loop(fit, valid, Run{Checkpoint: path})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	l.Observers = append(l.Observers, stopAt(20, stop))
	if _, err := l.Run(ctx); err == nil {
		t.Fatal("it was not stopped")
	}
	back, err := LoadTagger(path)
	if err != nil || !back.Trained() {
		t.Fatal(err)
	}
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	if _, err := back.Resume(context.Background(), fit, valid, Run{}); err != nil {
		t.Fatal(err)
	}
	same(t, "resumed", whole.Params(), back.Params())
}

func TestTaggerWith(t *testing.T) {
	m := newTags(t, Config{Epochs: 2})
	fitTags(t, m, 60)
	c := m.Config()
	c.Epochs, c.Rate = 7, 0.1
	with, err := m.With(c)
	if err != nil || with.Config().Epochs != 7 {
		t.Fatal(err)
	}
	same(t, "with", m.Params(), with.Params())
	c.Tag.Scheme, c.Tag.Softmax = "none", true
	other, err := NewTaggerOf(c, m, []string{"NOUN", "VERB", "NOUN"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(other, m); err != nil || !slices.Equal(other.Tags(), []string{"NOUN", "VERB"}) || other.Params().Get("crf.transitions") != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"embedding.weight", "characters.weight", "spelling.weight_ih_l0", "rnn.weight_hh_l0_reverse"} {
		if !slices.Equal(other.Params().Get(name).Value().Float32s(), m.Params().Get(name).Value().Float32s()) {
			t.Errorf("%s was not kept", name)
		}
	}
	if n := other.Params().Get("head.bias").Len(); n != 2 {
		t.Errorf("a head of %d", n)
	}
	for name, change := range map[string]func(*Config){
		"Config.Tag another head":             func(c *Config) { c.Tag.Scheme = "none" },
		`Config.Tag.Characters conv`:          func(c *Config) { c.Tag.Characters = SpellingConv },
		"Config.Hidden 9; want 8":             func(c *Config) { c.Hidden = 9 },
		"Config.Rate -1; want above 0":        func(c *Config) { c.Rate = -1 },
		"Config.Tag.CharHidden 0":             func(c *Config) { c.Tag.CharHidden = 0 },
		"Config.Pool \"max\"; want none":      func(c *Config) { c.Pool = "max" },
		`Config.Tag.Scheme "x"; want none, i`: func(c *Config) { c.Tag.Scheme = "x" },
	} {
		c := m.Config()
		change(&c)
		if strings.Contains(name, "Scheme") {
			_, err = NewTaggerOf(c, m, m.Tags())
		} else {
			_, err = m.With(c)
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v; want %s", err, name)
		}
	}
}

func TestTaggerRefuses(t *testing.T) {
	s := people(10)
	m := newTags(t, Config{})
	made := func(_ *Tagger, err error) error { return err }
	evaluated := func(s Sentences) error {
		_, err := m.Evaluate(s)
		return err
	}
	fitted := func(s Sentences) error {
		_, err := m.Fit(context.Background(), s, Sentences{}, Run{})
		return err
	}
	_, tagErr := m.Tag([][]string{{"a", ""}})
	_, badErr := m.Tag([][]string{{"a\xff"}})
	_, loadErr := LoadTagger(filepath.Join("testdata", "reviews.safetensors"))
	_, baseErr := NewTagBaseline(Sentences{})
	_, compareErr := CompareTags(s, nil, spans.None)
	for _, c := range []struct {
		err  error
		want string
	}{
		{made(NewTagger(Config{}, s, []string{"a", "a"})), `its tags are ["a"]; want two at least`},
		{made(NewTagger(Config{}, s, []string{"a", ""})), "its tags have one that is empty"},
		{made(NewTagger(Config{}, Sentences{}, s.AllTags())), "a vocabulary of an empty text"},
		{made(NewTagger(Config{Tokens: "word"}, s, s.AllTags())), `Config.Tokens "word"; want none: a tagger reads words and their characters`},
		{made((&Tagger{}).With(Config{})), "there is no model: make one with"},
		{evaluated(Sentences{}), "there are no sentences to evaluate with"},
		{evaluated(Sentences{Words: [][]string{{"a"}}}), "1 lists of words, 0 of tags"},
		{evaluated(Sentences{Words: [][]string{{"a"}}, Tags: [][]string{{"O", "O"}}, Name: "f", Lines: []int{7}}), "f, line 7 has 1 words and 2 tags"},
		{fitted(Sentences{Words: [][]string{{"a"}, {"b"}}, Tags: [][]string{{"O"}, {"X"}}, Name: "f", Lines: []int{1, 3}}), `word 1 has the tag "X"; the model knows B-PER, I-PER, O`},
		{fitted(Sentences{}), "there are no sentences to train on"},
		{tagErr, "sentence 0: word 2 is empty"},
		{badErr, "sentence 0: word 1: "},
		{loadErr, "is a classifier of texts; want a tagger of words"},
		{baseErr, "there are no sentences to count tags in"},
		{compareErr, "tags for 0 of 10 sentences"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v; want %s", c.err, c.want)
		}
	}
	if _, err := LoadTagger(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) && err == nil {
		t.Error(err)
	}
	// Tags that the model does not know count as wrong.
	e, err := m.Evaluate(Sentences{Words: [][]string{{"Ann", "zzz"}}, Tags: [][]string{{"B-LOC", "O"}}})
	if err != nil || e.UnknownTags != 1 || e.UnknownWords != 1 || e.Loss != 0 || e.Confusion.Accuracy() > 0.5 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestManyGoroutinesTag(t *testing.T) {
	m := newTags(t, Config{Steps: 8})
	fitTags(t, m, 60)
	want, err := m.Tag(people(50).Words)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			n := 10 + 5*i
			got, err := m.Tag(people(50).Words[:n])
			if err != nil || !slices.EqualFunc(got, want[:n], slices.Equal) {
				t.Errorf("%d sentences: %v", n, err)
			}
		})
	}
	all.Wait()
}

func TestTagBaseline(t *testing.T) {
	s := Sentences{
		Words: [][]string{strings.Fields("the dog runs"), strings.Fields("the run runs fast"), strings.Fields("walking sings")},
		Tags:  [][]string{strings.Fields("DET NOUN VERB"), strings.Fields("DET NOUN VERB ADV"), strings.Fields("NOUN VERB")},
	}
	b, err := NewTagBaseline(s)
	if err != nil {
		t.Fatal(err)
	}
	// jumping ends as walking, rings as sings; of an ending that no single word has, NOUN and VERB are as frequent as each
	// other, and the first is taken.
	if got := b.Tag(strings.Fields("runs The jumping rings éù")); !slices.Equal(got, strings.Fields("VERB NOUN NOUN VERB NOUN")) {
		t.Errorf("%q", got)
	}
}
