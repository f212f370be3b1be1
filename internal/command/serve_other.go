//go:build !unix

package command

import (
	"os"
	"syscall"
)

// terminate is the signal of a supervisor that wants the service to end.
const terminate = syscall.SIGTERM

// notifyReload does nothing: there is no signal to read files again; that they change is noticed.
func notifyReload(chan<- os.Signal) {}
