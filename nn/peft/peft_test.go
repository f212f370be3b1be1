package peft_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/recurrent"
	"gorgonia.org/tensor"
)

// The recorded values come from testdata/record.py, which runs PEFT.
const (
	folder  = "testdata/adapter"
	network = "testdata/network.safetensors"
)

// recorded are the values of PEFT, and a store with the weights of the network.
func recorded(t *testing.T) (map[string]*tensor.Dense, *graph.Params) {
	t.Helper()
	values, _ := graphtest.Golden(t, network)
	p := graph.NewParams(1)
	if _, err := build(p, nn.LoRA{}, values["in.ids"]); err != nil { // in the order of the network
		t.Fatal(err)
	}
	for i := range p.Len() {
		name := p.At(i).Name()
		if err := p.Set(name, graphtest.Float32(values["weight."+name])); err != nil {
			t.Fatal(err)
		}
	}
	return values, p
}

// build computes the recorded network, adapted if the rank is above 0.
func build(p *graph.Params, l nn.LoRA, ids *tensor.Dense) (*tensor.Dense, error) {
	out, err := graph.NewFunc(p, func(g *graph.Graph, in []graph.Node) []graph.Node {
		if l.Rank > 0 {
			g = l.Apply(g)
		}
		x := nn.Embedding{Tokens: 7, Size: 5}.Apply(g.Scope("embedding"), in[0])
		x = nn.Conv1D{Channels: 4, Kernel: 2, Padding: nn.PadCausal}.Apply(g.Scope("conv"), x)
		x, _ = recurrent.Unroll(g.Scope("lstm"), recurrent.StackOf(2, recurrent.LSTM{Hidden: 6}), x, recurrent.Options{})
		x = g.Tanh(nn.Dense{Units: 6}.Apply(g.Scope("proj"), x))
		return []graph.Node{nn.Head{Classes: 7}.Apply(g.Scope("head"), x)}
	}).Run(ids)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// An adapter of PEFT changes the network as it does there, merged or not.
func TestAgreesWithPEFT(t *testing.T) {
	values, p := recorded(t)
	l, err := peft.Load(folder, p)
	if err != nil {
		t.Fatal(err)
	}
	out, err := build(p, l, values["in.ids"])
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "adapted", out, values["out.adapted"], 2e-6)
	merged, err := l.Merge(p)
	if err != nil {
		t.Fatal(err)
	}
	for i := range merged.Len() {
		q := merged.At(i)
		graphtest.Close(t, q.Name(), q.Value(), values["merged."+q.Name()], 2e-6)
	}
}

