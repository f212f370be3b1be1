package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "texts")
	read := func(contents string) (*opinions, error) {
		t.Helper()
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return read(path)
	}
	o, err := read("7\t0.5\tfine\n8\t-0.5\tbad\n9\t0.49\tso so\n1\t-3\tawful\n")
	if err != nil || fmt.Sprint(o.classes, o.labels) != "[negative neutral positive] [2 0 1 0]" || o.texts[2] != "so so" {
		t.Errorf("%+v, error %v", o, err)
	}
	if o, err = read("spam\tbuy\nham\thello\n"); err != nil || fmt.Sprint(o.classes, o.labels) != "[ham spam] [1 0]" {
		t.Errorf("%+v, error %v", o, err)
	}
	for contents, want := range map[string]string{"a\tb\nno tab\n": "line 2 has no tab", "a\tb\na\tc\n": "want two classes at least", "": "0 texts of 0 classes"} {
		if _, err := read(contents); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
