package compile

import (
	"os"
	"strings"

	"github.com/pkg/errors"
)

// pass is one step of the compiler. It makes code cheaper to run without changing what it computes, but for the order
// of additions.
type pass struct {
	name string
	run  func(*Code)
}

// passes, in the order in which they run. Two more, which belong to the planning of memory, have names only.
var passes = []pass{
	{"merge", (*Code).merge},
	{"flatten", (*Code).flatten},
	{"batch", (*Code).batch},
	{"hoist", (*Code).hoist},
	{"accumulate", (*Code).accumulate},
	{"pack", (*Code).pack},
	{"place", nil}, // parts of a concatenation, and results of element-wise operations, are computed where they belong
	{"fuse", nil},  // chains of element-wise operations run over tiles that stay in the cache
}

// PassSet tells which passes run.
type PassSet map[string]bool

// Chosen reads UNROLL_PASSES: a list of passes to leave out, such as "-fuse,-batch", or "none" for a program
// that executes the graph as it stands. It is meant for finding out which pass a wrong result comes from.
func Chosen() (PassSet, error) {
	s := PassSet{}
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
func (k *Code) optimise(on PassSet) {
	k.on = on
	for _, p := range passes {
		if p.run != nil && on[p.name] {
			p.run(k)
		}
	}
}

// tidy removes what a pass left behind.
func (k *Code) tidy() {
	k.Link()
	if k.on["merge"] {
		k.merge()
	} else {
		k.views()
	}
}