// What is written is what was read; PEFT's own reader is tried by hand, see record.py.
func TestWritesWhatPEFTWrote(t *testing.T) {
	_, p := recorded(t)
	l, err := peft.Load(folder, p)
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(t.TempDir(), "adapter")
	if err := peft.Save(mine, l, p, "base"); err != nil {
		t.Fatal(err)
	}
	theirs, _, err := graph.ReadSafetensors(filepath.Join(folder, peft.WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	written, _, err := graph.ReadSafetensors(filepath.Join(mine, peft.WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	if len(written) != len(theirs) {
		t.Errorf("%d tensors were written; want %d", len(written), len(theirs))
	}
	for _, w := range theirs {
		i := slices.IndexFunc(written, func(n graph.Named) bool { return n.Name == w.Name })
		if i < 0 {
			t.Errorf("%s was not written", w.Name)
			continue
		}
		graphtest.Close(t, w.Name, written[i].Value, w.Value, 0)
	}
	a, b := settings(t, mine), settings(t, folder)
	for name, want := range b {
		found, ok := a[name]
		if !ok || name == "base_model_name_or_path" {
			continue
		}
		if x, y := sorted(found), sorted(want); x != y {
			t.Errorf("%s is %s; PEFT has %s", name, x, y)
		}
	}
}

func settings(t *testing.T, folder string) (out map[string]any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, peft.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// sorted is a value as JSON, a list of names in order; no list is an empty one.
func sorted(v any) string {
	if list, ok := v.([]any); ok {
		var names []string
		for _, n := range list {
			names = append(names, n.(string))
		}
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// Blocks come back as an adapter without blocks, which adds the same to the weights.
func TestBlocksAreWrittenAsOne(t *testing.T) {
	values, p := recorded(t)
	l := nn.LoRA{Rank: 2, Alpha: 5, Targets: []string{"lstm.weight_*"}, Blocks: []bool{true, false, true, true}}
	if _, err := build(p, l, values["in.ids"]); err != nil {
		t.Fatal(err)
	}
	fill(t, p)
	want, err := l.Merge(p)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := peft.Save(dir, l, p, ""); err != nil {
		t.Fatal(err)
	}
	_, q := recorded(t)
	back, err := peft.Load(dir, q)
	if err != nil {
		t.Fatal(err)
	}
	if back.Rank != 6 || back.Scale() != l.Scale() {
		t.Errorf("rank %d, scale %g; want 6, %g", back.Rank, back.Scale(), l.Scale())
	}
	got, err := back.Merge(q)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Len() {
		graphtest.Close(t, want.At(i).Name(), got.Get(want.At(i).Name()).Value(), want.At(i).Value(), 1e-6)
	}
}

// Weights that are trained whole come back with an adapter of PEFT's form, under the names that PEFT gives them.
func TestWholeWeights(t *testing.T) {
	values, p := recorded(t)
	l := nn.LoRA{Rank: 2, Targets: []string{"lstm.weight_*", "head.weight"}, Whole: []string{"embedding", "proj", "lstm.bias_ih_*", "head.bias"}}
	if _, err := build(p, l, values["in.ids"]); err != nil {
		t.Fatal(err)
	}
	fill(t, p)
	want, err := build(p, l, values["in.ids"])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := peft.Save(dir, l, p, ""); err != nil {
		t.Fatal(err)
	}
	if s := settings(t, dir); sorted(s["modules_to_save"]) != "embedding proj" || s["bias"] != "all" {
		t.Errorf("modules_to_save %v, bias %v; want embedding and proj, all", s["modules_to_save"], s["bias"])
	}
	tensors, _, err := graph.ReadSafetensors(filepath.Join(dir, peft.WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"embedding.weight", "proj.weight", "proj.bias", "head.base_layer.bias",
		"lstm.base_layer.base_layer.base_layer.base_layer.bias_ih_l0"} {
		if !slices.ContainsFunc(tensors, func(n graph.Named) bool { return n.Name == "base_model.model."+name }) {
			t.Errorf("there is no tensor %s", name)
		}
	}
	_, q := recorded(t)
	back, err := peft.Load(dir, q)
	if err != nil {
		t.Fatal(err)
	}
	got, err := build(q, back, values["in.ids"])
	if err != nil {
		t.Fatal(err)
	}
	graphtest.Close(t, "outputs", got, want, 1e-6)

	l.Whole = []string{"proj.weight"}
	if _, err := build(p, l, values["in.ids"]); err != nil {
		t.Fatal(err)
	}
	if err := peft.Save(dir, l, p, ""); err == nil || !strings.Contains(err.Error(), "proj.weight is trained whole, and proj.bias is not") {
		t.Errorf("%v; want that PEFT has modules whole", err)
	}
}

// fill gives an adapter values that it could have after a training.
func fill(t *testing.T, p *graph.Params) {
	t.Helper()
	for i := range p.Len() {
		if q := p.At(i); nn.IsAdapter(q.Name()) {
			if err := p.Set(q.Name(), graphtest.Float32(graphtest.Random(uint64(i), q.Shape()...))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What is not an adapter of this model is refused by name, and leaves the store as it was.
func TestRefuses(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(folder, peft.ConfigFile))
	if err != nil {
		t.Fatal(err)
	}
	tensors, _, err := graph.ReadSafetensors(filepath.Join(folder, peft.WeightsFile))
	if err != nil {
		t.Fatal(err)
	}
	with := func(name string, shape ...int) []graph.Named {
		return append(slices.Clone(tensors), graph.Named{Name: name, Value: graphtest.Float32(graphtest.Random(1, shape...))})
	}
	for _, c := range []struct {
		old, new string // of the configuration
		tensors  []graph.Named
		want     string
	}{
		{`"LORA"`, `"IA3"`, tensors, `peft_type "IA3"; want "LORA"`},
		{`"r": 2`, `"r": 3`, tensors, "with r 3"},
		{`"r": 2`, `"r": 0`, tensors, "r 0; want at least 1"},
		{`"use_dora": false`, `"use_dora": true`, tensors, "use_dora is set"},
		{`"rank_pattern": {}`, `"rank_pattern": {"head": 4}`, tensors, "rank_pattern is set"},
		{`"bias": "none"`, `"bias": "some"`, tensors, `bias "some"; want "none"`},
		{`"bias": "none"`, `"bias": "all"`, with("base_model.model.proj.bias", 5), "want [6], that of proj.bias"},
		{`"modules_to_save": null`, `"modules_to_save": ["conv"]`, with("base_model.model.proj.weight", 6, 6), "proj.weight; want matrices of LoRA"},
		{`{`, `[`, tensors, "adapter_config.json"},
		{"", "", with("base_model.model.nose.lora_A.weight", 2, 6), "is of the module nose; the model has embedding.weight"},
		{"", "", with("head.lora_A.weight", 2, 6), "want names that begin with base_model.model."},
		{"", "", with("base_model.model.head.weight", 2, 6), "want matrices of LoRA"},
		{"", "", with("base_model.model.lstm.base_layer.base_layer.base_layer.lora_A.weight", 2, 6), "is of the module lstm"},
		{"", "", tensors[1:], "and no "},
		{"", "", nil, "no tensors"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, peft.ConfigFile), []byte(strings.Replace(string(good), c.old, c.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := graph.WriteSafetensors(filepath.Join(dir, peft.WeightsFile), c.tensors, nil); err != nil {
			t.Fatal(err)
		}
		_, p := recorded(t)
		before := p.Len()
		if _, err := peft.Load(dir, p); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", c.new, err, c.want)
		}
		if p.Len() != before {
			t.Errorf("%s: the store has %d weights after an error; want %d", c.want, p.Len(), before)
		}
	}
	if _, err := peft.Load(t.TempDir(), graph.NewParams(1)); err == nil {
		t.Error("an empty folder was read")
	}
	if _, err := peft.Load(folder, nil); err == nil {
		t.Error("an adapter was read for no store")
	}
	_, p := recorded(t)
	if err := peft.Save(t.TempDir(), nn.LoRA{Rank: 2}, p, ""); err == nil || !strings.Contains(err.Error(), "has no adapter") {
		t.Errorf("%v; want that there is no adapter", err)
	}
}
