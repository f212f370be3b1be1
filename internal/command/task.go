package command

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// tasks is the table of what the command can do, one task for each kind of model, in the order of the help. A task that is
// added takes a line here, and files of its own. Each command makes its tasks anew, since they hold the values of flags.
func tasks() []task {
	return []task{&textTask{}, &tableTask{}, &pairsTask{}, &tagsTask{}, &seriesTask{}, &sequencesTask{}, &speechTask{}}
}

// task is what the command does with one kind of model. Flags of the same name may belong to several tasks: of all that a
// command has, the chosen task is given the values of its own, see taskFlags.
type task interface {
	kind() models.Kind
	// data is the flag of train that names the data.
	data() string
	// help is the task's part of train's help, in lines of 80 columns.
	help() string
	// judge tells how much a file looks like the task's data, and by what: "its name ends in .csv".
	judge(s *sample) (likelihood, string)

	// configFlags are the flags of train that the model's file keeps, beside those of all tasks in configFlags. What the
	// configuration has is what they are unless given.
	configFlags(f *pflag.FlagSet, c *models.Config)
	// runFlags are the flags of train that it does not keep.
	runFlags(f *pflag.FlagSet)
	// check refuses a record of the data that makes no sense. It may come from a file.
	check(c models.Config) error
	// inputs are the files that a training reads; empty names are passed over.
	inputs(c models.Config) []string
	// train carries out a plan.
	train(cmd *cobra.Command, p *plan, fl trainFlags) error

	// evalFlags are those of eval; eval judges a model.
	evalFlags(f *pflag.FlagSet)
	eval(cmd *cobra.Command, m models.Model) (report, error)

	// predictFlags are those of predict; predict reads a file, or without one the standard input.
	predictFlags(f *pflag.FlagSet)
	predict(cmd *cobra.Command, m models.Model, args []string) error

	// plotFlags are those of plot that ask for other pictures than the losses; picture draws the one that they ask for, and
	// is nil if they ask for none.
	plotFlags(f *pflag.FlagSet)
	picture(m models.Model) (*chart.Picture, error)

	// about says in inspect what a model of the task is, beside its network.
	about(a *account, c models.Config)
}

// simple is what a task may lack, for others to embed.
type simple struct{}

func (simple) runFlags(*pflag.FlagSet)                      {}
func (simple) check(models.Config) error                    { return nil }
func (simple) plotFlags(*pflag.FlagSet)                     {}
func (simple) picture(models.Model) (*chart.Picture, error) { return nil, nil }

// taskOf is the task of a kind of model.
func taskOf(list []task, k models.Kind) task {
	for _, t := range list {
		if t.kind() == k {
			return t
		}
	}
	return nil
}

// dataFlags are the flags that name data, as a sentence lists them.
func dataFlags(list []task) string {
	var out []string
	for _, t := range list {
		out = append(out, "--"+t.data())
	}
	return oneOf(out)
}

// taskFlags are the flags that each task has on one command.
type taskFlags struct {
	tasks []task
	sets  []*pflag.FlagSet // of the tasks
}

// addTaskFlags adds the flags of all tasks to a command. Of those with one name, the first is in its help.
func addTaskFlags(cmd *cobra.Command, list []task, flags func(t task, f *pflag.FlagSet)) *taskFlags {
	out := &taskFlags{tasks: list}
	cmd.Flags().SortFlags = false
	for _, t := range list {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		flags(t, set)
		set.SortFlags = false
		cmd.Flags().AddFlagSet(set)
		out.sets = append(out.sets, set)
	}
	return out
}

// choose is the task of a model, which is given the flags on the command line that are its own. Those that other tasks
// alone have are refused.
func (t *taskFlags) choose(cmd *cobra.Command, path string, m models.Model) (chosen task, err error) {
	chosen = taskOf(t.tasks, m.Kind())
	own := t.of(chosen)
	cmd.Flags().Visit(func(given *pflag.Flag) {
		with := t.with(given.Name)
		switch {
		case err != nil || with == nil:
		case own.Lookup(given.Name) != nil:
			err = t.pass(given, chosen)
		case given.Name == with[0].data() && own.Lookup(chosen.data()) != nil:
			err = usage("%s is a %v: want --%s", path, chosen.kind(), chosen.data())
		default:
			err = usage("%s is a %v; --%s wants a %v", path, chosen.kind(), given.Name, with[0].kind())
		}
	})
	return chosen, err
}

// of are the flags of a task.
func (t *taskFlags) of(chosen task) *pflag.FlagSet {
	return t.sets[slices.Index(t.tasks, chosen)]
}

// with are the tasks that have a flag.
func (t *taskFlags) with(name string) (out []task) {
	for i, each := range t.tasks {
		if t.sets[i].Lookup(name) != nil {
			out = append(out, each)
		}
	}
	return out
}

// pass gives a flag to the chosen task, or refuses one that only others have. A flag that no task has is the command's.
func (t *taskFlags) pass(given *pflag.Flag, chosen task) error {
	with := t.with(given.Name)
	if mine := t.of(chosen).Lookup(given.Name); mine != nil {
		if mine == given {
			return nil
		}
		if err := t.of(chosen).Set(given.Name, given.Value.String()); err != nil {
			return usageError{err}
		}
		return nil
	}
	switch {
	case with == nil:
		return nil
	case given.Name == with[0].data():
		return usage("--%s %s: training goes on from a %v, which wants --%s", given.Name, given.Value, chosen.kind(), chosen.data())
	}
	return usage("--%s goes with %s, and not with a %v", given.Name, dataFlags(with), chosen.kind())
}
