package main

import (
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	o, err := parse([]string{"-python", "new=/venv/bin/python", "-python", "/a=b/python", "-program", "before=/tmp/ours",
		"-rounds", "7", "-threads", "1,2,4-6", "-cpus", "0,2", "-only", "gru", "-timeout", "1m", "-once", "2s", "-record", "m.json",
		"-peers", "torch,jax,spago", "-within", "4m"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []spec{{"new", "/venv/bin/python"}, {"", "/a=b/python"}}; !slices.Equal(o.pythons, want) {
		t.Errorf("pythons %v, want %v", o.pythons, want)
	}
	if want := []spec{{"before", "/tmp/ours"}}; !slices.Equal(o.programs, want) {
		t.Errorf("programs %v, want %v", o.programs, want)
	}
	if !slices.Equal(o.threads, []int{1, 2, 4, 5, 6}) || !slices.Equal(o.cpus, []int{0, 2}) {
		t.Errorf("threads %v, processors %v", o.threads, o.cpus)
	}
	if want := []string{"torch", "jax", "spago"}; !slices.Equal(o.peers, want) || o.within != 4*time.Minute {
		t.Errorf("peers %v within %v", o.peers, o.within)
	}
	if o.rounds != 7 || o.timeout != time.Minute || o.once != 2*time.Second || o.record != "m.json" || o.page || !o.malloc || !o.only.MatchString("Train/gru/") {
		t.Errorf("%+v", o)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"lstm"}, {"-rounds", "0"}, {"-seconds", "0"}, {"-seconds", "NaN"}, {"-threads", "0"}, {"-threads", ""},
		{"-threads", "two"}, {"-cpus", "3-1"}, {"-only", "("}, {"-peers", "numpy"}, {"-within", "-1s"},
	} {
		if o, err := parse(args); err == nil {
			t.Errorf("%q was taken as %+v", args, o)
		}
	}
}
