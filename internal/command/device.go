package command

import (
	"context"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/message"
	"github.com/unroll-go/unroll/nn/train"
)

// Device is a command whose train makes its steps elsewhere than on this machine's processors.
type Device struct {
	Name  string // of the command
	Short string // what it does
	// Flags adds flags of its own to those of train.
	Flags func(f *pflag.FlagSet)
	// Open makes the engine when the flags are read, and says in words what it computes on.
	Open func() (e train.Engine, name string, err error)
	// Others are what the command can do beside train.
	Others []*cobra.Command

	opened string         // what Open said
	flags  *pflag.FlagSet // its own
}

// Main executes a command line, without the program's name, and returns the exit status.
func (d Device) Main(args []string) int {
	var fl trainFlags
	fl.device = &d
	d.flags = ordered()
	d.Flags(d.flags)
	root := trainer(d.Name, d.Short, d.flags, &fl)
	root.AddCommand(d.Others...)
	root.SetArgs(args)
	ran, err := root.ExecuteContextC(context.Background())
	return exitStatus(ran, err)
}

// trainer is a command with a train of its own, which has more flags than that of unroll.
func trainer(name, short string, own *pflag.FlagSet, fl *trainFlags) *cobra.Command {
	root := &cobra.Command{Use: name, Short: short, Long: short, Version: version(), SilenceUsage: true, SilenceErrors: true}
	cmd := trainCommandOf(fl)
	cmd.Flags().AddFlagSet(own)
	root.AddCommand(cmd)
	root.SetVersionTemplate(name + " {{.Version}}, kernels: " + kernel.Features() + "\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError{suggestFlag(c, err)} })
	return root
}

// open makes the engine of a command with a device, and refuses flags that it does nothing with.
func (fl *trainFlags) open(p *plan) (err error) {
	if fl.device == nil {
		return nil
	}
	name := fl.device.Name
	switch {
	case p.config.Shards > 1:
		return usage("--shards does not go with %s, which computes whole batches", name)
	case fl.precision != graph.Float32.String():
		return usage("--precision %s does not go with %s, which computes in float32", fl.precision, name)
	case fl.profile:
		return usage("--profile does not go with %s: it measures this machine's processors", name)
	}
	if fl.engine, fl.device.opened, err = fl.device.Open(); err != nil {
		return errors.New(message.WithoutPackages(err.Error()))
	}
	return nil
}
