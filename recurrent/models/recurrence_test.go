package models

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"gorgonia.org/tensor"
)

// options are settings of the recurrent layers, each with the cells that have it.
func options() map[string]struct {
	set func(c *Config)
	has []string
} {
	type row = struct {
		set func(c *Config)
		has []string
	}
	all := textCells()
	unread := []string{"mlstm", "sru", "qrnn", "lru", "mamba", "rglru", "hgrn", "s5", "linoss",
		"retnet", "gla", "hgrn2", "deltanet", "gateddelta", "kda", "mamba2", "rwkv7"}
	but := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(c string) bool { return slices.Contains(names, c) })
	}
	return map[string]row{
		"Heads":            {func(c *Config) { c.Heads = 2 }, []string{"slstm", "mlstm", "retnet", "gla", "hgrn2", "deltanet", "gateddelta", "kda"}},
		"Residual":         {func(c *Config) { c.Residual = true }, all},
		"LayerNorm":        {func(c *Config) { c.LayerNorm = true }, []string{"lstm", "gru", "ligru"}},
		"InputDropout":     {func(c *Config) { c.InputDropout = 0.5 }, all},
		"RecurrentDropout": {func(c *Config) { c.RecurrentDropout = 0.5 }, but(unread...)},
		"WeightDropout":    {func(c *Config) { c.WeightDropout = 0.5 }, []string{"rnn", "lstm", "gru", "mgu", "ligru", "indrnn", "cornn", "mullstm", "slstm"}},
		"Zoneout":          {func(c *Config) { c.Zoneout = 0.3 }, but(unread...)},
	}
}

// Every cell trains with every setting of the recurrent layers that it has, which changes what is learnt, is in the file,
// and is counted; the others are refused by name.
func TestSettingsOfRecurrentLayers(t *testing.T) {
	for field, option := range options() {
		for _, cell := range textCells() {
			c := Config{Cell: cell, Layers: 1, Steps: 3, Embed: 8, Hidden: 8, Seq: 4, Batch: 2, Tokens: "word"}
			option.set(&c)
			if !slices.Contains(option.has, cell) {
				var setting *ConfigError
				if _, err := NewLanguageModel(c, fox); !errors.As(err, &setting) || setting.Field != field {
					t.Errorf("%s of %s: %v; want it refused", field, cell, err)
				}
				continue
			}
			m, err := NewLanguageModel(c, fox)
			if err != nil {
				t.Fatal(err)
			}
			trainedAs(t, m, field)
			c.OneWay = field == "Residual" // whose input is as wide as its output
			k, err := NewClassifier(c, []string{"a b c d"}, []string{"x", "y"})
			if err != nil {
				t.Fatal(err)
			}
			trainedAs(t, k, field)
		}
	}
}

// trainedAs trains a model with and without a setting, and saves and loads it.
func trainedAs(t *testing.T, m Model, field string) {
	t.Helper()
	what := field + " of " + m.Config().Network(m.Kind())
	path := filepath.Join(t.TempDir(), "m")
	fit := func(m Model) {
		t.Helper()
		var err error
		switch m := m.(type) {
		case *LanguageModel:
			_, err = m.Fit(context.Background(), strings.Repeat(fox, 5), Run{})
		case *Classifier:
			_, err = m.Fit(context.Background(), Examples{Texts: []string{"a b c", "d c", "a b", "b a", "d"}, Labels: []string{"x", "y", "x", "y", "x"}}, Examples{}, Run{})
		}
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	fit(m)
	if d := m.Demand(); d.Weights != float64(m.Params().Elements()) {
		t.Errorf("%s: a demand of %v weights; there are %d", what, d.Weights, m.Params().Elements())
	}
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := Load(path)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	same(t, what, m.Params(), back.Params())
	if fieldOf(back.Config(), field) != fieldOf(m.Config(), field) {
		t.Errorf("%s is lost in the file", what)
	}
	// Without the setting the same training ends elsewhere.
	c := m.Config()
	switch field {
	case "Heads":
		c.Heads = 1
	case "Residual":
		c.Residual = false
	case "LayerNorm":
		return // other weights
	default:
		c.InputDropout, c.RecurrentDropout, c.WeightDropout, c.Zoneout = 0, 0, 0, 0
	}
	var plain Model
	switch was := m.(type) {
	case *LanguageModel:
		plain, err = NewLanguageModelOf(c, was.vocab)
	case *Classifier:
		plain, err = NewClassifier(c, []string{"a b c d"}, was.labels)
	}
	if err != nil {
		t.Fatal(err)
	}
	fit(plain)
	for i := range m.Params().Len() {
		p := m.Params().At(i)
		if q := plain.Params().Get(p.Name()); q == nil || !slices.Equal(p.Value().Float32s(), q.Value().Float32s()) {
			return
		}
	}
	t.Errorf("%s changes nothing", what)
}

// Steps one by one, as in Generate, give what a whole window gives, with everything that is around the cells.
func TestResidualLanguageModelStreams(t *testing.T) {
	m := newLanguage(t, Config{Layers: 3, Embed: 8, Hidden: 8, Residual: true, LayerNorm: true, Cell: "gru"})
	ids, err := m.Vocabulary().Encode("the quick brown")
	if err != nil {
		t.Fatal(err)
	}
	state, err := m.State(1)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := m.Next().Run(append(ints(ids), state...)...)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := m.Next().Stream(state, ints(ids[:1])[0])
	if err != nil {
		t.Fatal(err)
	}
	n := m.Vocabulary().Len()
	for i, id := range ids {
		out, err := stream.Step(ints([]int{id})[0])
		if err != nil {
			t.Fatal(err)
		}
		want := whole[0].Float32s()[i*n : (i+1)*n]
		for j, got := range out[0].Float32s() {
			if d := got - want[j]; d > 1e-5 || d < -1e-5 {
				t.Fatalf("step %d, logit %d: %v; want %v", i, j, got, want[j])
			}
		}
	}
}

// What Keras's recurrent layers do not have is refused by name; ONNX takes every network, PyTorch all weights.
func TestExportOfSettings(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{LayerNorm: true}, "layer normalization"}, {Config{Residual: true}, ""}, {Config{Zoneout: 0.1}, "zoneout"},
		{Config{InputDropout: 0.1, RecurrentDropout: 0.1, WeightDropout: 0.1}, ""},
	} {
		c.config.Cell = "lstm"
		m := newLanguage(t, c.config)
		dir := t.TempDir()
		for _, format := range Formats() {
			err := m.Export(filepath.Join(dir, "m"+format))
			refused := c.want != "" && (format == formatKeras || format == formatKerasModel)
			if refused != (err != nil) || refused && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %s: %v", c.config, format, err)
			}
		}
	}
}

