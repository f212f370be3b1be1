package numpy_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/nn/numpy"
)

// Arrays of every type and order are read as NumPy has them; testdata/record.py. What is written is read again.
func TestRecorded(t *testing.T) {
	copied := filepath.Join(t.TempDir(), "copy.npz")
	for _, path := range []string{"testdata/every.npz", "testdata/packed.npz", copied} {
		want, _ := graphtest.Golden(t, "testdata/wide.safetensors")
		got, err := numpy.Read(path)
		if err != nil || len(got) != len(want) || len(got) < 25 {
			t.Fatal(path, len(got), len(want), err)
		}
		for _, v := range got {
			w := want[v.Name]
			if w == nil || v.Value.Dtype() != w.Dtype() || !slices.Equal(v.Value.Shape(), w.Shape()) {
				t.Errorf("%s: %s is %v; want %v", path, v.Name, v.Value, w)
			} else if w.Shape().TotalSize() > 0 {
				graphtest.Close(t, v.Name, v.Value, w, 0)
			}
		}
		if path != copied {
			if err := numpy.Write(copied, got); err != nil {
				t.Fatal(err)
			}
		}
	}
	for file, want := range map[string][]float32{"one": {0, 1, 2, 3, 4, 5}, "v2": {0, 1, 2, 3, 4, 5}, "v3": {0, 1, 2, 3, 4, 5}} {
		got, err := numpy.Read("testdata/" + file + ".npy")
		if err != nil || len(got) != 1 || got[0].Name != file || !slices.Equal(got[0].Value.Float32s(), want) || !slices.Equal(got[0].Value.Shape(), []int{2, 3}) {
			t.Errorf("%s: %v, %v", file, got, err)
		}
	}
}

// array is a .npy file of version 1.
func array(header, data string) string {
	return "\x93NUMPY\x01\x00" + string([]byte{byte(len(header)), byte(len(header) >> 8)}) + header + data
}

func TestRefuses(t *testing.T) {
	_, err := numpy.Read("testdata/refused.npz")
	for _, want := range []string{"words: it is an array of texts (<U2)", "raw: it is an array of texts (|S1)", "objects: it is an array of Python's objects (|O)",
		"complex: it is an array of complex numbers (<c16)", "records: it is an array of records"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	path := filepath.Join(t.TempDir(), "a.npy")
	for data, want := range map[string]string{
		"":          "it has 0 bytes, and is no array of NumPy",
		"some text": "it does not begin as an array of NumPy does",
		array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234"):                           "shape [2] of F32 needs 2 numbers, found 4 bytes",
		array("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -1), }", "1234"):                        "its header has no shape",
		array("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", "1234"):       "has more than",
		array("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999), }", ""):          "want up to 64 whole numbers",
		array("{'descr': '<f4', 'fortran_order': False, 'shape': ("+strings.Repeat("1,", 65)+"), }", "1234"): "want up to 64 whole numbers",
		array("{'descr': '<q7', 'fortran_order': False, 'shape': (1,), }", "1234"):                           `elements of type "<q7"`,
		array("{'descr': '<f4', 'shape': (1,), }", "1234"):                                                   "no order",
		"\x93NUMPY\x01\x00\xff\xff{}":          "the header should have 65535 bytes, 2 are there",
		"\x93NUMPY\x07\x00\x01\x00\x00\x00{}}": "version 7 of the format; want 1 to 3",
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := numpy.Read(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: want an error with %q, got %v", data, want, err)
		}
	}
	one := graph.Floats([]float32{1})
	if err := numpy.Write(path, []graph.Named{{Name: "a", Value: one}, {Name: "a", Value: one}}); err == nil || !strings.Contains(err.Error(), `two arrays are called "a"`) {
		t.Error(err)
	}
	if err := numpy.Write(path, []graph.Named{{Name: "a"}}); err == nil || !strings.Contains(err.Error(), "array a: the tensor is nil") {
		t.Error(err)
	}
}
