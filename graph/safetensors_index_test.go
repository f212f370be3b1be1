package graph_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

// A model in two files is read by its index, and an index that does not fit its files is refused.
func TestIndex(t *testing.T) {
	dir := t.TempDir()
	one, two := graph.Floats([]float32{1}), graph.Floats([]float32{2})
	for file, tensors := range map[string][]graph.Named{
		"m-1.safetensors": {{Name: "b", Value: one}, {Name: "a", Value: two}}, "m-2.safetensors": {{Name: "c", Value: two}},
	} {
		if err := graph.WriteSafetensors(filepath.Join(dir, file), tensors, map[string]string{"format": "pt", file: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "m.safetensors.index.json")
	read := func(index string) ([]graph.Named, map[string]string, error) {
		if err := os.WriteFile(path, []byte(index), 0o600); err != nil {
			t.Fatal(err)
		}
		return graph.ReadSafetensors(path)
	}
	where := func(files ...string) string {
		list := map[string]string{}
		for i, file := range files {
			list[string(rune('a'+i))] = file
		}
		raw, err := json.Marshal(map[string]any{"metadata": map[string]int{"total_size": 12}, "weight_map": list})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	list, metadata, err := read(where("m-1.safetensors", "m-1.safetensors", "m-2.safetensors"))
	if err != nil || len(list) != 3 || list[0].Name != "b" || list[2].Name != "c" || metadata["format"] != "pt" || len(metadata) != 3 {
		t.Fatal(list, metadata, err)
	}
	p := graph.NewParams(1)
	if _, err := p.Load(path); err != nil || p.Len() != 3 {
		t.Error(p, err)
	}
	for index, want := range map[string]string{
		"{": "the index is not JSON", "{}": "the index has no weight_map",
		where("m-1.safetensors", "m-1.safetensors"):                                       "", // a file that nothing names is not read
		where("m-1.safetensors", "m-2.safetensors", "m-2.safetensors"):                    `m-1.safetensors has the tensor b, which the index has in "m-2.safetensors"`,
		where("m-1.safetensors"):                                                          `has the tensor b, which the index has in ""`,
		where("m-1.safetensors", "m-1.safetensors", "m-2.safetensors", "m-2.safetensors"): "tensor d is not in m-2.safetensors, as the index says",
		where("../m-1.safetensors"):                                                       "want the name of a file in the folder of the index",
		where("m.safetensors.index.json"):                                                 "is not a usable safetensors file",
		where("m-3.safetensors"):                                                          "no such file",
	} {
		if _, _, err := read(index); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", index, want, err)
		}
	}
}
