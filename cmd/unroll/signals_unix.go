//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// endSignals are those at which a run saves and ends: Ctrl-C, kill, and a terminal or connection that is closed. A
// process that nohup started ignores the last, and goes on.
func endSignals() []os.Signal {
	list := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	return list
}
