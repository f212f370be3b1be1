package torch_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/torch"
)

// Files that ask for calls, and tensors that cannot be represented, are refused by name; nothing is called.
func TestRefuses(t *testing.T) {
	const trace = "/tmp/a-pickle-was-run"
	_ = os.Remove(trace)
	for name, want := range map[string]string{
		"refused_call":        "it calls posix.system, which is none of the functions",
		"refused_call_legacy": "it calls posix.system",
		"refused_kinds":       "a is quantised; b is sparse; c is of ComplexFloatStorage",
		"refused_plain":       "it has no tensors: it is a dict of 1 plain values",
		"nothing":             "no such file",
	} {
		_, err := torch.Read("testdata/" + name + ".pt")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want an error with %q, got %v", name, want, err)
		}
	}
	if _, err := os.Stat(trace); err == nil {
		t.Error("a file ran a command")
	}
}

// zipped is an archive with a pickle, and a storage of some bytes.
func zipped(t *testing.T, pickle string, method uint16, storage []byte) string {
	t.Helper()
	return archived(t, method, map[string]string{"m/data.pkl": pickle, "m/data/0": string(storage)})
}

// archived is an archive of files.
func archived(t *testing.T, method uint16, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return file(t, b.String())
}

func file(t *testing.T, data string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.pt")
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// view is a pickle of protocol 0 and 2 of one tensor: a view of storage 0.
func view(class, elements, offset, shape, strides string) string {
	return "\x80\x02}U\x01wctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\n" + class + "\nU\x010U\x03cpuI" + elements +
		"\ntQI" + offset + "\n(" + shape + "t(" + strides + "tI00\nccollections\nOrderedDict\n)RtRs."
}

// What has no end is not read.
func TestDevicesAreNoFiles(t *testing.T) {
	if _, err := torch.Read("/dev/zero"); err == nil {
		t.Error("a device was read")
	}
}

// A value that stands in itself, as settings do that know what they are part of, ends there, and the tensors beside it are read.
func TestValuesInThemselves(t *testing.T) {
	tensor := strings.TrimSuffix(strings.TrimPrefix(view("FloatStorage", "4", "0", "I4\n", "I1\n"), "\x80\x02}U\x01w"), "s.")
	f, err := torch.Read(zipped(t, "\x80\x02}q\x00U\x01w"+tensor+"sU\x05whole]h\x00as.", zip.Store, make([]byte, 16)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Tensors) != 1 || f.Tensors[0].Name != "w" || f.Values["whole"] != `["..."]` {
		t.Errorf("found %v and %v", f.Tensors, f.Values)
	}
}

// Views that leave their storage, and files that would fill memory or never end, are refused, and take little memory.
func TestHostile(t *testing.T) {
	nested := func(open string, n int, tail string) string { return "\x80\x02" + strings.Repeat(open, n) + tail + "." }
	zeros := make([]byte, 32<<20)
	for name, c := range map[string]struct{ path, want string }{
		"beyond":        {zipped(t, view("FloatStorage", "4", "1", "I4\n", "I1\n"), zip.Store, zeros[:16]), "leaves its storage of 4 elements"},
		"overflow":      {zipped(t, view("FloatStorage", "4", "0", "I1099511627776\nI1099511627776\n", "I1099511627776\nI1\n"), zip.Store, zeros[:16]), "leaves its storage"},
		"negative":      {zipped(t, view("FloatStorage", "4", "-1", "I2\n", "I1\n"), zip.Store, zeros[:16]), "another form than PyTorch's"},
		"short":         {zipped(t, view("FloatStorage", "400", "0", "I400\n", "I1\n"), zip.Store, zeros[:16]), "should have 400 elements of FloatStorage, and has 16 bytes"},
		"repeated":      {zipped(t, view("FloatStorage", "1", "0", "I1000000000\n", "I0\n"), zip.Store, zeros[:16]), "far more than the file has"},
		"zip bomb":      {zipped(t, view("FloatStorage", "8388608", "0", "I8388608\n", "I1\n"), zip.Deflate, zeros), "far more than the file has"},
		"itself":        {file(t, "\x80\x02]q\x00h\x00a."), "a plain value"},
		"doubling":      {file(t, "\x80\x02]q\x00(NNe"+strings.Repeat("q\x00]q\x01(h\x00h\x00eq\x00", 60)+"."), "too deeply or too often"},
		"wide lists":    {file(t, nested("(", 100000, strings.Repeat("t", 100000))), "too deeply"},
		"huge string":   {file(t, "\x80\x02X\xff\xff\xff\xff."), "4294967295 bytes are wanted"},
		"huge string 8": {file(t, "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xff."), "bytes are wanted"},
		"digits":        {file(t, "I"+strings.Repeat("9", 100000)+"\n."), "cannot be read"},
		"extension":     {file(t, "\x80\x02\x82\x01."), "the instruction 0x82"},
		"no end":        {file(t, "\x80\x02]"), "1 bytes are wanted, 0 are left"},
		"empty":         {file(t, ""), "the file is empty"},
		"popen":         {file(t, "csubprocess\nPopen\n(S'ls'\ntR."), "it calls subprocess.Popen"},
		"build calls":   {file(t, "cos\nsystem\n}b."), "a state is set on what has none"},
		"no pickle":     {file(t, "text,label\n"), "byte 0 of the pickle"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := torch.Read(c.path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: want an error with %q, got %v", name, c.want, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 256<<20 {
			t.Errorf("%s: %d MiB were allocated", name, used>>20)
		}
	}
}

// What is written is read again, and is what PyTorch has read: testdata/check_written.py.
func TestWrite(t *testing.T) {
	tensors := []graph.Named{
		{Name: "lstm.weight_ih_l0", Value: graph.Floats([]float32{1, -2, 3.5, 4, 5, 6}, 2, 3)},
		{Name: "double é", Value: graph.Floats64([]float64{1e300}, 1)},
		{Name: "ids", Value: graph.Ints([]int{-1, 7}, 2, 1)},
	}
	path := filepath.Join(t.TempDir(), "m.pt")
	if err := torch.Write(path, tensors); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := os.ReadFile("testdata/written/state.pt"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file is another than the one that PyTorch has read: %v", err)
		if os.Getenv("RECORD") != "" {
			if err := os.WriteFile("testdata/written/state.pt", got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	f, err := torch.Read(path)
	if err != nil || len(f.Tensors) != 3 {
		t.Fatal(f, err)
	}
	for i, v := range f.Tensors {
		if v.Name != tensors[i].Name || !v.Value.Eq(tensors[i].Value) {
			t.Errorf("%s came back as %s %v", tensors[i].Name, v.Name, v.Value)
		}
	}
	for want, bad := range map[string][]graph.Named{
		"another tensor has this name": {tensors[0], tensors[0]},
		"the tensor is nil":            {{Name: "x"}},
		"the name is not UTF-8":        {{Name: "\xff", Value: tensors[0].Value}},
	} {
		if err := torch.Write(path, bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}
