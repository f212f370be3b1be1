package graph

import (
	"os"
	"strings"

	"github.com/pkg/errors"
)

// pass is one step of the compiler. It makes code cheaper to run without changing what it computes, but for the order
// of additions.
type pass struct {
	name string
	run  func(*code)
}

// passes, in the order in which they run. Two more, which belong to the planning of memory, have names only.
var passes = []pass{
	{"merge", (*code).merge},
	{"flatten", (*code).flatten},
	{"batch", (*code).batch},
	{"hoist", (*code).hoist},
	{"accumulate", (*code).accumulate},
	{"pack", (*code).pack},
	{"place", nil}, // parts of a concatenation, and results of element-wise operations, are computed where they belong
	{"fuse", nil},  // chains of element-wise operations run over tiles that stay in the cache
}

// passSet tells which passes run.
type passSet map[string]bool

// chosenPasses reads UNROLL_PASSES: a list of passes to leave out, such as "-fuse,-batch", or "none" for a program
// that executes the graph as it stands. It is meant for finding out which pass a wrong result comes from.
func chosenPasses() (passSet, error) {
	s := passSet{}
	setting := os.Getenv("UNROLL_PASSES")
	for _, p := range passes {
		s[p.name] = setting != "none"
	}
	if setting == "" || setting == "none" {
		return s, nil
	}
	for _, word := range strings.Split(setting, ",") {
		name, ok := strings.CutPrefix(word, "-")
		if _, known := s[name]; !ok || !known {
			return nil, errors.Errorf("graph: UNROLL_PASSES=%s: want none, or passes to leave out such as -fuse,-batch; found %q", setting, word)
		}
		s[name] = false
	}
	return s, nil
}

// optimise runs the passes of a set.
func (k *code) optimise(on passSet) {
	k.on = on
	for _, p := range passes {
		if p.run != nil && on[p.name] {
			p.run(k)
		}
	}
}

// tidy removes what a pass left behind.
func (k *code) tidy() {
	k.link()
	if k.on["merge"] {
		k.merge()
	} else {
		k.views()
	}
}
