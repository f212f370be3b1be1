package hdf5

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
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
		"bad/integers":   "class 0 with 4 bytes; want little-endian floats",
		"bad/big-endian": "class 1 with 4 bytes; want little-endian floats",
		"bad/half":       "class 1 with 2 bytes; want little-endian floats",
		"bad/chunks":     "in chunks, which is not supported",
		"bad/zipped":     "not supported",
		"bad/unwritten":  "was never written",
		"bad/nothing":    "no dataset is called",
	} {
		if _, err := f.Dataset(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: want an error with %q, got %v", path, want, err)
		}
	}
	if n := len(f.Paths()); n != 9 {
		t.Errorf("%d datasets; want 9", n)
	}
	if _, err := Read("testdata/latest.h5"); err == nil || !strings.Contains(err.Error(), "superblock has version") {
		t.Errorf("the newer form: %v", err)
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
	if _, err := Read("testdata/links.h5"); err == nil || !strings.Contains(err.Error(), "neither a dataset nor a group") {
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
	python := os.Getenv("UNROLL_PYTHON_KERAS")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import h5py").Run(); err != nil {
		t.Skipf("%s cannot import h5py; name another in UNROLL_PYTHON_KERAS", python)
	}
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
	whole, err := os.ReadFile("testdata/forms.h5")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	read := 0
	for k := range 3000 {
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
		}
	}
	if read < 100 {
		t.Errorf("only %d damaged files were read", read)
	}
}
