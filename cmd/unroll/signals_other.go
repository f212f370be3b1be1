//go:build !unix

package main

import (
	"os"
	"syscall"
)

// endSignals are those at which a run saves and ends: Ctrl-C, and on Windows a window that is closed.
func endSignals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM} }
