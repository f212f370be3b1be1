package main

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
)

// trainFlags are the command line of train beside the configuration.
type trainFlags struct {
	out              string
	resume, initFrom string
	log              string
	force            bool
	saveEvery        int
	sample           int
	profile          bool
	precision        string
	format           tableFormat
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
	kind   models.Kind
	config models.Config
	from   models.Model      // that it goes on or begins from; nil for none
	saved  *train.Checkpoint // that it goes on from; nil for none
}

// settle makes the plan of a run: by the command line, or by the model that it goes on or begins from.
func settle(cmd *cobra.Command, fl *trainFlags) (*plan, error) {
	given := func(flag string) bool { return cmd.Flags().Changed(flag) }
	switch {
	case fl.saveEvery < 0:
		return nil, usage("--save-every %d; want 0 or more", fl.saveEvery)
	case !slices.Contains(precisions(), fl.precision):
		return nil, usage("--precision %q; want one of %s", fl.precision, strings.Join(precisions(), ", "))
	case fl.sample < 0:
		return nil, usage("--sample %d; want 0 or more", fl.sample)
	case fl.resume != "" && fl.initFrom != "":
		return nil, usage("--resume and --init-from; want one of them")
	case given("text") && given("table"):
		return nil, usage("--text and --table; want one of them")
	case given("test") && given("test-part"):
		return nil, usage("--test and --test-part; want one of them")
	case fl.resume != "":
		return resumed(cmd, fl)
	case fl.initFrom != "":
		return begunFrom(cmd, fl)
	}
	p := &plan{kind: models.KindLanguage}
	if given("table") {
		p.kind = models.KindClassifier
	} else if given("valid") || given("test") {
		return nil, usage("--valid and --test go with --table")
	}
	err := p.configure(cmd, fl)
	if err == nil && p.kind == models.KindLanguage && !given("text") && !given("epochs") && !given("steps") {
		p.config.Steps = demoSteps
	}
	return p, err
}

// configure takes the configuration from the command line.
func (p *plan) configure(cmd *cobra.Command, fl *trainFlags) (err error) {
	if p.config, err = over(cmd, models.Defaults(p.kind)); err != nil {
		return err
	}
	if p.kind == models.KindClassifier {
		if fl.format, err = fl.format.settled(cmd); err != nil {
			return err
		}
		fl.format.into(&p.config.Origin.Table)
	}
	return p.check()
}

// check refuses a plan that cannot work.
func (p *plan) check() error {
	if err := p.config.Check(p.kind); err != nil {
		return err
	}
	if p.kind == models.KindClassifier {
		return checkTable(p.config.Origin.Table)
	}
	return nil
}

// resumed takes the configuration from a checkpoint, but for the length of the run and for files that have moved.
func resumed(cmd *cobra.Command, fl *trainFlags) (*plan, error) {
	m, err := load(fl.resume)
	if err != nil {
		return nil, err
	}
	if !m.Trained() {
		return nil, errors.Errorf("%s has weights, but no training to resume (unroll import writes such files); "+
			"to train on from its weights: unroll train --init-from %s",
			fl.resume, fl.resume)
	}
	if m.Config().Origin.Hash == "" {
		return nil, errors.Errorf("%s was trained by another program, which alone knows on what, and can resume it; "+
			"to train on from its weights: unroll train --init-from %s",
			fl.resume, fl.resume)
	}
	if err := agree(cmd, "--resume", fl.resume, m, networkSettings, trainingSettings); err != nil {
		return nil, err
	}
	saved, err := train.ReadCheckpoint(fl.resume)
	if err != nil {
		return nil, err
	}
	p := &plan{kind: m.Kind(), from: m, saved: saved}
	if p.config, err = over(cmd, m.Config(), resumeSettings...); err != nil {
		return nil, err
	}
	if cmd.Flags().Changed("steps") && !cmd.Flags().Changed("epochs") {
		p.config.Epochs = passesFor(p.config, saved)
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
func begunFrom(cmd *cobra.Command, fl *trainFlags) (*plan, error) {
	m, err := load(fl.initFrom)
	if err != nil {
		return nil, err
	}
	p := &plan{kind: m.Kind(), from: m}
	kept, data := networkSettings, "text"
	if p.kind == models.KindClassifier {
		kept, data = slices.Concat(networkSettings, classSettings), "table"
	}
	if !cmd.Flags().Changed(data) {
		return nil, usage("--init-from %s is a %v: say with --%s what to train it on", fl.initFrom, p.kind, data)
	}
	if err := agree(cmd, "--init-from", fl.initFrom, m, kept); err != nil {
		return nil, err
	}
	if err := p.configure(cmd, fl); err != nil {
		return nil, err
	}
	had := m.Config()
	mine, theirs := flagsOf(&p.config), flagsOf(&had)
	for _, name := range kept {
		if err := mine.Set(name, theirs.Lookup(name).Value.String()); err != nil {
			return nil, err
		}
	}
	p.config.Origin.InitFrom = fl.initFrom
	return p, p.check()
}

// agree refuses flags that contradict what a run takes from a file, in place of passing over them.
func agree(cmd *cobra.Command, flag, path string, m models.Model, names ...[]string) error {
	c := m.Config()
	has := flagsOf(&c)
	for _, name := range slices.Concat(names...) {
		given, found := cmd.Flags().Lookup(name), has.Lookup(name).Value.String()
		if given.Changed && given.Value.String() != found {
			return usage("--%s %s: %s takes it from %s, which has %s", name, given.Value, flag, path, found)
		}
	}
	return nil
}
