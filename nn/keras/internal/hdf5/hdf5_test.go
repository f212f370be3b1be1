package hdf5

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/testutil"
)

// The files in testdata were written by h5py; see testdata/record.py.

func TestReadsWhatH5pyWrites(t *testing.T) {
	f, err := Read("testdata/forms.h5")
	if err != nil {
		t.Fatal(err)
	}
	third := func(bits int, shape ...int) Dataset {
		d := Dataset{Shape: shape, Bits: bits}
		for i := range 6 {
			v := float64(i) / 3
			if bits == 32 {
				v = float64(float32(i) / 3)
			}
			d.Data = append(d.Data, v)
		}
		return d
	}
	for path, want := range map[string]Dataset{
		"good/float32": third(32, 2, 3),
		"good/float64": third(64, 3, 1, 2),
		"good/scalar":  {Shape: []int{}, Bits: 32, Data: []float64{1.5}},
	} {
		want.Path = path
		got, err := f.Dataset(path)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	for path, want := range map[string]string{
		"bad/text":      "class 3 with 1 bytes; want floats of 2, 4 or 8 bytes, or whole numbers",
		"bad/complex":   "class 6 with 8 bytes",
		"bad/unwritten": "was never written",
		"bad/scaled":    "went through filter 6, which is not supported",
		"bad/nothing":   "no dataset is called",
	} {
		if _, err := f.Dataset(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: want an error with %q, got %v", path, want, err)
		}
	}
	if n := len(f.Paths()); n != 22 {
		t.Errorf("%d datasets; want 22", n)
	}
}

func TestNumbersOfAllKinds(t *testing.T) {
	f, err := Read("testdata/forms.h5")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]float64{
		"little-u4": {0, 1, 2, 3, 4, 5}, "bool": {0, 1, 1, 1, 1, 1}, "little-i2": nil, "big-i4": nil, "i1": nil, "little-i8": nil,
		"big-f4": nil, "big-f8": nil, "little-f2": nil,
		"special": {math.Inf(1), math.Inf(-1), 5.9604644775390625e-08, -65504, 0.0999755859375},
	} {
		if want == nil {
			want = []float64{-3, -2, -1, 0, 1, 2}
		}
		got, err := f.Dataset("numbers/" + path)
		if err != nil || !reflect.DeepEqual(got.Data, want) {
			t.Errorf("%s: got %v, %v; want %v", path, got.Data, err, want)
		}
		if wide := strings.HasSuffix(path, "8"); wide != (got.Bits == 64) {
			t.Errorf("%s: %d bits", path, got.Bits)
		}
	}
}

func TestChunks(t *testing.T) {
	f, err := Read("testdata/forms.h5")
	if err != nil {
		t.Fatal(err)
	}
	for path, n := range map[string]int{"plain": 105, "gzip": 105, "all": 105, "many": 3000, "empty": 105} {
		got, err := f.Dataset("chunks/" + path)
		if err != nil || len(got.Data) != n {
			t.Errorf("%s: %d numbers, %v; want %d", path, len(got.Data), err, n)
			continue
		}
		for i, v := range got.Data {
			if want := float64(i); v != want && path != "empty" || path == "empty" && v != 0 {
				t.Fatalf("%s: element %d is %v", path, i, v)
			}
		}
	}
}

func TestStrings(t *testing.T) {
	f, err := Read("testdata/forms.h5")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"fixed": {"one", "two", "three"}, "empty": {}, "one": {"grün"}, "bytes": {"bytes"}, "several": {"a", strings.Repeat("bb", 3000), ""},
		"none": nil, "note 39": {strings.Repeat("x", 40)},
	} {
		if got, err := f.Strings("good", name); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
		}
	}
	for _, c := range [][3]string{{"", "root", "root"}, {"good/float32", "of a dataset", "yes"}} {
		if got, err := f.Strings(c[0], c[1]); err != nil || len(got) != 1 || got[0] != c[2] {
			t.Errorf("%v: got %q, %v", c, got, err)
		}
	}
	if _, err := f.Strings("good", "number"); err == nil || !strings.Contains(err.Error(), `attribute "number" of "good": it is of class 0; want strings`) {
		t.Errorf("a number: %v", err)
	}
	if _, err := f.Strings("nowhere", "a"); err == nil || !strings.Contains(err.Error(), `no group or dataset is called "nowhere"`) {
		t.Errorf("nothing: %v", err)
	}
}

