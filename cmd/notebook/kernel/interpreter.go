//go:build kernel

package main

import (
	"log"
	"os"
	"os/signal"
	"reflect"

	interp "github.com/cosmos72/gomacro/fast"
	"github.com/cosmos72/gomacro/xreflect"
)

// newInterpreter makes the interpreter of a kernel. Jupyter interrupts a cell by a signal: code of the notebook ends then, a call
// into the library first comes back; the variables stay. What package log writes goes to the cell that runs.
func newInterpreter() *interp.Interp {
	ir := interp.New()
	preload(ir)
	log.SetOutput(standardError{})
	log.SetFlags(0)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	go func() {
		for s := range signals {
			ir.Interrupt(s)
		}
	}()
	return ir
}

// standardError writes to what standard error is at that moment, which differs from cell to cell.
type standardError struct{}

func (standardError) Write(p []byte) (int, error) { return os.Stderr.Write(p) }

// evaluate runs a cell and returns what it shows: the values of its last expression. An error that is nil says nothing, nor does
// the number of bytes that fmt.Println returns beside it.
func evaluate(ir *interp.Interp, streams OutErr, code string) ([]any, []xreflect.Type, error) {
	if err := checkImports(code); err != nil {
		return nil, nil, err
	}
	values, types, err := doEval(ir, streams, code)
	err = explained(err)
	n := len(values)
	if err != nil || n == 0 || len(types) != n || values[n-1] != nil || types[n-1].ReflectType() != reflect.TypeFor[error]() {
		return values, types, err
	}
	values, types = values[:n-1], types[:n-1]
	if n == 2 && types[0].Kind() == reflect.Int {
		return nil, nil, nil
	}
	return values, types, nil
}
