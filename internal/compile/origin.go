package compile

import (
	"fmt"
	"runtime"
)

// Origin is the place in the code outside the library that asked for an operation: a program counter, as
// runtime.Callers gives it; 0 if there is none.
type Origin uintptr

// Frame describes the place.
func (o Origin) Frame() runtime.Frame {
	f, _ := runtime.CallersFrames([]uintptr{uintptr(o)}).Next()
	return f
}

// String is file:line, or empty.
func (o Origin) String() string {
	if o == 0 {
		return ""
	}
	f := o.Frame()
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Fault is the error of an operation that met something wrong in its data.
type Fault struct {
	Path   string // scope
	Op     string
	Shape  []int // of the result
	Origin Origin
	Cause  error
}

func (f *Fault) Error() string { return f.Op + ": " + f.Cause.Error() }

// Unwrap is what was wrong.
func (f *Fault) Unwrap() error { return f.Cause }