// The form of HDF5 1.10 and later, which h5py writes with libver="latest", and groups that keep the order of their members.
func TestNewerForms(t *testing.T) {
	f, err := Read("testdata/latest.h5")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if d, err := f.Dataset(fmt.Sprintf("many/%03d", i)); err != nil || d.Data[0] != float64(i) {
			t.Fatalf("dataset %d: got %v, %v", i, d, err)
		}
	}
	for i := range 40 {
		if s, err := f.Strings("many", fmt.Sprintf("note %d", i)); err != nil || len(s) != 1 || s[0] != fmt.Sprintf("text %d", i) {
			t.Fatalf("note %d: %q, %v", i, s, err)
		}
	}
	if d, err := f.Dataset("a"); err != nil || !reflect.DeepEqual(d.Data, []float64{1, 2}) {
		t.Errorf("got %v, %v", d, err)
	}
	if _, err := f.Dataset("chunks"); err == nil || !strings.Contains(err.Error(), "in chunks with an index of the newest form") {
		t.Errorf("chunks: %v", err)
	}
	if f, err = Read("testdata/ordered.h5"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x", "y", "z"} {
		if d, err := f.Dataset(name + "/a"); err != nil || d.Data[0] != float64(name[0]) {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}

func TestLargeGroups(t *testing.T) {
	f, err := Read("testdata/many.h5")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if d, err := f.Dataset(fmt.Sprintf("layers/%03d", i)); err != nil || d.Data[0] != float64(i) {
			t.Errorf("dataset %d: got %v, %v", i, d, err)
		}
	}
}

// A group that contains itself has no end.
func TestLoopsAreRefused(t *testing.T) {
	data, err := Bytes([]Dataset{{Path: "a/b", Bits: 32, Data: []float64{1}}})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	root := binary.LittleEndian.Uint64(data[64:])
	at := bytes.Index(data, binary.LittleEndian.AppendUint64(nil, f.at["a/b"])) // the member of the group a
	binary.LittleEndian.PutUint64(data[at:], root)
	if _, err := Parse(data); err == nil || !strings.Contains(err.Error(), "is reached twice") {
		t.Errorf("want an error about the loop, got %v", err)
	}
}

// What is in other files is not read, whether the data is there or the whole dataset.
func TestOtherFilesAreNotRead(t *testing.T) {
	f, err := Read("testdata/elsewhere.h5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Dataset("a"); err == nil || !strings.Contains(err.Error(), `"a": its data is in other files`) {
		t.Errorf("found %v", err)
	}
	if _, err := Read("testdata/links.h5"); err == nil || !strings.Contains(err.Error(), `"a" is a link to another place`) {
		t.Errorf("found %v", err)
	}
}

// Objects may share their names' and messages' bytes, so that a short file could have long paths and headers without end.
func TestSharedBytesAreCounted(t *testing.T) {
	var list []Dataset
	for i := range 40 {
		list = append(list, Dataset{Path: strings.Repeat("g/", 50) + fmt.Sprint(i), Bits: 32, Data: []float64{1}})
	}
	data, err := Bytes(list)
	if err != nil {
		t.Fatal(err)
	}
	long := bytes.Clone(data)
	for at := range long[:len(long)-8] { // every group calls its members by one long name
		if string(long[at:at+4]) == "HEAP" {
			binary.LittleEndian.PutUint64(long[at+8:], 128)
			binary.LittleEndian.PutUint64(long[at+24:], uint64(len(long)))
		}
	}
	long = append(append(long, bytes.Repeat([]byte{'n'}, 127)...), 0)
	if _, err := Parse(long); err == nil || !strings.Contains(err.Error(), "want at most 4096") {
		t.Errorf("long paths: %v", err)
	}
	f, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range f.at { // every header goes on in one block of empty messages
		binary.LittleEndian.PutUint16(data[at+2:], 1000)
		binary.LittleEndian.PutUint32(data[at+8:], 24)
		binary.LittleEndian.PutUint16(data[at+16:], msgContinuation)
		binary.LittleEndian.PutUint16(data[at+18:], 16)
		binary.LittleEndian.PutUint64(data[at+24:], uint64(len(data)))
		binary.LittleEndian.PutUint64(data[at+32:], 1000*8)
	}
	block := make([]byte, 1000*8)
	block[0] = msgLayout
	if _, err := Parse(append(data, block...)); err == nil || !strings.Contains(err.Error(), "more messages than the file has room for") {
		t.Errorf("long headers: %v", err)
	}
}

