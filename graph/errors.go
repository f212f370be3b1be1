package graph

import (
	"fmt"
	"runtime"
	"strings"
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

// Failf records an error for the layer or cell named what, if it is the first, and returns an invalid node that
// every operation passes on in silence. Cells and layers use it to refuse a wrong configuration.
func (g *Graph) Failf(what, format string, args ...interface{}) Node {
	return g.failf(what, format, args...)
}

func (g *Graph) failf(op, format string, args ...interface{}) Node {
	if g.err == nil {
		g.err = &Error{Scope: g.where(), Op: op, Caller: line(g.caller()), Reason: fmt.Sprintf(format, args...)}
	}
	return Node{}
}

// module is the import path below which code belongs to the library.
const module = "github.com/unroll-go/unroll/"

// library holds the packages whose frames are passed over when looking for the caller's line.
var library = []string{"graph.", "nn.", "recurrent.", "losses.", "recurrent/decode.", "recurrent/models.", "nn/train.", "nn/onnx.", "nn/keras."}

// caller is the innermost frame outside the library (its tests count as outside): the program counter of a call, for
// line; 0 if there is none. Every operation keeps its own, so looking at a frame is done once for each graph.
func (c *core) caller() uintptr {
	var stack [64]uintptr
	for _, pc := range stack[:runtime.Callers(2, stack[:])] {
		outside, known := c.outside[pc]
		if !known {
			f := frame(pc)
			outside = f.File != "" && (!inLibrary(f.Function) || strings.HasSuffix(f.File, "_test.go"))
			c.outside[pc] = outside
		}
		if outside {
			return pc
		}
	}
	return 0
}

// frame describes one of the program counters that runtime.Callers gives.
func frame(pc uintptr) runtime.Frame {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return f
}

// line is file:line of what caller found.
func line(pc uintptr) string {
	if pc == 0 {
		return ""
	}
	f := frame(pc)
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

func inLibrary(function string) bool {
	rest, ok := strings.CutPrefix(function, module)
	if !ok {
		return strings.HasPrefix(function, "runtime.") // the frames of a panic
	}
	for _, p := range library {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	return false
}
