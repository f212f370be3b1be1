// Command unroll trains recurrent networks and puts them to use: language models of texts, classifiers of texts in tables,
// translators of pairs, taggers of words, forecasters of series, and models of sequences of numbers.
package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/kernel"
)

// Commands stand in the help in the order of their use.
func init() { cobra.EnableCommandSorting = false }

func main() {
	os.Exit(run(context.Background(), os.Args[1:]))
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
		fmt.Fprintf(w, "unroll: %s\nRun '%s --help' for usage.\n", withoutPackages(err.Error()), cmd.CommandPath())
		return 2
	}
	fmt.Fprintf(w, "unroll: %s\n", withoutPackages(err.Error()))
	return 1
}

// packages begin messages of the library: they tell a program's author where an error comes from.
var packages = regexp.MustCompile(`(^|: )((datasets|catalog|graph|optim|models|decode|recurrent|losses|nn|` +
	`train|metric|chart|events|onnx|keras|numpy|torch|peft|read safetensors): )+`)

// withoutPackages is a message for whoever has the command alone.
func withoutPackages(message string) string { return packages.ReplaceAllString(message, "$1") }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "unroll",
		Short: "Recurrent neural networks: train on data of six kinds, judge, and put to use",
		Long: `Train recurrent networks, judge them and put them to use: language models of
texts, classifiers of texts in tables, translators of pairs, taggers of words,
forecasters of series, and models of sequences of numbers. To begin:

  unroll train                                  # on a text that comes with it
  unroll generate --prompt "In the beginning"   # by the model just trained`,
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
			watchCommand(), explainCommand(), runCommand()}},
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
	root.AddCommand(topicCommands(tasks())...)
	root.SetVersionTemplate(fmt.Sprintf("unroll {{.Version}}\n%s, %s/%s, kernels: %s\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Features()))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", fmt.Sprintf("FlagUsagesWrapped %d ", columns)))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{suggestFlag(c, err)} })
	for _, c := range root.Commands() {
		describeModelFlag(c)
	}
	return root
}
