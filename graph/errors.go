package graph

import (
	"fmt"
	"runtime"
	"strings"
)

// Error is a mistake made while building a graph: where in the model, which operation, on which line of the caller's
// code, and what was wrong.
type Error struct {
	Scope  string // scope path, such as "encoder/lstm layer 1"; empty at the top
	Op     string // the operation, such as "MatMul"
	Caller string // file:line of the code outside the library that led here
	Reason string // what was expected and what was found
}

func (e *Error) Error() string {
	s := "graph: " + e.Op
	if e.Scope != "" {
		s += " in " + e.Scope
	}
	s += ": " + e.Reason
	if e.Caller != "" {
		s += " (" + e.Caller + ")"
	}
	return s
}

// Failf records an error for the layer or cell named what, if it is the first, and returns an invalid node that
// every operation passes on in silence. Cells and layers use it to refuse a wrong configuration.
func (g *Graph) Failf(what, format string, args ...interface{}) Node {
	return g.failf(what, format, args...)
}

func (g *Graph) failf(op, format string, args ...interface{}) Node {
	if g.err == nil {
		g.err = &Error{Scope: g.where(), Op: op, Caller: caller(), Reason: fmt.Sprintf(format, args...)}
	}
	return Node{}
}

// module is the import path below which code belongs to the library.
const module = "github.com/unroll-go/unroll/"

// library holds the packages whose frames are passed over when looking for the caller's line.
var library = []string{"graph.", "nn.", "recurrent.", "losses.", "recurrent/decode.", "nn/train.", "nn/onnx.", "nn/keras."}

// caller returns file:line of the innermost frame outside the library (its tests count as outside).
func caller() string {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if f.File != "" && (!inLibrary(f.Function) || strings.HasSuffix(f.File, "_test.go")) {
			return fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		if !more {
			return ""
		}
	}
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
