package command

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
)

// trainFlags are the command line of train beside the configuration.
type trainFlags struct {
	out          string
	resume, from string
	newTokens    bool // the tokens are those of the data, and not of the model to begin from
	config       string
	log          string
	force        bool
	saveEvery    int
	profile      bool
	precision    string

	tune  *tuneFlags  // of the command tune; nil for train
	ranks *Ranks      // of a command that trains in several processes; nil for others
	group train.Group // its processes, once it has joined them

	device *Device      // of a command that trains elsewhere; nil for others
	engine train.Engine // that it opened

	tasks []task
	own   *taskFlags // of the tasks
}

// verb is the command.
func (fl trainFlags) verb() string {
	if fl.tune != nil {
		return "tune"
	}
	return "train"
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

// check refuses flags of the run that make no sense.
func (fl trainFlags) check() error {
	switch {
	case fl.saveEvery < 0:
		return usage("--save-every %d; want 0 or more", fl.saveEvery)
	case !slices.Contains(precisions(), fl.precision):
		return usage("--precision %q; want one of %s", fl.precision, strings.Join(precisions(), ", "))
	}
	return nil
}

// demoSteps is how long the bare command trains: enough for words and phrases, in a minute.
const demoSteps = 1000

// plan is what a run trains, and how.
type plan struct {
	task   task
	config models.Config
	from   models.Model      // that it goes on or begins from; nil for none
	same   bool              // it trains that model, with its network and its vocabulary
	saved  *train.Checkpoint // that it goes on from; nil for none
}

// settle makes the plan of a run: by the command line, or by the model that it goes on or begins from.
func settle(cmd *cobra.Command, args []string, fl *trainFlags) (*plan, error) {
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	file, err := readSettings(cmd, fl.config)
	if err != nil {
		return nil, err
	}
	if fl.resume == "" && fl.from == "" && file["from"] == "" {
		if err := takeFile(cmd, fl.tasks, args, file.dataOf(fl.tasks)); err != nil {
			return nil, err
		}
		args = nil
	}
	if err := file.applied(cmd, fl.config, fl.tasks); err != nil {
		return nil, err
	}
	if err := fl.check(); err != nil {
		return nil, err
	}
	switch {
	case fl.resume != "" && fl.from != "":
		return nil, usage("--resume and --from; want one of them")
	case fl.newTokens && fl.from == "":
		return nil, usage("--new-tokens goes with --from")
	case fl.from != "" && given("vectors"):
		return nil, usage("--from and --vectors; want one of them: both begin the embeddings")
	case given("test") && given("test-part"):
		return nil, usage("--test and --test-part; want one of them")
	case fl.resume != "":
		return resumed(cmd, args, fl)
	case fl.from != "":
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
	if err == nil && p.config.Origin.Vectors != "" && !given("tokens") && p.config.Tokens != "" {
		p.config.Tokens = datasets.Word // which have vectors
	}
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
	m, err := fl.tune.load(cmd, fl, path)
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
			"to train on from its weights: unroll train --from %s",
			fl.resume, forShell(fl.resume))
	}
	if p.from.Config().Origin.Hash == "" {
		return nil, errors.Errorf("%s was trained by another program, which alone knows on what, and can resume it; "+
			"to train on from its weights: unroll train --from %s",
			fl.resume, forShell(fl.resume))
	}
	if err := p.take(cmd, fl); err != nil {
		return nil, err
	}
	p.same = true
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
	p, err := goOnFrom(cmd, args, fl, fl.from)
	if err != nil {
		return nil, err
	}
	kind := p.task.kind()
	if data := p.task.data(); !cmd.Flags().Changed(data) {
		flag := "--from " + fl.from
		if fl.tune != nil {
			flag = fl.from
		}
		return nil, usage("%s is a %v: say with --%s what to %s it on", flag, kind, data, fl.verb())
	}
	if err := p.take(cmd, fl); err != nil {
		return nil, err
	}
	if err := p.configure(cmd); err != nil {
		return nil, err
	}
	had := p.from.Config()
	mine, theirs := flagsOf(p.task, &p.config), flagsOf(p.task, &had)
	for _, name := range networkSettings(kind) {
		if cmd.Flags().Changed(name) {
			continue
		}
		if err := mine.Set(name, theirs.Lookup(name).Value.String()); err != nil {
			return nil, err
		}
	}
	fl.newTokens = fl.newTokens || p.config.Tokens != had.Tokens
	if cmd.Flags().Changed("vocabulary") && !fl.newTokens {
		return nil, usage("--vocabulary goes with --new-tokens: otherwise the tokens are those of %s", fl.from)
	}
	p.config.Origin.From = fl.from
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
