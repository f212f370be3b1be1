package op

import (
	"fmt"

	"github.com/pkg/errors"
)

// Loop is a recurrence as one operation, for those who read a graph: no program runs it. Its operands are, one after the other,
// Sequences, States before the first step, what a step calls an entry of each of them, the step's Outputs and its next States,
// and at last the lengths, if Lengths.
type Loop struct {
	Steps                      int
	Sequences, States, Outputs int
	Reverse, Lengths           bool
	What                       any // what is repeated: a cell
}

func (o *Loop) String() string { return fmt.Sprintf("recurrence of %d steps", o.Steps) }

// Bind returns a task that fails.
func (o *Loop) Bind(*Binding) Task {
	return func() error { return errors.New("a recurrence in one operation is for reading, not for running") }
}

// LoopResult is an output of all steps of a Loop, or, after its outputs, a state behind the last one.
type LoopResult struct{ Index int }

func (o LoopResult) String() string { return fmt.Sprintf("result %d of a recurrence", o.Index) }

// Bind returns a task that fails, as that of the Loop.
func (o LoopResult) Bind(b *Binding) Task { return (&Loop{}).Bind(b) }
