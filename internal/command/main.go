// Package command is what the commands unroll and unroll-mpi do: cmd/unroll has nothing but a main function, so that other
// commands can be made of the same parts.
package command

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/message"
)

// Commands stand in the help in the order of their use.
func init() { cobra.EnableCommandSorting = false }

// Main executes a command line, without the program's name, and returns the exit status.
func Main(args []string) int { return run(context.Background(), args) }

// run executes the command line and returns the exit status.
func run(ctx context.Context, args []string) int { return runIn(ctx, args, container{containerRoot}) }

// runIn is run where `train` and `serve` alone may stand for what a container has in its files.
func runIn(ctx context.Context, args []string, c container) int {
	line, inside, err := c.arguments(args)
	if !inside {
		return exitStatus(execute(ctx, args))
	}
	cmd := rootCommand()
	if err == nil {
		cmd, err = execute(ctx, line)
	}
	c.finish(args[0], err)
	return exitStatus(cmd, err)
}

func execute(ctx context.Context, args []string) (*cobra.Command, error) {
	root := rootCommand()
	root.SetArgs(args)
	return root.ExecuteContextC(ctx)
}

// exitStatus tells an error, and returns the status to exit with.
func exitStatus(cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	w := printable{os.Stderr} // an error may quote names from a file
	err = asFlag(err)
	var misused usageError
	var setting badSetting
	unknown := !cmd.HasParent() // the root has no work of its own: it was asked for a command that there is not
	if errors.As(err, &misused) || errors.As(err, &setting) || unknown {
		fmt.Fprintf(w, "%s: %s\nRun '%s --help' for usage.\n", cmd.Root().Name(), message.WithoutPackages(err.Error()), cmd.CommandPath())
		return 2
	}
	fmt.Fprintf(w, "%s: %s\n", cmd.Root().Name(), message.WithoutPackages(err.Error()))
	return 1
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "unroll",
		Short: "Recurrent neural networks: train on data of seven kinds, judge, and put to use",
		Long: `Train recurrent networks, judge them and put them to use: language models of
texts, classifiers of texts in tables, translators of pairs, taggers of words,
forecasters of series, models of sequences of numbers, recognisers of speech. To
begin:

  unroll train                                  # on a text that comes with it
  unroll generate --prompt "In the beginning"   # by the model just trained
  unroll explain rnn                            # what a recurrent network is`,
		Version:           version(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return chooseModel(cmd) },
	}
	for _, g := range []struct {
		title    string
		commands []*cobra.Command
	}{
		{"Train and judge:", []*cobra.Command{trainCommand(), tuneCommand(), evalCommand(), plotCommand(), inspectCommand()}},
		{"Use a model:", []*cobra.Command{predictCommand(), generateCommand(), translateCommand(), tagCommand(), forecastCommand(),
			transcribeCommand(), watchCommand(), explainCommand(), runCommand(), serveCommand()}},
		{"Get data and models:", []*cobra.Command{dataCommand(), modelsCommand(), exportCommand(), importCommand(), mergeCommand(),
			convertCommand()}},
		{"This machine and program:", []*cobra.Command{doctorCommand(), benchCommand(), manCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title})
		for _, c := range g.commands {
			c.GroupID = g.title
			root.AddCommand(c)
		}
		root.SetHelpCommandGroupID(g.title) // the last
		root.SetCompletionCommandGroupID(g.title)
	}
	root.AddCommand(append(topicCommands(tasks()), measuresTopic())...)
	root.SetVersionTemplate(fmt.Sprintf("unroll {{.Version}}\n%s, %s/%s, kernels: %s\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Features()))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", fmt.Sprintf("FlagUsagesWrapped %d ", columns)))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{suggestFlag(c, err)} })
	for _, c := range root.Commands() {
		describeModelFlag(c)
	}
	return root
}
