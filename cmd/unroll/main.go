// Command unroll trains recurrent language models on text and generates text from them.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// usageError is a mistake on the command line; the exit status is 2 instead of 1.
type usageError struct{ error }

func usage(format string, args ...interface{}) error {
	return usageError{errors.Errorf(format, args...)}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes the command line and returns the exit status.
func run(ctx context.Context, args []string) int {
	root := &cobra.Command{
		Use:           "unroll",
		Short:         "Recurrent neural networks: train on texts and tables, judge, predict, generate",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(trainCommand(), evalCommand(), predictCommand(), generateCommand(), plotCommand(), inspectCommand(),
		exportCommand(), importCommand(), dataCommand(), benchCommand(), doctorCommand())
	root.SetArgs(args)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{err} })
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var bad usageError
	if errors.As(err, &bad) || cmd == root { // the root has no work of its own: it was asked for an unknown command
		fmt.Fprintf(os.Stderr, "unroll: %v\nRun '%s --help' for usage.\n", err, cmd.CommandPath())
		return 2
	}
	fmt.Fprintf(os.Stderr, "unroll: %v\n", err)
	return 1
}

// noArgs refuses arguments that are not flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("unexpected argument %q", args[0])
	}
	return nil
}

// completions has a shell complete flags that take one of some values.
func completions(cmd *cobra.Command, values map[string][]string) {
	for flag, list := range values {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // a flag that the command does not have
		}
	}
}
