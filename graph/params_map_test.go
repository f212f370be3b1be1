package graph

import (
	"os"
	"path/filepath"
	"testing"

	"gorgonia.org/tensor"
)

// A store that maps a file has the numbers of one that loads it, changes them for itself alone, and refuses what Load refuses.
func TestMapIsLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.safetensors")
	want := []Named{
		{"a.weight", Floats([]float32{1, 2, 3, 4, 5, 6}, 2, 3)}, {"b", Floats([]float32{7})},
		{"count", Ints([]int{3}, 1)}, {"scalar", tensor.New(tensor.FromScalar(float32(9)))},
	}
	if err := WriteSafetensors(path, want, map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	p := NewParams(1)
	metadata, err := p.Map(path, nil)
	if err != nil || metadata["k"] != "v" {
		t.Fatal(metadata, err)
	}
	if p.Len() != 3 || p.Get("count") != nil || p.Get("scalar").Value().Float32s()[0] != 9 {
		t.Errorf("the store is\n%v", p)
	}
	f := NewFunc(p, func(g *Graph, _ []Node) []Node {
		return []Node{g.MulScalar(g.Scope("a").Param("weight", nil, 2, 3), 2)}
	})
	out, err := f.Run()
	if err != nil || out[0].Float32s()[5] != 12 {
		t.Fatal(out, err)
	}
	if err := p.Set("a.weight", Floats(make([]float32, 6), 2, 3)); err != nil {
		t.Fatal(err)
	}
	if again, _, err := ReadSafetensors(path); err != nil || again[0].Value.Float32s()[1] != 2 {
		t.Errorf("the file has changed: %v %v", again, err)
	}
	if _, err := p.Map(path, nil); err == nil {
		t.Error("the parameters of a file were taken twice")
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		cut := filepath.Join(dir, "cut.safetensors")
		if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := NewParams(1).Map(cut, nil); err == nil {
			t.Fatalf("the first %d bytes of %d were taken for a file", n, len(whole))
		}
	}
	renamed := NewParams(1)
	_, err = renamed.Map(path, func(t Named) (Named, bool) { return Named{"x." + t.Name, t.Value}, t.Name != "b" })
	if err != nil || renamed.Len() != 2 || renamed.Get("x.a.weight") == nil {
		t.Errorf("renamed: %v\n%v", err, renamed)
	}
}
