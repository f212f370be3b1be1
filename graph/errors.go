package graph

import (
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/internal/compile"
)

// Error is a mistake made while building a graph, or one that an operation met in its data when it ran: where in the
// model, which operation, on which line of the caller's code, and what was wrong.
type Error struct {
	Scope  string // scope path, such as "encoder/lstm layer 1"; empty at the top
	Op     string // the operation, such as "MatMul"
	Shape  []int  // of the operation's result, if it ran; nil while building
	Caller string // file:line of the code outside the library that led here
	Reason string // what was expected and what was found

	cause error // if it ran
}

func (e *Error) Error() string {
	s := "graph: " + e.Op
	if e.Scope != "" {
		s += " in " + e.Scope
	}
	if e.Shape != nil {
		s += fmt.Sprintf(" %v", e.Shape)
	}
	s += ": " + e.Reason
	if e.Caller != "" {
		s += " (" + e.Caller + ")"
	}
	return s
}

// Unwrap is the error of the operation that ran; nil while building.
func (e *Error) Unwrap() error { return e.cause }

// explained is an error of a running operation as one of the graph.
func explained(err error) error {
	if f, ok := err.(*compile.Fault); ok {
		return &Error{Scope: f.Path, Op: f.Op, Shape: f.Shape, Caller: f.Origin.String(), Reason: f.Cause.Error(), cause: f.Cause}
	}
	return err
}

// Failf records an error for the layer or cell named what, if it is the first, and returns an invalid node that
// every operation passes on in silence. Cells and layers use it to refuse a wrong configuration.
func (g *Graph) Failf(what, format string, args ...any) Node {
	return g.failf(what, format, args...)
}

func (g *Graph) failf(what, format string, args ...any) Node {
	if g.err == nil {
		g.err = &Error{Scope: g.where, Op: what, Caller: g.caller().String(), Reason: fmt.Sprintf(format, args...)}
	}
	return Node{}
}

// module is the import path below which code belongs to the library.
const module = "github.com/unroll-go/unroll/"

// caller is the innermost frame outside the library (its tests count as outside), 0 if there is none. Every operation
// keeps its own, so looking at a frame is done once for each graph, and so is looking above the description of a Func.
func (c *core) caller() compile.Origin {
	var stack [64]uintptr
	for _, frames := range []int{c.deep, len(stack)} { // to walk up farther than was needed so far takes most of a node's time
		for i, pc := range stack[:runtime.Callers(3, stack[:frames])] {
			origin := compile.Origin(pc)
			switch c.placeOf(pc) {
			case inside:
				continue
			case describing:
				if origin = c.above; origin == 0 {
					continue
				}
			}
			c.deep = max(c.deep, i+1)
			return origin
		}
	}
	return 0
}

// place is where the function of a frame belongs.
type place uint8

const (
	inside     place = iota // the library
	outside                 // somebody else's code
	describing              // Func.describe, whose frames above are the same for all operations
)

func (c *core) placeOf(pc uintptr) place {
	p, known := c.places[pc]
	if !known {
		f := compile.Origin(pc).Frame()
		switch {
		case f.Function == describer:
			p = describing
		case f.File != "" && (!inLibrary(f.Function) || strings.HasSuffix(f.File, "_test.go")):
			p = outside
		}
		c.places[pc] = p
	}
	return p
}

// describer is the name of Func.describe.
const describer = module + "graph.(*Func).describe"

// callers are packages of the standard library that call the functions they are given, so that a model may be built below
// them; and the runtime, whose frames a panic has.
var callers = []string{"runtime.", "slices.", "sort.", "maps.", "iter.", "sync.", "reflect."}

// inLibrary tells whether a function's frame is passed over: it belongs to the library, or calls for it. The functions of
// programs do not, whatever their folder: their package is called main.
func inLibrary(function string) bool {
	return strings.HasPrefix(function, module) ||
		slices.ContainsFunc(callers, func(p string) bool { return strings.HasPrefix(function, p) })
}
