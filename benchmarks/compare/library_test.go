package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPythonEnvironment(t *testing.T) {
	nothing := func(string) (string, bool) { return "", false }
	wide := machine{flags: []string{"avx2", "avx512f"}}
	malloc := []string{"MALLOC_MMAP_THRESHOLD_=1000000000", "MALLOC_TRIM_THRESHOLD_=2000000000"}
	for _, c := range []struct {
		m      machine
		malloc bool
		lookup func(string) (string, bool)
		want   []string
	}{
		{wide, true, nothing, append([]string{"OPENBLAS_CORETYPE=SkylakeX"}, malloc...)},
		{wide, false, nothing, []string{"OPENBLAS_CORETYPE=SkylakeX"}},
		{machine{flags: []string{"avx2"}}, true, nothing, malloc},
		{wide, false, func(key string) (string, bool) { return "Zen", key == "OPENBLAS_CORETYPE" }, []string{"OPENBLAS_CORETYPE=Zen"}},
	} {
		if got := pythonEnvironment(c.m, c.malloc, c.lookup); !slices.Equal(got, c.want) {
			t.Errorf("%v, malloc %v: %q, want %q", c.m.flags, c.malloc, got, c.want)
		}
	}
}

func TestEnvironmentOfAProcess(t *testing.T) {
	t.Setenv("OMP_NUM_THREADS", "64")
	env := library{env: []string{"A=1"}}.environment(3)
	value := func(key string) (v string) { // the last one counts
		for _, e := range env {
			if s, ok := strings.CutPrefix(e, key+"="); ok {
				v = s
			}
		}
		return v
	}
	for key, want := range map[string]string{"A": "1", "OMP_NUM_THREADS": "3", "GOMAXPROCS": "3", "MKL_NUM_THREADS": "3",
		"OPENBLAS_NUM_THREADS": "3", "PATH": os.Getenv("PATH")} {
		if got := value(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "python")
	if l := find(spec{"mine", path}, nil); l.missing == "" || l.label != "mine" {
		t.Errorf("a program that is not there: %+v", l)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if l := find(spec{"", path}, nil); l.missing != "" || l.command[0] != path {
		t.Errorf("a program that is there: %+v", l)
	}
}

func TestLastLine(t *testing.T) {
	for text, want := range map[string]string{"": "", "one\n": "one", "Traceback\n  File\nModuleNotFoundError: torch\n\n": "ModuleNotFoundError: torch"} {
		if got := lastLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
