package command

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
	"model", "lora", "alpha", "lora-dropout", "adapt", "blocks", "recompute",
	"out", "resume", "from", "freeze", "vectors", "config", "log", "force", "help-all", "help",
}

// helpAll is the flag of train that shows all of its flags.
const helpAll = "help-all"

// flagGroup is a part of a command's flags under a heading.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// usageOf is the usage of a command, with its flags in groups.
func usageOf(cmd *cobra.Command, groups []flagGroup) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n\nExamples:\n%s\n", cmd.UseLine(), cmd.Example)
	for _, g := range groups {
		fmt.Fprintf(&b, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(columns))
	}
	return b.String()
}

// usual are the flags that are used most, in one group beside those that name data.
func usual(groups []flagGroup) []flagGroup {
	rest := flagGroup{"Flags used most (defaults are those of --text)", ordered()}
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

// grouping sorts the flags of a command into groups.
type grouping struct {
	groups []flagGroup
	left   *pflag.FlagSet
}

func groupingOf(cmd *cobra.Command) *grouping {
	g := &grouping{left: ordered()}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { g.left.AddFlag(f) })
	return g
}

// take makes a group of the flags that belong there, of those that are in none yet.
func (g *grouping) take(title string, belongs func(name string) bool) {
	group, others := flagGroup{title, ordered()}, ordered()
	g.left.VisitAll(func(f *pflag.Flag) {
		if belongs(f.Name) {
			group.flags.AddFlag(f)
		} else {
			others.AddFlag(f)
		}
	})
	g.left = others
	if group.flags.HasFlags() {
		g.groups = append(g.groups, group)
	}
}

// trainGroups are all flags of train: those that name data, those of one task and of several, those of the network, of the
// training and of the run.
func trainGroups(cmd *cobra.Command, own *taskFlags) []flagGroup {
	g := groupingOf(cmd)
	g.take("What to train on", func(name string) bool {
		return slices.ContainsFunc(own.tasks, func(t task) bool { return t.data() == name })
	})
	for _, t := range own.tasks {
		g.take("With --"+t.data(), func(name string) bool { return slices.Equal(own.with(name), []task{t}) })
	}
	g.take("How data are read", func(name string) bool { return own.with(name) != nil })
	g.take("The network", func(name string) bool {
		return slices.ContainsFunc(own.tasks, func(t task) bool { return slices.Contains(networkSettings(t.kind()), name) })
	})
	training := pflag.NewFlagSet("", pflag.ContinueOnError)
	var c models.Config
	configFlags(training, &c)
	g.take("The training", func(name string) bool { return training.Lookup(name) != nil })
	g.take("The run", func(string) bool { return true })
	return g.groups
}

// modelGroups are the flags of a command that reads a model of any kind: those for all kinds, for one and for several.
func modelGroups(cmd *cobra.Command, own *taskFlags) []flagGroup {
	g := groupingOf(cmd)
	g.take("Flags", func(name string) bool { return own.with(name) == nil })
	for _, t := range own.tasks {
		g.take(fmt.Sprintf("For a %v", t.kind()), func(name string) bool { return slices.Equal(own.with(name), []task{t}) })
	}
	g.take("For several kinds of model", func(string) bool { return true })
	return g.groups
}

// groupFlags has a command that reads a model of any kind show its flags so.
func groupFlags(cmd *cobra.Command, own *taskFlags) {
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := io.WriteString(cmd.OutOrStderr(), usageOf(cmd, modelGroups(cmd, own)))
		return err
	})
}

// groupTrainFlags has train show the flags that are used most, and with --help-all the others.
func groupTrainFlags(cmd *cobra.Command, own *taskFlags) {
	cmd.Flags().Bool(helpAll, false, "show all flags, by what they are for")
	cmd.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := fmt.Fprintf(cmd.OutOrStderr(), "%s\nAll flags, by what they are for: %s --%s\n",
			usageOf(cmd, usual(trainGroups(cmd, own))), cmd.CommandPath(), helpAll)
		return err
	})
}

// showAllHelp prints the help with all flags, if --help-all asks for it.
func showAllHelp(cmd *cobra.Command, own *taskFlags) (asked bool, err error) {
	if asked, err = cmd.Flags().GetBool(helpAll); !asked || err != nil {
		return asked, err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n%s", wholeTrainHelp(own.tasks), usageOf(cmd, trainGroups(cmd, own)))
	return true, err
}
