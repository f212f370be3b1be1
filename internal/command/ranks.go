package command

import (
	"context"
	"io"
	"strconv"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/message"
	"github.com/unroll-go/unroll/nn/train"
)

// Ranks is a command whose train runs in several processes, each of which executes it with the same flags.
type Ranks struct {
	Name  string // of the command
	Short string // what it does
	// Flags adds flags of its own to those of train; they need not be the same in all processes.
	Flags func(f *pflag.FlagSet)
	// Join makes the group when the flags are read.
	Join func() (train.Group, error)
	// Leave ends the group: with an error all processes, at once, otherwise when all have come to their end.
	Leave func(err error) error

	flags *pflag.FlagSet // its own
}

// Main executes a command line, without the program's name, and returns the exit status.
func (r Ranks) Main(args []string) int {
	var fl trainFlags
	fl.ranks = &r
	r.flags = ordered()
	r.Flags(r.flags)
	root := trainer(r.Name, r.Short, r.flags, &fl)
	root.SetArgs(args)
	ran, err := root.ExecuteContextC(context.Background())
	if fl.group != nil {
		if err != nil {
			err = errors.New(message.WithoutPackages(asFlag(err).Error()))
		}
		err = r.Leave(err)
	}
	return exitStatus(ran, err)
}

// join makes the group of a command of ranks, and has all processes agree on the command line. The first process alone writes
// and prints.
func (fl *trainFlags) join(cmd *cobra.Command, args []string) (err error) {
	if fl.ranks == nil {
		return nil
	}
	if fl.group, err = fl.ranks.Join(); err != nil {
		return err
	}
	facts := map[string]string{"the version": version(), "the kernels (UNROLL_KERNEL limits them)": kernel.Features()}
	for i, file := range args {
		facts["argument "+strconv.Itoa(i+1)] = file
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if fl.ranks.flags.Lookup(f.Name) == nil {
			facts["--"+f.Name] = f.Value.String()
		}
	})
	if err := train.Agree(fl.group, facts); err != nil {
		return err
	}
	if !fl.leads() {
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		fl.log = ""
	}
	return nil
}

// leads tells whether this process writes and prints.
func (fl *trainFlags) leads() bool { return fl.group == nil || fl.group.Rank() == 0 }

// program is the name of the command that trains.
func (fl *trainFlags) program() string {
	switch {
	case fl.ranks != nil:
		return fl.ranks.Name
	case fl.device != nil:
		return fl.device.Name
	}
	return "unroll"
}

// cut sees to it that there is a shard for each process.
func (fl *trainFlags) cut(p *plan) error {
	if fl.group == nil || fl.group.Size() == 1 {
		return nil
	}
	n := fl.group.Size()
	switch {
	case p.saved != nil && p.config.Shards < n:
		return errors.Errorf("%s is trained with --shards %d, which %d processes cannot share: start %d at most",
			fl.resume, p.config.Shards, n, max(p.config.Shards, 1))
	case p.config.Shards == 0:
		p.config.Shards = n
	case p.config.Shards < n:
		return usage("--shards %d for %d processes; want one for each at least", p.config.Shards, n)
	}
	return nil
}

// share has a loop compute in the group, if there is one, whose processes must have the same data.
func (fl *trainFlags) share(p *plan, l *train.Loop) error {
	l.Engine = fl.engine
	if fl.group == nil {
		return nil
	}
	l.Parallel.Group = fl.group
	return train.Agree(fl.group, map[string]string{"the data (" + p.task.data() + ", sha256)": p.config.Origin.Hash})
}

// describeShards says how a batch is cut.
func describeShards(w io.Writer, l *train.Loop) {
	p := l.Parallel
	if p.Shards > 1 && p.Group != nil {
		tell(w, "Shards", "%d of each batch, in %d processes", p.Shards, p.Group.Size())
	} else if p.Shards > 1 {
		tell(w, "Shards", "%d of each batch", p.Shards)
	}
}

// errFollows is how a process ends whose training is done, and that has nothing to save and to print.
var errFollows = errors.New("the first process does the rest")
