package models

import (
	"context"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/nn/onnx"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// Every choice comes back from a file, with all that it knows.
func TestTranslatorsInFiles(t *testing.T) {
	dir := t.TempDir()
	for name, c := range translatorKinds() {
		c.Steps = 3
		m := newTranslations(t, c)
		if _, err := m.Fit(context.Background(), sentences(), Pairs{}, Run{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		path := filepath.Join(dir, name)
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back := loaded.(*Translator)
		same(t, name, m.Params(), back.Params())
		if !reflect.DeepEqual(back.Config(), m.Config()) || back.longest != m.longest || back.Kind() != KindTranslator || back.Trained() {
			t.Errorf("%s: %+v; was %+v", name, back.Config(), m.Config())
		}
		o := Translation{Beam: 2}
		want, err1 := m.Translate(context.Background(), []string{"The cat eats.", "a dog"}, o)
		got, err2 := back.Translate(context.Background(), []string{"The cat eats.", "a dog"}, o)
		if err1 != nil || err2 != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: %+v, %v; was %+v, %v", name, got, err2, want, err1)
		}
		for _, f := range []graph.WeightFormat{graph.BFloat16Weights, graph.Int8Weights} {
			if err := back.SetWeightFormat(f); err != nil {
				t.Fatal(err)
			}
			found, err := back.Translate(context.Background(), []string{"The cat eats."}, Translation{Max: 1})
			if err != nil || found[0][0].LogProb == want[0][0].LogProb {
				t.Errorf("%s, %v: %+v, %v; want a translation by rounded weights", name, f, found, err)
			}
		}
	}
}

// A run that was stopped and resumed ends with the bits of one that was not.
func TestTranslatorResumes(t *testing.T) {
	dir := t.TempDir()
	c := Config{Tokens: BytePairs, Vocabulary: 300, Epochs: 4, Dropout: 0.2, Translate: TranslateConfig{Smoothing: 0.1}}
	whole := newTranslations(t, c)
	want, err := whole.Fit(context.Background(), sentences(), Pairs{}, Run{})
	if err != nil {
		t.Fatal(err)
	}
	for stop := 1; stop < want.Step; stop += 5 {
		path := filepath.Join(dir, "stopped")
		ctx, cancel := context.WithCancel(context.Background())
		m := newTranslations(t, c)
		_, err := m.Fit(ctx, sentences(), Pairs{}, Run{Checkpoint: path, Observers: []train.Observer{{OnStep: func(p train.Progress) error {
			if p.Step == stop {
				cancel()
			}
			return nil
		}}}})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		m, err = LoadTranslator(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Resume(context.Background(), sentences(), Pairs{}, Run{})
		if err != nil || got.Best != want.Best || m.longest != whole.longest {
			t.Errorf("stopped at %d: best %g, %v; want %g", stop, got.Best, err, want.Best)
		}
		same(t, "resumed", whole.Params(), m.Params())
	}
	if _, err := whole.Resume(context.Background(), sentences(), Pairs{}, Run{}); err == nil {
		t.Error("a model that was not loaded resumes")
	}
}

// sensibleTranslators are values of the next test that a configuration may have.
var sensibleTranslators = map[string]string{
	"pairs": `"word"`, "pairs_target": `"word"`, "source_column": `"word"`, "target_column": `"word"`, "swap": "true",
	"text_sha256": `"word"`, "from": `"word"`, "vectors": `"word"`, "freeze": "[]", "header": `"word"`, "delimiter": `"word"`, "decimal": `"word"`, "encoding": `"word"`, "missing": "[]",
	"test_part": "-5 0 1.5 1000000000 100000000000000 1e300", "valid_file": `"word"`, "test_file": `"word"`,
	"vocabulary": `"word"`, "vocabulary_limit": "1000000000", "one_way": "", "lower": "true", "joint": "", "tied": "true",
	"input_feeding": "", "smoothing": "0", "dropout": "0", "lr": "1.5 1000000000 100000000000000 1e300",
	"clip": "0 1.5 1000000000 100000000000000 1e300", "steps": "0 1000000000", "shards": "0 1000000000", "patience": "0 1000000000", "epochs": "1000000000",
	"seed": "0 1000000000 100000000000000", "seq": "1000000000", "batch": "1000000000", "target_vocabulary": `"word"`, "heads": "0",
	"input_dropout": "0", "recurrent_dropout": "0", "weight_dropout": "0", "zoneout": "0",
}

// Every field of a translator's configuration, made wrong in every way, gives an error that names the file; in little memory.
func TestTranslatorsConfigurationIsInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	if err := newTranslations(t, Config{Tokens: "word"}).Save(path); err != nil {
		t.Fatal(err)
	}
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range jsonNames(reflect.TypeFor[translatorFields]()) {
		for _, value := range []string{"-5", "0", "1000000000", "100000000000000", "1e300", "null", `"word"`, "true", "[]", "{}", "1.5"} {
			own := maps.Clone(metadata)
			own[translatorKey] = testutil.WithField(t, own[translatorKey], field, value)
			var err error
			used := testutil.Allocated(func() {
				var f *file
				if f, err = parseFile("some.safetensors", list, own); err == nil {
					_, err = f.model()
				}
			})
			if slices.Contains(strings.Fields(sensibleTranslators[field]), value) {
				if err != nil {
					t.Errorf("%s %s: %v", field, value, err)
				}
			} else if err == nil || !strings.HasPrefix(err.Error(), "some.safetensors") {
				t.Errorf("%s %s: %v; want an error that names the file", field, value, err)
			}
			if used > 16<<20 {
				t.Errorf("%s %s: loading took %d MiB", field, value, used>>20)
			}
		}
	}
}

func TestDamagedTranslators(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	if err := newTranslations(t, Config{Tokens: "word", Layers: 2}).Save(path); err != nil {
		t.Fatal(err)
	}
	entry := func(key, value string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, metadata map[string]string) []graph.Named {
			metadata[key] = value
			return list
		}
	}
	without := func(name string) func([]graph.Named, map[string]string) []graph.Named {
		return func(list []graph.Named, _ map[string]string) []graph.Named {
			return slices.DeleteFunc(list, func(t graph.Named) bool { return t.Name == name })
		}
	}
	for _, c := range []struct {
		want string
		edit func([]graph.Named, map[string]string) []graph.Named
	}{
		{"its translator is null", entry(translatorKey, "null")},
		{"its source_tokens is null", entry(sourceTokensKey, "null")},
		{"its target_tokens cannot be read", entry(targetTokensKey, "")},
		{"its longest_target cannot be read", entry(longestKey, "")},
		{"its longest_target is -1; want 0 to", entry(longestKey, "-1")},
		{"its longest_target is 1048577; want 0 to", entry(longestKey, "1048577")},
		{"its source_tokens: models: the tokens lack <s> or </s>", entry(sourceTokensKey, `{"kind":"label","tokens":["<unk>","a"]}`)},
		{"its source_tokens are of the kind word; want label", entry(sourceTokensKey, `{"kind":"word","specials":true,"tokens":["<pad>","<unk>","<s>","</s>","a"]}`)},
		{"its configuration has source_tokens 5, its weights source.weight have the shape", entry(sourceTokensKey, `{"kind":"label","specials":true,"tokens":["<pad>","<unk>","<s>","</s>","a"]}`)},
		{"the weights target.weight are missing", without("target.weight")},
		{"its configuration has layers 2, its weights are those of 1", without("decoder.weight_ih_l1")},
		{"its weights do not fit its configuration", without("encoder.weight_hh_l1_reverse")},
		{"its weights do not fit its configuration", without("decoder.weight_key_l0")},
	} {
		list, metadata, err := graph.ReadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		damaged := filepath.Join(dir, "damaged")
		if err := graph.WriteSafetensors(damaged, c.edit(list, metadata), metadata); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(damaged); err == nil || !strings.HasPrefix(err.Error(), damaged) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
	if _, err := LoadClassifier(path); err == nil || !strings.Contains(err.Error(), "is a translator; want a classifier of texts") {
		t.Error(err)
	}
}

// The two ONNX models of a translator compute what it does, and bring its weights back; what Keras lacks is refused.
func TestTranslatorExports(t *testing.T) {
	dir := t.TempDir()
	for name, c := range translatorKinds() {
		m := newTranslations(t, c)
		path := filepath.Join(dir, name)
		weights, other := path+formatTorch, newTranslations(t, c)
		if err := m.Export(weights); err != nil {
			t.Fatal(err)
		}
		if err := other.Import(weights); err != nil {
			t.Fatal(err)
		}
		same(t, name, m.Params(), other.Params())
		if err := m.Export(path + formatKeras); err == nil || !strings.Contains(err.Error(), "Keras has no layer like an encoder-decoder") {
			t.Error(err)
		}
		if err := m.Export(path + formatONNX); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var err error
		c.Seed = 7
		if other, err = NewTranslator(small(c), sentences()); err != nil {
			t.Fatal(err)
		}
		if err := other.Import(path + formatONNX); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, name+" from ONNX", m.Params(), other.Params())
		compareONNX(t, name, m, path)
	}
	if err := newTranslations(t, Config{}).Import(filepath.Join(dir, "none.onnx")); err == nil || !strings.Contains(err.Error(), "none.encoder.onnx") {
		t.Error(err)
	}
}

// compareONNX runs both files for sources of different lengths.
func compareONNX(t *testing.T, name string, m *Translator, path string) {
	t.Helper()
	run := func(part string, in ...*tensor.Dense) []*tensor.Dense {
		file, err := onnx.Read(path + part)
		if err != nil {
			t.Fatal(err)
		}
		p, err := file.Params(1)
		if err != nil {
			t.Fatal(err)
		}
		out, err := graph.NewFunc(p, file.Build).Run(in...)
		if err != nil {
			t.Fatalf("%s%s: %v\n%v", name, part, err, file)
		}
		return out
	}
	sources, lengths := graph.Ints(graphtest.RandomIDs(1, 9, 5, 3).Ints(), 5, 3), graph.Ints([]int{5, 2, 3})
	read := run(".encoder.onnx", sources, lengths)
	want, err := graph.NewFunc(m.Params(), m.network().model.Encoding).Run(sources, lengths)
	if err != nil {
		t.Fatal(err)
	}
	want = clones(want)
	for i := range want {
		graphtest.Close(t, name+" encoder", read[i], want[i], 1e-5)
	}
	in := append([]*tensor.Dense{graph.Ints([]int{1, 4, 2})}, want...)
	if m.Config().Translate.Attention != noAttention {
		in = append(in, lengths)
	}
	if want, err = graph.NewFunc(m.Params(), m.network().model.Decoding).Run(in...); err != nil {
		t.Fatal(err)
	}
	for i, got := range run(".decoder.onnx", in...) {
		graphtest.Close(t, name, got, want[i], 1e-5)
	}
}
