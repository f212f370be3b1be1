package gguf

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Fields and numbers of all types are what PyPI's gguf wrote and reads; testdata/types.gguf is from record_gguf.py.
func TestTypes(t *testing.T) {
	f, err := Open(filepath.Join("testdata", "types.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"u8": 200.0, "i8": -3.0, "u16": 60000.0, "i16": -300.0, "u32": 4e9, "i32": -70000.0, "f32": 1.5, "yes": true, "text": "é",
		"u64": 1099511627776.0, "i64": -1099511627776.0, "f64": 0.1, "list": []any{1.0, 2.0, 3.0}, "texts": []any{"a", "b"},
	} {
		if got := f.Fields[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v; want %v", name, got, want)
		}
	}
	data, err := os.ReadFile(filepath.Join("testdata", "types.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]float64
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != len(want) {
		t.Fatalf("%d tensors; want %d", len(f.Tensors), len(want))
	}
	for _, x := range f.Tensors {
		if s := x.Value.Shape(); len(s) != 2 || s[0] != 3 || s[1] != 64 {
			t.Errorf("%s has shape %v; want [3 64]", x.Name, s)
		}
		for i, v := range x.Value.Float32s() {
			if v != float32(want[x.Name][i]) {
				t.Fatalf("%s[%d] = %g; want %g", x.Name, i, v, want[x.Name][i])
			}
		}
	}
}

// Files that are cut or changed anywhere in their header are an error or a file, and never a panic or much memory.
func TestDamaged(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "types.gguf"))
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(data) - 64 { // the end is padding
		if _, err := read(bytes.NewReader(data[:n]), int64(n)); err == nil && n < 1000 {
			t.Fatalf("a file of %d bytes of %d was read", n, len(data))
		}
	}
	for at := range min(len(data), 1000) {
		for _, b := range []byte{0, 0x7f, 0xff} {
			changed := bytes.Clone(data)
			changed[at] = b
			_, _ = read(bytes.NewReader(changed), int64(len(changed)))
		}
	}
	for at, want := range map[int]string{4: "version", 8: "entries", 16: "entries"} {
		changed := bytes.Clone(data)
		binary.LittleEndian.PutUint32(changed[at:], math.MaxUint32)
		if _, err := read(bytes.NewReader(changed), int64(len(changed))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("byte %d: %v; want one about %s", at, err, want)
		}
	}
}