// A file whose configuration and weights disagree on normalisation or on heads is refused.
func TestFilesAgreeOnSettings(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		config    Config
		from, to  string
		complaint string
	}{
		{Config{Cell: "gru", LayerNorm: true}, `"layer_norm":true`, `"layer_norm":false`, "its configuration has no layer_norm"},
		{Config{Cell: "gru"}, `"dropout"`, `"layer_norm":true,"dropout"`, "its configuration has layer_norm"},
		{Config{Cell: "mlstm", Heads: 2, Hidden: 8}, `"heads":2`, `"heads":4`, "hidden 8"},
		{Config{Cell: "slstm", Heads: 2, Hidden: 8}, `"heads":2`, `"heads":4`, "do not fit"},
		{Config{Cell: "gru"}, `"gru"`, `"convlstm"`, "rows of places"},
	} {
		m := newLanguage(t, c.config)
		path := filepath.Join(dir, "m")
		if err := m.Save(path); err != nil {
			t.Fatal(err)
		}
		list, metadata, err := graph.ReadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(metadata[configKey], c.from, c.to, 1)
		if changed == metadata[configKey] {
			t.Fatalf("%s is not in %s", c.from, changed)
		}
		metadata[configKey] = changed
		f, err := parseFile(path, list, metadata)
		if err == nil {
			_, err = f.model()
		}
		if err == nil || !strings.Contains(err.Error(), c.complaint) {
			t.Errorf("%s: %v; want %s", c.to, err, c.complaint)
		}
	}
}

func TestCellInfos(t *testing.T) {
	for i, info := range CellInfos(8) {
		if info.Name != Cells()[i] || info.Use == "" || info.Paper == "" {
			t.Errorf("%+v", info)
		}
		if !slices.Contains(textCells(), info.Name) {
			continue // TestSequenceDemand counts it
		}
		m, err := NewLanguageModel(Config{Cell: info.Name, Hidden: 8, Embed: 8, Layers: 1}, fox)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Save(filepath.Join(t.TempDir(), "m")); err != nil { // draws the weights
			t.Fatal(err)
		}
		n := 0
		for _, w := range m.Params().Tensors("") {
			if strings.HasPrefix(w.Name, info.Name+".") {
				n += w.Value.Shape().TotalSize()
			}
		}
		if info.Weights != float64(n) {
			t.Errorf("%s: %v weights; want %d", info.Name, info.Weights, n)
		}
	}
}

func ints(ids []int) []*tensor.Dense { return []*tensor.Dense{graph.Ints(ids, len(ids), 1)} }

// Resume goes on to the bit with every setting of the recurrent layers, too, whose masks are drawn anew at each step.
func TestResumeWithSettings(t *testing.T) {
	c := Config{
		Cell: "gru", Layers: 2, Epochs: 2, Dropout: 0.1, Residual: true, LayerNorm: true,
		InputDropout: 0.1, RecurrentDropout: 0.2, WeightDropout: 0.2, Zoneout: 0.1,
	}
	path := filepath.Join(t.TempDir(), "m")
	whole, part := newLanguage(t, c), newLanguage(t, c)
	if _, err := whole.Fit(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := part.Fit(ctx, fox, Run{Checkpoint: path, Observers: []train.Observer{stopAt(9, cancel)}}); err == nil {
		t.Fatal("the run was not stopped")
	}
	again, err := LoadLanguageModel(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Resume(context.Background(), fox, Run{}); err != nil {
		t.Fatal(err)
	}
	same(t, "language model", whole.Params(), again.Params())

	c.ClassWeights = Balanced
	all, some := newClasses(t, c), newClasses(t, c)
	if _, err := all.Fit(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	defer cancel()
	if _, err := some.Fit(ctx, opinions(60), Examples{}, Run{Checkpoint: path, Observers: []train.Observer{stopAt(7, cancel)}}); err == nil {
		t.Fatal("the run was not stopped")
	}
	rest, err := LoadClassifier(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rest.Resume(context.Background(), opinions(60), Examples{}, Run{}); err != nil {
		t.Fatal(err)
	}
	same(t, "classifier", all.Params(), rest.Params())
}
