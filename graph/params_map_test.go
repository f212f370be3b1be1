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

// After Unmap a file may be cut, and written over, in its place.
func TestUnmap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	const n = 100_000 // many pages
	numbers := make([]float32, n)
	for i := range numbers {
		numbers[i] = float32(i)
	}
	if err := WriteSafetensors(path, []Named{{"a", Floats(numbers)}}, nil); err != nil {
		t.Fatal(err)
	}
	p := NewParams(1)
	if _, err := p.Map(path, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.Unmap(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	for i, v := range p.Get("a").Value().Float32s() {
		if v != float32(i) {
			t.Fatalf("number %d is %v", i, v)
		}
	}
	if err := new(Params).Unmap(); err == nil {
		t.Error("a store that nobody made was unmapped")
	}
}

// A file that is cut while it is copied is an error.
func TestUnmapOfWhatWasCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := WriteSafetensors(path, []Named{{"a", Floats(make([]float32, 100_000))}}, nil); err != nil {
		t.Fatal(err)
	}
	p := NewParams(1)
	if _, err := p.Map(path, nil); err != nil {
		t.Fatal(err)
	}
	if len(p.numbers.files) == 0 || p.numbers.files[0] == nil {
		t.Skip("files are not mapped on this system")
	}
	if err := os.Truncate(path, 10); err != nil {
		t.Skip(err) // a file that is mapped is not cut on this system
	}
	if err := p.Unmap(); err == nil {
		t.Error("no error")
	}
}
