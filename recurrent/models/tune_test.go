package models

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/decode"
	"gorgonia.org/tensor"
)

// owl is another text in the letters of fox.
var owl = strings.Repeat("every jug of wax quickly made the lazy owls doze\n", 40)

// tuned is a trained language model, and the same one with an adapter that is yet to be trained.
func tuned(t *testing.T, c Config) (base, m *LanguageModel) {
	t.Helper()
	base = newLanguage(t, Config{Epochs: 4, Layers: 2})
	if _, err := base.Fit(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	had := base.Config()
	had.Tune, had.Epochs, had.Rate, had.Dropout = c.Tune, 6, 0.02, c.Dropout
	m, err := base.With(had)
	if err != nil {
		t.Fatal(err)
	}
	return base, m
}

var smallTune = TuneConfig{Rank: 2, Alpha: 4, Dropout: 0.1}

// A training changes the adapter alone, saves it alone, and goes on to the bit; merged, the model computes the same.
func TestTune(t *testing.T) {
	dir := t.TempDir()
	c := Config{Dropout: 0.1, Tune: smallTune}
	base, whole := tuned(t, c)
	before, err := base.Evaluate(owl)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "whole.safetensors")
	if _, err := whole.Fit(context.Background(), owl, Run{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	after, err := whole.Evaluate(owl)
	if err != nil {
		t.Fatal(err)
	}
	if after.Loss > before.Loss*0.8 {
		t.Errorf("the loss on the new text is %.3f, and was %.3f", after.Loss, before.Loss)
	}
	for i := range base.Params().Len() {
		q := base.Params().At(i)
		graphtest.Close(t, q.Name(), whole.Params().Get(q.Name()).Value(), q.Value(), 0)
	}
	tensors, _, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range tensors {
		if !strings.Contains(v.Name, ".lora_") && !strings.HasPrefix(v.Name, "train/state") && v.Name != "train/optim/step" {
			t.Errorf("the file has %s %v", v.Name, v.Value.Shape())
		}
	}

	_, part := tuned(t, c)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	path = filepath.Join(dir, "part.safetensors")
	if _, err := part.Fit(ctx, owl, Run{Checkpoint: path, Observers: []train.Observer{stopAt(20, cancel)}}); err == nil {
		t.Fatal("the run was not stopped")
	}
	loaded, err := LoadAdapted(base, path)
	if err != nil {
		t.Fatal(err)
	}
	again := loaded.(*LanguageModel)
	if _, err := again.Resume(context.Background(), owl, Run{}); err != nil {
		t.Fatal(err)
	}
	for i := range whole.Params().Len() {
		q := whole.Params().At(i)
		graphtest.Close(t, "resumed "+q.Name(), again.Params().Get(q.Name()).Value(), q.Value(), 0)
	}

	path = filepath.Join(dir, "merged.safetensors")
	if err := whole.Save(path); err != nil {
		t.Fatal(err)
	}
	merged, err := LoadLanguageModel(path)
	if err != nil {
		t.Fatal(err)
	}
	if merged.Params().Len() != base.Params().Len() {
		t.Errorf("the merged model has %d weights; want %d", merged.Params().Len(), base.Params().Len())
	}
	l, err := merged.Evaluate(owl)
	if err != nil || math.Abs(l.Loss-after.Loss) > 1e-6 {
		t.Errorf("merged, the loss is %v, and was %v beside its adapter, %v", l.Loss, after.Loss, err)
	}
}

// An adapter goes through a file, and through a folder of PEFT.
func TestSaveAdapter(t *testing.T) {
	for _, c := range []TuneConfig{
		{Rank: 2, Targets: []string{"lstm", "embedding"}, Blocks: []bool{true, true}},
		{Rank: 2, Targets: []string{"lstm.weight_hh_*", "head.weight"}, Whole: []string{"embedding", "lstm.bias_ih_*", "head.bias"}},
	} {
		base, m := tuned(t, Config{Tune: c})
		if _, err := m.Fit(context.Background(), owl, Run{}); err != nil {
			t.Fatal(err)
		}
		want, err := m.Predict([]string{"the lazy owls"})
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{filepath.Join(t.TempDir(), "adapter.safetensors"), filepath.Join(t.TempDir(), "adapter")} {
			if err := SaveAdapter(m, path); err != nil {
				t.Fatal(err)
			}
			back, err := LoadAdapted(base, path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := back.(*LanguageModel).Predict([]string{"the lazy owls"})
			if err != nil || math.Abs(got[0].Loss-want[0].Loss) > 1e-6 {
				t.Errorf("%s: %v; want %v, %v", path, got, want, err)
			}
		}
		if err := SaveAdapter(base, t.TempDir()); err == nil || !strings.Contains(err.Error(), "has no adapter") {
			t.Errorf("%v; want that there is no adapter", err)
		}
	}
}

// Steps that are computed again change gradients by rounding alone, and take less memory.
func TestTuneRecomputes(t *testing.T) {
	in := func(m *LanguageModel) *graph.Program {
		state, err := m.State(2)
		if err != nil {
			t.Fatal(err)
		}
		ids := graphtest.RandomIDs(1, 5, 60, 2)
		p, err := m.Loss().GradProgram(append([]*tensor.Dense{ids, ids}, state...)...)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	_, plain := tuned(t, Config{Tune: smallTune})
	twice := smallTune
	twice.Recompute = -1
	_, less := tuned(t, Config{Tune: twice})
	if a, b := in(plain).Bytes(), in(less).Bytes(); b >= a*3/4 {
		t.Errorf("recomputing takes %d bytes, and %d without", b, a)
	}
	a, err := plain.Fit(context.Background(), owl, Run{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := less.Fit(context.Background(), owl, Run{})
	if err != nil || math.Abs(a.Validation-b.Validation) > 1e-3 {
		t.Errorf("losses of %g and %g, %v", a.Validation, b.Validation, err)
	}
}

// Prompts count for nothing: what is learned is to answer.
func TestFitAnswers(t *testing.T) {
	var pairs Pairs
	for i, animal := range []string{"fox", "dog", "owl"} {
		for _, ask := range []string{"what is the ", "how was the ", "who saw a ", "the quick ", "by the ", "lazy "} {
			if err := pairs.Add(ask+animal+" ", []string{"brown", "lazy", "quick"}[i], i); err != nil {
				t.Fatal(err)
			}
		}
	}
	_, m := tuned(t, Config{Tune: TuneConfig{Rank: 4}})
	c := m.Config()
	c.Epochs, c.Batch, c.Rate = 80, 6, 0.02
	m, err := m.With(c)
	if err != nil {
		t.Fatal(err)
	}
	result, err := m.FitAnswers(context.Background(), pairs, Run{})
	if err != nil {
		t.Fatal(err)
	}
	if result.Best > 0.2 {
		t.Errorf("the loss of answers is %.3f", result.Best)
	}
	text, err := m.Generate(context.Background(), "who saw a dog ", Generation{Length: 5, Sampler: decode.Sampler{Greedy: true}})
	if err != nil || text != "lazy\n" {
		t.Errorf("the answer is %q, %v", text, err)
	}
	for want, p := range map[string]Pairs{
		"too few prompts":   {Name: "few.jsonl", Sources: []string{"a"}, Targets: []string{"b"}},
		"in its prompt: ":   {Sources: []string{"a", "é", "c", "d"}, Targets: []string{"b", "b", "b", "b"}},
		"2 sources, 1 targ": {Sources: []string{"a", "b"}, Targets: []string{"b"}},
	} {
		if _, err := m.FitAnswers(context.Background(), p, Run{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

func TestReadAnswers(t *testing.T) {
	read := func(text string) (Pairs, error) {
		path := filepath.Join(t.TempDir(), "a.jsonl")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return ReadAnswers(path)
	}
	p, err := read(`{"prompt": "2+2=", "answer": 4}` + "\n\n" + `{"question": "why", "completion": "because", "id": 3}`)
	if err != nil || p.Len() != 2 || p.Targets[0] != "4" || p.Sources[1] != "why" || p.Lines[1] != 3 {
		t.Errorf("%+v, %v", p, err)
	}
	for text, want := range map[string]string{
		`{"text": "a"}`:                 "line 1 has the fields text; want prompt, instruction, question or input, and answer",
		`{"prompt": " ", "answer":"a"}`: "its source is empty",
		`{"prompt": [], "answer":"a"}`:  "want a text",
		`no`:                            "line 1",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

// Every kind of model can be adapted.
func TestTuneClassifier(t *testing.T) {
	base := newClasses(t, Config{Epochs: 2})
	if _, err := base.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	c := base.Config()
	c.Tune, c.Patience = TuneConfig{Rank: 1}, 2
	m, err := base.With(c)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if _, err := m.Fit(context.Background(), opinions(60), Examples{}, Run{Checkpoint: path}); err != nil {
		t.Fatal(err)
	}
	back, err := LoadAdapted(base, path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := m.Predict([]string{"good"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.(*Classifier).Predict([]string{"good"})
	if err != nil || got[0].Label != want[0].Label || got[0].Probability != want[0].Probability {
		t.Errorf("%v; want %v, %v", got, want, err)
	}
	trains, all := Trains(m.Params())
	if trains == 0 || trains*2 > all {
		t.Errorf("%d of %d weights train", trains, all)
	}
}

func TestTuneMistakes(t *testing.T) {
	base, m := tuned(t, Config{Tune: smallTune})
	path := filepath.Join(t.TempDir(), "a.safetensors")
	if err := SaveAdapter(m, path); err != nil {
		t.Fatal(err)
	}
	var adapter *AdapterError
	if _, err := Load(path); !errors.As(err, &adapter) || adapter.Path != path {
		t.Errorf("an adapter was read as a model: %v", err)
	}
	other := newLanguage(t, Config{Layers: 2, Seed: 9})
	if _, err := LoadAdapted(other, path); err == nil || !strings.Contains(err.Error(), "beside other weights") {
		t.Errorf("an adapter was read beside other weights: %v", err)
	}
	if _, err := LoadAdapted(newClasses(t, Config{}), path); err == nil || !strings.Contains(err.Error(), "is an adapter of a language model, and the model is a classifier") {
		t.Errorf("an adapter was read beside a model of another kind: %v", err)
	}
	plain := filepath.Join(t.TempDir(), "plain.safetensors")
	if err := base.Save(plain); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadAdapted(base, plain); err == nil || !strings.Contains(err.Error(), "is no adapter") {
		t.Errorf("a model was read as an adapter: %v", err)
	}
	if _, err := LoadAdapted(nil, path); err == nil {
		t.Error("an adapter was read beside nothing")
	}
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	for want, list := range map[string][]graph.Named{
		"want those of an adapter": append(base.Params().Tensors(""), tensors...),
		"does not fit the model":   tensors[1:],
		"tensors; want embedding.": append(slices.Clip(tensors), graph.Named{Name: "lstm.bias_ih_l0.lora_A", Value: tensors[0].Value}),
	} {
		if err := graph.WriteSafetensors(path, list, metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadAdapted(base, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	for want, c := range map[string]Config{
		"Tune.Rank 0; want at least 1":  {Tune: TuneConfig{Alpha: 1}},
		"Tune.Rank -1; want at least 1": {Tune: TuneConfig{Rank: -1}},
		"Freeze [head]; want none":      {Tune: TuneConfig{Rank: 1}, Freeze: []string{"head"}},
		`Optimizer "sparse-adam"`:       {Tune: TuneConfig{Rank: 1}, Optimizer: "sparse-adam"},
		"Tune.Whole":                    {Tune: TuneConfig{Rank: 1, Whole: []string{"["}}},
		"which is to be trained whole":  {Tune: TuneConfig{Rank: 1, Whole: []string{"lsmt"}}},
		"Tune.Recompute -2":             {Tune: TuneConfig{Rank: 1, Recompute: -2}},
		"is the name of no weight":      {Tune: TuneConfig{Rank: 1, Targets: []string{"lsmt"}}},
		"cannot be cut into 7 blocks":   {Tune: TuneConfig{Rank: 1, Blocks: slices.Repeat([]bool{true}, 7)}},
	} {
		had := base.Config()
		had.Tune, had.Freeze = c.Tune, c.Freeze
		if c.Optimizer != "" {
			had.Optimizer = c.Optimizer
		}
		m, err := base.With(had)
		if err == nil {
			_, err = m.Loop(owl, Run{})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if nn.IsAdapter("head.weight") {
		t.Error("a weight was taken for an adapter")
	}
}
