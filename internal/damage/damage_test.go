package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
)

// Some hundred damaged files of every format; the command runs any number.
func TestDamagedFiles(t *testing.T) { // one after the other: what a file allocates is measured for the whole program
	n := 200
	if testing.Short() {
		n = 50
	}
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			r, err := run(f, n, 2, 30*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if r.read == 0 || r.read == n {
				t.Errorf("%d of %d files are still read: the damage is too great or too small to tell anything", r.read, n)
			}
		})
	}
}

// What the command is there to find, it finds.
func TestFindsFaults(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var held [][]byte
	for want, use := range map[string]func(path string, data []byte) error{
		"panicked: runtime error: index out of range": func(_ string, data []byte) error {
			if data[5] == 0 {
				return errors.New("refused")
			}
			return nil
		},
		"allocated ": func(_ string, data []byte) error {
			held = append(held, make([]byte, 4<<20*bytes.Count(data, []byte("a"))))
			return nil
		},
		"took ": func(_ string, data []byte) error {
			if len(data) < 6 {
				time.Sleep(30 * time.Millisecond)
			}
			return nil
		},
	} {
		f := format{name: "test", files: inline("aaaaaa"), use: use, memory: allowance{fixed: 26 << 20}}
		limit := time.Hour
		if want == "took " {
			limit = 20 * time.Millisecond
			if u := f.try("", []byte("a"), time.Hour); u.took < limit || u.err != nil {
				t.Errorf("found %+v", u)
			}
			continue // run would end the program, which is right
		}
		if _, err := run(f, 2000, 1, limit); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "kept in") {
			t.Errorf("want an error with %q, found %v", want, err)
		}
	}
}

// The same seed gives the same files; edits keep files well formed.
func TestDamageIsSeeded(t *testing.T) {
	for _, f := range formats {
		whole, err := f.files()
		if err != nil {
			t.Fatal(err)
		}
		different := 0
		for i := range uint64(100) {
			a := damaged(rand.New(rand.NewPCG(1, i)), whole, f.edit)
			b := damaged(rand.New(rand.NewPCG(1, i)), whole, f.edit)
			if !bytes.Equal(a, b) {
				t.Fatalf("%s: file %d differs", f.name, i)
			}
			different++
			for _, w := range whole {
				if bytes.Equal(a, w) {
					different--
					break
				}
			}
		}
		if different < 80 {
			t.Errorf("%s: only %d of 100 files are damaged", f.name, different)
		}
	}
	whole, err := testdata("nn/onnx/testdata/torch/tagger.onnx")()
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint64(200) {
		if edited := editMessage(rand.New(rand.NewPCG(2, i)), whole[0]); len(edited) > 0 && len(fieldsOf(edited)) == 0 {
			t.Fatalf("edit %d gives no message", i)
		}
	}
}
