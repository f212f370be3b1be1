package compile

import (
	"fmt"
	"os"
	"strings"

	"github.com/pkg/errors"
)

// Pass is a step of the compiler. It makes code cheaper to run without changing what it computes, but for the order of
// additions.
type Pass uint8

// The passes, in the order in which they run.
const (
	Merge Pass = iota
	Flatten
	Batch
	Hoist
	Associate
	Accumulate
	Pack
	Chunk
	Freeze // for streams alone
	Place
	Fuse

	count = int(Fuse) + 1
)

// passes says what each pass is called and what it does to code. Those without a function are part of the plan, which
// puts the code in order and decides where every value lies.
var passes = [count]struct {
	name string
	run  func(*Code)
}{
	Merge:      {"merge", (*Code).merge},
	Flatten:    {"flatten", (*Code).flatten},
	Batch:      {"batch", (*Code).batch},
	Hoist:      {"hoist", (*Code).hoist},
	Associate:  {"associate", (*Code).associate},
	Accumulate: {"accumulate", (*Code).accumulate},
	Pack:       {"pack", (*Code).pack},
	Chunk:      {"chunk", (*Code).chunk},
	Freeze:     {"freeze", nil}, // what depends on weights alone is computed once
	Place:      {"place", nil},  // parts of a concatenation, and results of element-wise operations, are computed where they belong
	Fuse:       {"fuse", nil},   // chains of element-wise operations run over tiles that stay in the cache
}

// order says which pass must come before which, and why. A test holds the list of passes against it.
var order = []struct {
	first, then Pass
	why         string
}{
	{Merge, Flatten, "a slice that is taken twice sends back two padded terms; only one slice's terms cover the whole"},
	{Flatten, Batch, "the terms of a weight's gradient come from all steps, and are terms of one sum only when nested sums are"},
	{Batch, Hoist, "the rows of all steps are compared with the table's; those of one step are always fewer"},
	{Hoist, Associate, "what is cheaper depends on the rows, which are fewer where a table has them"},
	{Associate, Accumulate, "a product that is added to another value's memory is a factor of none"},
	{Batch, Accumulate, "a product that is added to another value's memory is no member of a batch"},
	{Hoist, Accumulate, "a product that is added to another value's memory cannot move to a table"},
	{Accumulate, Pack, "it is the last to change which products there are, and how many have a matrix in common"},
	{Accumulate, Chunk, "what a weight's gradient is added to must be known: its sum goes on from chunk to chunk"},
	{Pack, Chunk, "a head in chunks packs its weight for the logits alone; the pass before would for the gradient too"},
	{Chunk, Place, "chunks of rows are computed where the whole belongs"},
	{Pack, Freeze, "packed weights depend on weights alone"},
	{Freeze, Place, "what is computed once keeps its memory, so nothing else may be placed there"},
	{Place, Fuse, "a result that has a place in a larger tensor is written there tile by tile"},
}

func (p Pass) String() string { return passes[p].name }

// PassSet tells which passes run, and whether the code is checked between them.
type PassSet uint32

// checked is the element of a PassSet that has the code checked after each pass.
const checked = PassSet(1) << 31

// Has tells whether a pass runs.
func (s PassSet) Has(p Pass) bool { return s&(1<<p) != 0 }

// With is the set with one pass more.
func (s PassSet) With(p Pass) PassSet { return s | 1<<p }

// without is the set with one pass less.
func (s PassSet) without(p Pass) PassSet { return s &^ (1 << p) }

// Chosen reads UNROLL_PASSES: a list of passes to leave out, such as "-fuse,-batch", or "none" for a program that
// executes the graph as it stands. It is meant for finding out which pass a wrong result comes from; "check" in the list
// has the code checked after each pass.
func Chosen() (PassSet, error) {
	all := PassSet(1<<count - 1).without(Freeze)
	setting := os.Getenv("UNROLL_PASSES")
	switch setting {
	case "":
		return all, nil
	case "none":
		return 0, nil
	}
	for word := range strings.SplitSeq(setting, ",") {
		name, ok := strings.CutPrefix(word, "-")
		p, known := named(name)
		switch {
		case word == "check":
			all |= checked
		case ok && known:
			all = all.without(p)
		default:
			return 0, errors.Errorf("graph: UNROLL_PASSES=%s: want none, check, or passes to leave out such as -fuse,-batch; found %q",
				setting, word)
		}
	}
	return all, nil
}

func named(name string) (Pass, bool) {
	for i, p := range passes {
		if p.name == name {
			return Pass(i), true
		}
	}
	return 0, false
}

// optimise runs the passes of a set.
func (k *Code) optimise(on PassSet) {
	k.on = on
	for i, p := range passes {
		if p.run == nil || !on.Has(Pass(i)) {
			continue
		}
		p.run(k)
		if on&checked != 0 {
			if err := k.check(); err != nil {
				panic(fmt.Sprintf("after the pass %s: %v", p.name, err))
			}
		}
	}
}

// tidy removes what a pass left behind.
func (k *Code) tidy() {
	k.sort()
	if k.on.Has(Merge) {
		k.merge()
	} else {
		k.views(false)
	}
}
