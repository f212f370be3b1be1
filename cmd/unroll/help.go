package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// usualFlags are those of train that its help shows, with the flags that name data; all others stand in --help-all.
var usualFlags = []string{
	"cell", "layers", "hidden", "dropout", "epochs", "steps", "batch", "lr", "patience", "seed", "valid", "test",
	"out", "resume", "init-from", "config", "log", "force", "help-all", "help",
}

// helpAll is the flag of train that shows all of its flags.
const helpAll = "help-all"

// flagGroup is a part of a command's flags under a heading.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// trainUsage is the usage of train: all of its flags in groups, or those that are used most.
func trainUsage(cmd *cobra.Command, own *taskFlags, all bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n\nExamples:\n%s\n", cmd.UseLine(), cmd.Example)
	groups := trainGroups(cmd, own)
	if !all {
		groups = usual(groups)
	}
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(columns))
	}
	if !all {
		fmt.Fprintf(&b, "\nAll flags, by what they are for: %s --%s\n", cmd.CommandPath(), helpAll)
	}
	return b.String()
}

// usual are the flags that are used most, in one group beside those that name data.
func usual(groups []flagGroup) []flagGroup {
	rest := flagGroup{"Flags used most", ordered()}
	for _, name := range usualFlags {
		for _, g := range groups[1:] {
			if f := g.flags.Lookup(name); f != nil {
				rest.flags.AddFlag(f)
			}
		}
	}
	return []flagGroup{groups[0], rest}
}

func ordered() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SortFlags = false
	return f
}

// trainGroups are all flags of train: those that name data, those of one task and of several, those of the network, of the
// training and of the run.
func trainGroups(cmd *cobra.Command, own *taskFlags) []flagGroup {
	left := ordered()
	cmd.Flags().VisitAll(func(f *pflag.Flag) { left.AddFlag(f) })
	var groups []flagGroup
	group := func(title string, is func(name string) bool) {
		g, others := flagGroup{title, ordered()}, ordered()
		left.VisitAll(func(f *pflag.Flag) {
			if is(f.Name) {
				g.flags.AddFlag(f)
			} else {
				others.AddFlag(f)
			}
		})
		left = others
		if g.flags.HasFlags() {
			groups = append(groups, g)
		}
	}
	group("What to train on", func(name string) bool {
		return slices.ContainsFunc(own.tasks, func(t task) bool { return t.data() == name })
	})
	for _, t := range own.tasks {
		group("With --"+t.data(), func(name string) bool { return slices.Equal(own.with(name), []task{t}) })
	}
	group("How data are read", func(name string) bool { return own.with(name) != nil })
	group("The network", func(name string) bool {
		return slices.ContainsFunc(own.tasks, func(t task) bool { return slices.Contains(networkSettings(t.kind()), name) })
	})
	training := pflag.NewFlagSet("", pflag.ContinueOnError)
	var c models.Config
	configFlags(training, &c)
	group("The training", func(name string) bool { return training.Lookup(name) != nil })
	group("The run", func(string) bool { return true })
	return groups
}

// groupFlags has a train command show its flags so.
func groupFlags(cmd *cobra.Command, own *taskFlags) {
	cmd.Flags().Bool(helpAll, false, "show all flags, by what they are for")
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := io.WriteString(cmd.OutOrStderr(), trainUsage(cmd, own, false))
		return err
	})
}

// showAllHelp prints the help with all flags, if --help-all asks for it.
func showAllHelp(cmd *cobra.Command, own *taskFlags) (asked bool, err error) {
	if asked, err = cmd.Flags().GetBool(helpAll); !asked || err != nil {
		return asked, err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", cmd.Long, trainUsage(cmd, own, true))
	return true, err
}
