//go:build unix

package command

import (
	"os/signal"
	"syscall"
)

// A terminal or connection that is closed ends a run, too, unless the process ignores that, as one does which nohup
// started.
func init() {
	if !signal.Ignored(syscall.SIGHUP) {
		endSignals = append(endSignals, syscall.SIGHUP)
	}
}
