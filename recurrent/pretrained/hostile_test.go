package pretrained

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// copied is a folder with the tiny model of a family, whose files may be changed.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	for _, file := range []string{"config.json", "model.safetensors"} {
		data, err := os.ReadFile(filepath.Join("testdata", "models", name, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func rewrite(t *testing.T, path string, change func(string) string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	now := change(string(data))
	if now == string(data) {
		t.Fatal("nothing was changed")
	}
	if err := os.WriteFile(path, []byte(now), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A config.json that makes no sense, or asks for sizes that the weights do not have, is an error that names what is wrong, before
// memory is taken for it.
func TestHostileConfigs(t *testing.T) {
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range []struct{ family, from, to, want string }{
		{"mamba", `"hidden_size": 16`, `"hidden_size": 2000000000`, "backbone.embeddings.weight"},
		{"mamba", `"hidden_size": 16`, `"hidden_size": -1`, "hidden_size is -1"},
		{"mamba", `"hidden_size": 16`, `"hidden_size": "wide"`, `hidden_size is "wide"`},
		{"mamba", `"hidden_size": 16`, `"hidden_size": 1e30`, "hidden_size is 1e30"},
		{"mamba", `"hidden_size": 16`, `"hidden_size": null`, "hidden_size is null"},
		{"mamba", `"num_hidden_layers": 2`, `"num_hidden_layers": 2000000000`, "backbone.layers.2"},
		{"mamba", `"state_size": 4`, `"state_size": 2000000000`, "A_log"},
		{"mamba", `"conv_kernel": 3`, `"conv_kernel": 5`, "conv1d.weight"},
		{"mamba", `"conv_kernel": 3`, `"conv_kernel": 1000000000`, "conv1d.weight"},
		{"mamba", `"vocab_size": 20`, `"vocab_size": 21`, "embeddings.weight"},
		{"mamba", `"model_type": "mamba"`, `"model_type": "llama"`, `"llama"; want one of bamba`},
		{"mamba", `"hidden_act": "silu"`, `"hidden_act": "gelu"`, "hidden_act"},
		{"falcon-h1", `"mamba_n_groups": 1`, `"mamba_n_groups": 1000000000`, "groups"},
		{"mamba2", `"n_groups": 2`, `"n_groups": 3`, "groups"},
		{"mamba2", `"head_dim": 8`, `"head_dim": 9`, "in_proj.weight"},
		{"bamba", `"num_attention_heads": 2`, `"num_attention_heads": 1000000000`, "head"},
		{"bamba", `"rope_type": "default"`, `"rope_type": "yarn"`, "rope_type"},
		{"recurrent-gemma", `"attention_window_size": 5`, `"attention_window_size": 0`, "attention_window_size"},
		{"recurrent-gemma", `"attention_window_size": 5`, `"attention_window_size": 5000000`, "attention_window_size"},
		{"granite-hybrid", `"num_experts_per_tok": 2`, `"num_experts_per_tok": 2000000`, "num_experts_per_tok"},
		{"jamba", `"mamba_expand": 2`, `"mamba_expand": 2000000`, "A_log"},
		{"qwen3-next", `"linear_conv_kernel_dim": 3`, `"linear_conv_kernel_dim": 2000000000`, "conv1d.weight"},
		{"rwkv4", `"attention_hidden_size": 16`, `"attention_hidden_size": 1000000000`, "key.weight"},
		{"recurrent-gemma", `"recurrent"`, `"magic"`, "block_types"},
		{"jamba", `"num_experts_per_tok": 2`, `"num_experts_per_tok": 9`, "num_experts_per_tok"},
		{"lfm2", `"conv"`, `"magic"`, `"magic"`},
		{"xlstm", `"num_heads": 4`, `"num_heads": 5`, "multiple of 5"},
	} {
		dir := copied(t, c.family)
		rewrite(t, filepath.Join(dir, "config.json"), func(s string) string { return strings.Replace(s, c.from, c.to, 1) })
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: %v; want %q", c.family, c.to, err, c.want)
		}
	}
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 200<<20 {
		t.Errorf("%d MB of memory were taken for sizes that no file has", grown>>20)
	}
}

// Weights that are missing, of other shapes, damaged, or elsewhere are errors; what is too many is listed.
func TestHostileWeights(t *testing.T) {
	const weights = "model.safetensors"
	dir := copied(t, "mamba")
	tensors, _, err := graph.ReadSafetensors(filepath.Join(dir, weights))
	if err != nil {
		t.Fatal(err)
	}
	write := func(list []graph.Named) string {
		t.Helper()
		dir := copied(t, "mamba")
		if err := graph.WriteSafetensors(filepath.Join(dir, weights), list, nil); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for i, x := range tensors {
		rest := append(append([]graph.Named{}, tensors[:i]...), tensors[i+1:]...)
		if _, err := Load(write(rest)); err == nil || !strings.Contains(err.Error(), x.Name) {
			t.Errorf("without %s: %v", x.Name, err)
		}
		n := x.Value.Shape().TotalSize()
		other := append(rest, graph.Named{Name: x.Name, Value: graph.Floats(make([]float32, n+1), n+1)})
		if _, err := Load(write(other)); err == nil || !strings.Contains(err.Error(), x.Name) {
			t.Errorf("with %s of another shape: %v", x.Name, err)
		}
	}
	more := append(tensors, graph.Named{Name: "vision.weight", Value: graph.Floats(make([]float32, 3), 3)})
	m, err := Load(write(more))
	if err != nil || len(m.Unread()) != 1 || m.Unread()[0] != "vision.weight" {
		t.Errorf("with a tensor too many: %v %v", m.Unread(), err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, weights))
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 97 {
		if err := os.WriteFile(filepath.Join(dir, weights), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir); err == nil {
			t.Fatalf("the first %d bytes of the weights were taken for all", n)
		}
	}
	if err := os.Remove(filepath.Join(dir, weights)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "no weights") {
		t.Errorf("without weights: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, weights+".index.json"), []byte(`{"weight_map": {"x": "../secret"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "../secret") {
		t.Errorf("an index that leads out of the folder: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was opened")
	}
	if _, err := Load(filepath.Join(dir, "config.json")); err == nil {
		t.Error("a file of JSON was opened")
	}
}

// Weights in several files are those of one.
func TestShards(t *testing.T) {
	dir := copied(t, "mamba")
	tensors, _, err := graph.ReadSafetensors(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	index := `{"weight_map": {`
	for i, part := range [][]graph.Named{tensors[:5], tensors[5:]} {
		name := []string{"a.safetensors", "b.safetensors"}[i]
		if err := graph.WriteSafetensors(filepath.Join(dir, name), part, nil); err != nil {
			t.Fatal(err)
		}
		for _, x := range part {
			index += `"` + x.Name + `": "` + name + `",`
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(strings.TrimSuffix(index, ",")+"}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	one, err := Load(filepath.Join("testdata", "models", "mamba"))
	if err != nil {
		t.Fatal(err)
	}
	two, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := readRecorded(t)["mamba"]
	for _, m := range []*Model{one, two} {
		s, err := m.Stream()
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range want.IDs[0] {
			got, err := s.Read(id)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "a step", got, want.First[i])
		}
	}
}
