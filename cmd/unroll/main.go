// Command unroll trains recurrent language models on text and classifiers on tables, and puts them to use.
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
	`train|metric|chart|events|onnx|keras|numpy|torch|read safetensors): )+`)

// withoutPackages is a message for whoever has the command alone.
func withoutPackages(message string) string { return packages.ReplaceAllString(message, "$1") }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:               "unroll",
		Short:             "Recurrent neural networks: train on texts and tables, judge, predict, generate",
		Version:           version(),
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return chooseModel(cmd) },
	}
	root.AddCommand(trainCommand(), evalCommand(), predictCommand(), tagCommand(), generateCommand(), explainCommand(), plotCommand(),
		inspectCommand(), exportCommand(), importCommand(), convertCommand(), runCommand(), watchCommand(), dataCommand(),
		modelsCommand(), benchCommand(), doctorCommand(), manCommand())
	root.SetVersionTemplate(fmt.Sprintf("unroll {{.Version}}\n%s, %s/%s, kernels: %s\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Features()))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", fmt.Sprintf("FlagUsagesWrapped %d ", columns)))
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{suggestFlag(c, err)} })
	for _, c := range root.Commands() {
		describeModelFlag(c)
	}
	return root
}
