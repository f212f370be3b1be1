// Command unroll trains recurrent language models on text and classifiers on tables, and puts them to use.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// usageError is a mistake on the command line; the exit status is 2 instead of 1. So it is for a badSetting.
type usageError struct{ error }

func usage(format string, args ...any) error {
	return usageError{errors.Errorf(format, args...)}
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
}

// heedSignals gives a command, which has something to save, a context that the first signal cancels. The second ends the
// process at once, as the first one does in all other commands: predict may be waiting for a line of the terminal.
func heedSignals(cmd *cobra.Command) (stop func()) {
	ctx, stop := signal.NotifyContext(cmd.Context(), endSignals()...)
	context.AfterFunc(ctx, stop)
	cmd.SetContext(ctx)
	return stop
}

// run executes the command line and returns the exit status.
func run(ctx context.Context, args []string) int {
	root := rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	w := printable{os.Stderr} // an error may quote names from a file
	err = asFlag(err)
	var misused usageError
	var setting badSetting
	unknown := cmd == root // which has no work of its own: it was asked for a command that there is not
	if errors.As(err, &misused) || errors.As(err, &setting) || unknown {
		fmt.Fprintf(w, "unroll: %v\nRun '%s --help' for usage.\n", err, cmd.CommandPath())
		return 2
	}
	fmt.Fprintf(w, "unroll: %v\n", err)
	return 1
}

// asFlag says of a configuration that makes no sense which flag is at fault.
func asFlag(err error) error {
	var field *models.ConfigError
	if errors.As(err, &field) {
		return badSetting{field.Field, field.Problem}
	}
	return err
}

// columns is the width of everything that is not fitted to a terminal.
const columns = 80

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "unroll",
		Short:             "Recurrent neural networks: train on texts and tables, judge, predict, generate",
		Version:           version(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return chooseModel(cmd) },
	}
	root.AddCommand(trainCommand(), evalCommand(), predictCommand(), generateCommand(), plotCommand(), inspectCommand(),
		exportCommand(), importCommand(), dataCommand(), benchCommand(), doctorCommand())
	root.SetVersionTemplate("unroll {{.Version}}\n")
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", fmt.Sprintf("FlagUsagesWrapped %d ", columns)))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{suggestFlag(c, err)} })
	for _, c := range root.Commands() {
		describeModelFlag(c)
	}
	return root
}

// suggestFlag adds to the error of an unknown flag those that are spelt almost like it, by cobra's rule for commands.
func suggestFlag(c *cobra.Command, err error) error {
	typed, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	flags := &cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if near := flags.SuggestionsFor(typed); len(near) > 0 {
		return errors.Errorf("%v; did you mean --%s?", err, strings.Join(near, " or --"))
	}
	return err
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
