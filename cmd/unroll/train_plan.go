package main

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
)

// trainFlags are the command line of train beside the configuration.
type trainFlags struct {
	out              string
	resume, initFrom string
	config           string
	log              string
	force            bool
	saveEvery        int
	profile          bool
	precision        string

	tasks []task
	own   *taskFlags // of the tasks
}

// run is how a training is carried out.
func (fl trainFlags) run() models.Run { return models.Run{Checkpoint: fl.out, SaveEvery: fl.saveEvery} }

// precisions are the names that --precision takes.
func precisions() []string {
	return []string{graph.Float32.String(), graph.BFloat16x3.String(), graph.BFloat16.String()}
}

// round sets the precision of a loop's products.
func (fl trainFlags) round(l *train.Loop) error {
	p, err := graph.ParsePrecision(fl.precision)
	if err != nil {
		return err
	}
	return l.Loss.SetPrecision(p)
}

// demoSteps is how long the bare command trains: enough for words and phrases, in a minute.
const demoSteps = 1000

// plan is what a run trains, and how.
type plan struct {
	task   task
	config models.Config
	from   models.Model      // that it goes on or begins from; nil for none
	saved  *train.Checkpoint // that it goes on from; nil for none
}

// settle makes the plan of a run: by the command line, or by the model that it goes on or begins from.
func settle(cmd *cobra.Command, args []string, fl *trainFlags) (*plan, error) {
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	file, err := readSettings(cmd, fl.config)
	if err != nil {
		return nil, err
	}
	if fl.resume == "" && fl.initFrom == "" && file["init-from"] == "" {
		if err := takeFile(cmd, fl.tasks, args, file.dataOf(fl.tasks)); err != nil {
			return nil, err
		}
		args = nil
	}
	if err := file.applied(cmd, fl.config, fl.tasks); err != nil {
		return nil, err
	}
	switch {
	case fl.saveEvery < 0:
		return nil, usage("--save-every %d; want 0 or more", fl.saveEvery)
	case !slices.Contains(precisions(), fl.precision):
		return nil, usage("--precision %q; want one of %s", fl.precision, strings.Join(precisions(), ", "))
	case fl.resume != "" && fl.initFrom != "":
		return nil, usage("--resume and --init-from; want one of them")
	case given("test") && given("test-part"):
		return nil, usage("--test and --test-part; want one of them")
	case fl.resume != "":
		return resumed(cmd, args, fl)
	case fl.initFrom != "":
		return begunFrom(cmd, args, fl)
	}
	p := &plan{task: fl.tasks[0]} // without data, on the text that comes with the library
	var data []string
	for _, t := range fl.tasks {
		if given(t.data()) {
			p.task = t
			data = append(data, "--"+t.data())
		}
	}
	if len(data) > 1 {
		return nil, usage("%s; want one of them", strings.Join(data, " and "))
	}
	if err := p.take(cmd, fl); err != nil {
		return nil, err
	}
	err = p.configure(cmd)
	if err == nil && len(data) == 0 && !given("epochs") && !given("steps") {
		p.config.Steps = demoSteps
	}
	return p, err
}

// take gives the plan's task its flags, and refuses those that go with other data.
func (p *plan) take(cmd *cobra.Command, fl *trainFlags) (err error) {
	cmd.Flags().Visit(func(given *pflag.Flag) {
		if err == nil {
			err = fl.own.pass(given, p.task)
		}
	})
	return err
}

// configure takes the configuration from the command line.
func (p *plan) configure(cmd *cobra.Command) (err error) {
	if p.config, err = over(cmd, p.task, models.Defaults(p.task.kind())); err != nil {
		return err
	}
	return p.check()
}

// check refuses a plan that cannot work.
func (p *plan) check() error {
	if err := p.config.Check(p.task.kind()); err != nil {
		return err
	}
	return p.task.check(p.config)
}

// goOnFrom is the plan of a run that goes on or begins from a model.
func goOnFrom(cmd *cobra.Command, args []string, fl *trainFlags, path string) (*plan, error) {
	m, err := load(path)
	if err != nil {
		return nil, err
	}
	p := &plan{from: m, task: taskOf(fl.tasks, m.Kind())}
	return p, takeFile(cmd, fl.tasks, args, p.task)
}

