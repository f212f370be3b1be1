//go:build unix

package command

import (
	"os"
	"os/signal"
	"syscall"
)

// terminate is the signal of a supervisor that wants the service to end.
const terminate = syscall.SIGTERM

// notifyReload has SIGHUP, the signal to read files again, sent to a channel.
func notifyReload(c chan<- os.Signal) { signal.Notify(c, syscall.SIGHUP) }
