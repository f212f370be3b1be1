package compile

import (
	"sync/atomic"

	"gorgonia.org/tensor"
)

// LeafKind tells where a leaf's numbers come from.
type LeafKind uint8

// Who may change a leaf's numbers between two runs: the caller, an optimizer, nobody.
const (
	FromInput    LeafKind = iota // given at every run
	FromWeight                   // a parameter of the store
	FromConstant                 // fixed since the graph was built
)

// Leaf is where numbers enter: an input, a parameter, a constant.
type Leaf struct {
	Kind  LeafKind
	Name  string
	Shape []int
	IDs   bool
	Value *tensor.Dense // of a constant or a parameter; nil of an input
	Lent  *atomic.Bool  // of a parameter: somebody outside the store has its memory, and may write there unseen

	Source Source // of a parameter whose Value has its numbers only when they are asked for; nil if it always has them

	Uniform bool    // a constant that is one number everywhere, which its name tells
	Number  float64 // of a uniform constant, as it was before it was rounded to the graph's element type
}

// Source puts a parameter's numbers into its Value.
type Source interface {
	Keep()           // from now on
	Lend(use func()) // as long as use runs
}

// keep sees to it that the leaf's Value has its numbers from now on.
func (l *Leaf) keep() {
	if l.Source != nil {
		l.Source.Keep()
	}
}

// lend runs what needs the leaf's numbers for no longer than that.
func (l *Leaf) lend(use func()) {
	if l.Source == nil {
		use()
		return
	}
	l.Source.Lend(use)
}