// resumed takes the configuration from a checkpoint, but for the length of the run and for files that have moved.
func resumed(cmd *cobra.Command, args []string, fl *trainFlags) (*plan, error) {
	p, err := goOnFrom(cmd, args, fl, fl.resume)
	if err != nil {
		return nil, err
	}
	if !p.from.Trained() {
		return nil, errors.Errorf("%s has weights, but no training to resume (unroll import writes such files); "+
			"to train on from its weights: unroll train --init-from %s",
			fl.resume, fl.resume)
	}
	if p.from.Config().Origin.Hash == "" {
		return nil, errors.Errorf("%s was trained by another program, which alone knows on what, and can resume it; "+
			"to train on from its weights: unroll train --init-from %s",
			fl.resume, fl.resume)
	}
	if err := p.take(cmd, fl); err != nil {
		return nil, err
	}
	may := append([]string{p.task.data()}, runSettings...)
	var fixed []string
	had := p.from.Config()
	flagsOf(p.task, &had).VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(may, f.Name) {
			fixed = append(fixed, f.Name)
		}
	})
	if err := agree(cmd, "--resume", fl.resume, p, fixed); err != nil {
		return nil, err
	}
	if p.saved, err = train.ReadCheckpoint(fl.resume); err != nil {
		return nil, err
	}
	if p.config, err = over(cmd, p.task, p.from.Config(), may...); err != nil {
		return nil, err
	}
	if cmd.Flags().Changed("steps") && !cmd.Flags().Changed("epochs") {
		p.config.Epochs = passesFor(p.config, p.saved)
	}
	return p, p.check()
}

// passesFor is how many passes a run needs that has made all of its passes, and is to make more steps. Passes that --steps
// ended early make it too many, which does no harm: the steps end the run.
func passesFor(c models.Config, saved *train.Checkpoint) int {
	history := saved.History()
	if len(history) < c.Epochs || c.Steps <= saved.Step() {
		return c.Epochs
	}
	shortest, before := saved.Step(), 0
	for _, pass := range history {
		shortest, before = min(shortest, pass.Step-before), pass.Step
	}
	return max(c.Epochs, (c.Steps-1)/max(shortest, 1)+1)
}

// begunFrom takes what the network is from a model; how it is trained, and on what, is said on the command line.
func begunFrom(cmd *cobra.Command, args []string, fl *trainFlags) (*plan, error) {
	p, err := goOnFrom(cmd, args, fl, fl.initFrom)
	if err != nil {
		return nil, err
	}
	kind := p.task.kind()
	if data := p.task.data(); !cmd.Flags().Changed(data) {
		return nil, usage("--init-from %s is a %v: say with --%s what to train it on", fl.initFrom, kind, data)
	}
	if err := p.take(cmd, fl); err != nil {
		return nil, err
	}
	kept := networkSettings(kind)
	if err := agree(cmd, "--init-from", fl.initFrom, p, kept); err != nil {
		return nil, err
	}
	if err := p.configure(cmd); err != nil {
		return nil, err
	}
	had := p.from.Config()
	mine, theirs := flagsOf(p.task, &p.config), flagsOf(p.task, &had)
	for _, name := range kept {
		if err := mine.Set(name, theirs.Lookup(name).Value.String()); err != nil {
			return nil, err
		}
	}
	p.config.Origin.InitFrom = fl.initFrom
	return p, p.check()
}

// agree refuses flags that contradict what a run takes from a file, in place of passing over them.
func agree(cmd *cobra.Command, flag, path string, p *plan, names []string) error {
	c := p.from.Config()
	has := flagsOf(p.task, &c)
	for _, name := range names {
		given, found := cmd.Flags().Lookup(name), has.Lookup(name).Value.String()
		if given.Changed && given.Value.String() != found {
			return usage("--%s %s: %s takes it from %s, which has %s", name, given.Value, flag, path, found)
		}
	}
	return nil
}
