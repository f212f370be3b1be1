// Command unroll-xla is unroll train with the steps made on a PJRT plugin's device, with the flags of unroll train, and a comparison
// of both:
//
//	unroll-xla train --plugin pjrt_c_api_cuda_plugin.so --table reviews.csv
package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/command"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/xla"
)

const pluginUsage = "shared library of the PJRT plugin; $" + xla.PluginVariable + " if empty"

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	var plugin string
	return command.Device{
		Name:  "unroll-xla",
		Short: "Train a recurrent network on the processor, GPU or TPU of a PJRT plugin",
		Flags: func(f *pflag.FlagSet) { f.StringVar(&plugin, "plugin", "", pluginUsage) },
		Open: func() (train.Engine, string, error) {
			c, err := xla.Open(plugin) // to the end of the process
			if err != nil {
				return nil, "", err
			}
			return xla.NewEngine(c), c.String(), nil
		},
		Others: []*cobra.Command{benchCommand()},
	}.Main(args)
}