// tree returns datasets at random paths; groups have up to 300 members.
func tree(seed uint64) []Dataset {
	rng := rand.New(rand.NewPCG(seed, 0))
	var out []Dataset
	for i := range 1 + rng.IntN(300) {
		d := Dataset{Path: fmt.Sprintf("g%d/%d", rng.IntN(3), i), Bits: 32 + 32*rng.IntN(2), Shape: []int{}, Data: []float64{}}
		if rng.IntN(4) == 0 {
			d.Path = fmt.Sprintf("only %d/deeper/%s", i, d.Path)
		}
		n := 1
		for k := rng.IntN(4); k > 0; k-- {
			d.Shape = append(d.Shape, 1+rng.IntN(4))
			n *= d.Shape[len(d.Shape)-1]
		}
		for ; n > 0; n-- {
			d.Data = append(d.Data, float64(float32(rng.NormFloat64())))
		}
		out = append(out, d)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(20) {
		list := tree(seed)
		data, err := Bytes(list)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Paths()) != len(list) {
			t.Errorf("seed %d: %d datasets; want %d", seed, len(f.Paths()), len(list))
		}
		for _, want := range list {
			if got, err := f.Dataset(want.Path); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("seed %d: got %v, %v; want %v", seed, got, err, want)
			}
		}
	}
}

// h5py reads what we write.
func TestH5pyReadsWhatIsWritten(t *testing.T) {
	python := testutil.Python(t, "UNROLL_PYTHON_KERAS", "import h5py")
	for seed := range uint64(3) {
		list := tree(seed)
		data, err := Bytes(list)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.h5")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(python, "testdata/record.py", "--read", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		var found map[string][2]any
		if err := json.Unmarshal(out, &found); err != nil {
			t.Fatal(err)
		}
		if len(found) != len(list) {
			t.Errorf("h5py finds %d datasets; want %d", len(found), len(list))
		}
		for _, d := range list {
			if got, want := fmt.Sprint(found[d.Path]), fmt.Sprint([2]any{d.Shape, d.Data}); got != want {
				t.Fatalf("h5py reads %s as %s; want %s", d.Path, got, want)
			}
		}
	}
}

func TestBytesRefuses(t *testing.T) {
	one := []float64{1}
	for want, list := range map[string][]Dataset{
		"is a dataset and a group":      {{Path: "a", Bits: 32, Data: one}, {Path: "a/b", Bits: 32, Data: one}},
		"1 of 2 paths are different":    {{Path: "a", Bits: 32, Data: one}, {Path: "a", Bits: 32, Data: one}},
		`"a//b" is no path`:             {{Path: "a//b", Bits: 32, Data: one}},
		`"a\xff" is no path`:            {{Path: "a\xff", Bits: 32, Data: one}},
		`aaaa"`:                         {{Path: strings.Repeat("a", longestPath+1), Bits: 32, Data: one}},
		"shape [2] of 32-bit floats":    {{Path: "a", Bits: 32, Shape: []int{2}, Data: one}},
		"shape [] of 16-bit floats":     {{Path: "a", Bits: 16, Data: one}},
		"shape [0 1] of 32-bit floats ": {{Path: "a", Bits: 32, Shape: []int{0, 1}, Data: one}},
	} {
		if _, err := Bytes(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// Damaged files give errors: no panic and no endless walk.
func TestDamagedFiles(t *testing.T) {
	for _, name := range []string{"forms.h5", "latest.h5", "ordered.h5"} {
		damage(t, name, 600)
	}
}

func damage(t *testing.T, name string, n int) {
	whole, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	read := 0
	for k := range n {
		data := append([]byte{}, whole...)
		for j := rng.IntN(8); j >= 0; j-- {
			data[rng.IntN(len(data))] = byte(rng.UintN(256))
		}
		if k%10 == 0 {
			data = data[:rng.IntN(len(data))]
		}
		f, err := Parse(data)
		if err != nil {
			continue
		}
		read++
		for _, path := range f.Paths() {
			f.Dataset(path)
			f.Strings(path, "note 1")
		}
		f.Strings("good", "several")
		f.Strings("many", "note 7")
	}
	if read < 30 {
		t.Errorf("%s: only %d damaged files were read", name, read)
	}
}
