package graph_test

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"gorgonia.org/tensor"
)

// Every element type that PyTorch writes gives the numbers that PyTorch says it has; testdata/record_elements.py.
func TestElementTypes(t *testing.T) {
	got, _ := graphtest.Golden(t, "testdata/elements.safetensors")
	graphtest.Close(t, "F64", got["F64"], graph.Floats64([]float64{1.5, -2.25, 1e300, 5e-324}, 2, 2), 0)
	graphtest.Close(t, "F32", got["F32"], graph.Floats([]float32{1.5, float32(math.Copysign(0, -1)), 3.4e38, 1e-45}), 0)
	graphtest.Close(t, "scalar", got["scalar"], tensor.New(tensor.FromScalar(float32(3))), 0)
	for name, want := range map[string][]int{
		"I64": {math.MinInt32, math.MaxInt32, -7}, "I32": {math.MinInt32, math.MaxInt32, -7},
		"I16": {math.MinInt16, math.MaxInt16, -7}, "I8": {-128, 127, -7},
		"U64": {0, math.MaxInt32, 7}, "U32": {0, math.MaxInt32, 7}, "U16": {0, math.MaxUint16, 7}, "U8": {0, 255, 7},
		"BOOL": {1, 0, 1},
	} {
		if v := got[name]; v == nil || v.Dtype() != tensor.Int || !slices.Equal(v.Ints(), want) {
			t.Errorf("%s: %v; want %v", name, v, want)
		}
	}
	for _, name := range []string{"F16", "BF16"} {
		half, wide := got[name].Float32s(), got[name+".wide"].Float32s()
		for i, v := range half {
			if math.Float32bits(v) != math.Float32bits(wide[i]) && !(v != v && wide[i] != wide[i]) {
				t.Fatalf("%s[%d] is %g; want %g", name, i, v, wide[i])
			}
		}
	}
	for name, want := range map[string][]int{"none": {0, 3}, "nothing": {0}, "void": {2, 0, 5}} {
		if v := got[name]; v == nil || !slices.Equal(v.Shape(), want) {
			t.Errorf("%s: %v; want shape %v", name, v, want)
		}
	}
}

// write makes a safetensors file of a header and its data.
func write(t *testing.T, header string, data ...byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.safetensors")
	raw := append([]byte{byte(len(header)), byte(len(header) >> 8), 0, 0, 0, 0, 0, 0}, header...)
	if err := os.WriteFile(path, append(raw, data...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Tensors without elements are read in the header's order and written again; a store passes them over.
func TestTensorsWithoutElements(t *testing.T) {
	path := write(t, `{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"z":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]},`+
		`"b":{"dtype":"I64","shape":[2,0],"data_offsets":[4,4]},"a":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}`, 0, 0, 128, 63)
	for range 10 {
		list, _, err := graph.ReadSafetensors(path)
		if err != nil {
			t.Fatal(err)
		}
		names := ""
		for _, v := range list {
			names += v.Name
		}
		if names != "awzb" {
			t.Fatalf("the tensors come as %s; want a, w, z, b", names)
		}
		if err := graph.WriteSafetensors(path, list, nil); err != nil {
			t.Fatal(err)
		}
	}
	p := graph.NewParams(1)
	if _, err := p.Load(path); err != nil || p.Len() != 1 || p.Get("w").Value().Float32s()[0] != 1 {
		t.Error(err, p)
	}
}

// An int has 32 bits on some machines: numbers are refused there rather than cut.
func TestNumbersThatDoNotFitAnInt(t *testing.T) {
	large := write(t, `{"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}}`, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0)
	list, _, err := graph.ReadSafetensors(large)
	if strconv.IntSize == 64 && (err != nil || uint64(list[0].Value.Ints()[1]) != 1<<32) {
		t.Error(list, err)
	}
	if strconv.IntSize == 32 && (err == nil || !strings.Contains(err.Error(), "tensor a: the I64 at element 1 does not fit an int of 32 bits")) {
		t.Error(err)
	}
	unsigned := write(t, `{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}`, 255, 255, 255, 255, 255, 255, 255, 255)
	if _, _, err := graph.ReadSafetensors(unsigned); err == nil || !strings.Contains(err.Error(), "tensor a: the U64 at element 0 does not fit an int") {
		t.Error(err)
	}
}

// A file of another kind is called by its name, with what to do about it.
func TestOtherFormats(t *testing.T) {
	archive := func(names ...string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range names {
			f, err := w.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte("something")); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return b.String()
	}
	for want, data := range map[string]string{
		"a PyTorch file (torch.save); package nn/torch reads it":     archive("model/data.pkl", "model/data/0"),
		"a zip archive of NumPy arrays (.npz); package nn/numpy":     archive("w.npy"),
		"a Keras model (.keras)":                                     archive("metadata.json", "config.json", "model.weights.h5"),
		"a Python pickle":                                            "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M",
		"an HDF5 file; if Keras wrote it, package nn/keras reads it": "\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00",
		"a GGUF file":   "GGUF\x03\x00\x00\x00\x22\x01\x00\x00\x00\x00\x00\x00",
		"a NumPy array": "\x93NUMPY\x01\x00v\x00{'descr': '<f8'",
		"a gzip file":   "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff",
		"an ONNX model; package nn/onnx reads it": "\x08\x0e\x12\x07pytorch:3\x0a\x0c\x0a\x01x",
		"git lfs pull":                        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
		"a web page: the download went wrong": "<!DOCTYPE html>\n<html><head></head></html>",
		"is not a usable safetensors file: it seems to be a text file": "text,label\nlà một bộ phim hay,1\n" + strings.Repeat("ồ", 3000),
		"a file of an unknown format, whose first bytes are 88 88 88":  strings.Repeat("\x88", 21),
	} {
		path := filepath.Join(t.TempDir(), "given")
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := graph.ReadSafetensors(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// What JSON would change, or take for something else, is refused when it is written.
func TestNamesThatFilesCannotHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m")
	one := graph.Floats([]float32{1})
	for want, c := range map[string]struct {
		name string
		meta map[string]string
	}{
		`the tensor's name "a\xff" is not UTF-8`:   {"a\xff", nil},
		"no tensor can be called __metadata__":     {"__metadata__", nil},
		`the metadata "k": "\xfe" is not UTF-8`:    {"a", map[string]string{"k": "\xfe"}},
		`the metadata "\xfe": "text" is not UTF-8`: {"a", map[string]string{"\xfe": "text"}},
	} {
		err := graph.WriteSafetensors(path, []graph.Named{{Name: c.name, Value: one}}, c.meta)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Fatal("the file was written all the same")
		}
	}
	if _, err := graph.NewParams(1).Add("__metadata__", one); err == nil || !strings.Contains(err.Error(), "the place of the metadata") {
		t.Error(err)
	}
	p := graph.NewParams(1)
	if _, err := p.Add("a\xff", one); err == nil {
		if err := p.Save(path, nil); err == nil {
			t.Error("a name that does not come back was saved")
		}
	}
	g := graph.New(graph.NewParams(1))
	g.Param("a\xff", graph.Constant(0), 1)
	if g.Err() == nil {
		t.Error("a graph took a name that no file can hold")
	}
}
