package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// endSignals are those at which a run saves and ends: Ctrl-C and kill, and on Windows a window that is closed.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// heedSignals gives a command, which has something to save, a context that the first signal cancels. The second ends the
// process at once, as the first one does in all other commands: predict may be waiting for a line of the terminal.
func heedSignals(cmd *cobra.Command) (stop func()) {
	ctx, stop := signal.NotifyContext(cmd.Context(), endSignals...)
	context.AfterFunc(ctx, stop)
	cmd.SetContext(ctx)
	return stop
}
