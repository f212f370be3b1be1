package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// badSetting is a setting that makes no sense: a flag on the command line, or a field of the record in a file.
type badSetting struct {
	field   string // of models.Config, Origin or Table
	problem string // what was found, and what is wanted
}

func (b badSetting) Error() string { return "--" + flagOf(b.field) + " " + b.problem }

func bad(field, format string, args ...any) error {
	return badSetting{field, fmt.Sprintf(format, args...)}
}

// flagOf is the flag that sets a field of models.Config, Origin or Table.
func flagOf(field string) string {
	switch field {
	case "Rate":
		return "lr"
	case "File":
		return "table"
	case "ValidFile":
		return "valid"
	case "TestFile":
		return "test"
	}
	var b strings.Builder
	for i, r := range field { // OneWay is --one-way
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// networkFlags are those of a network and its batches. What the configuration has is what they are unless given.
func networkFlags(f *pflag.FlagSet, c *models.Config) {
	f.StringVar(&c.Cell, "cell", c.Cell, oneOf(models.Cells()))
	f.IntVar(&c.Layers, "layers", c.Layers, "stacked layers")
	f.IntVar(&c.Hidden, "hidden", c.Hidden, "width of the hidden state")
	f.IntVar(&c.Embed, "embed", c.Embed, "width of the embedding")
	f.IntVar(&c.Seq, "seq", c.Seq, "time steps of a window: how far gradients reach back")
	f.IntVar(&c.Batch, "batch", c.Batch, "sequences in a batch")
}

// configFlags are those of all that a model's file says of its training. What the configuration has is what they are unless
// given.
func configFlags(f *pflag.FlagSet, c *models.Config) {
	t := &c.Origin.Table
	f.StringVar(&t.File, "table", t.File, "labelled texts to learn to classify: .csv, .tsv or .jsonl")
	f.StringVar(&t.TextColumn, "text-column", t.TextColumn, "column of the texts; found by its name unless given")
	f.StringVar(&t.LabelColumn, "label-column", t.LabelColumn, "column of the labels; found by its name unless given")
	f.StringVar(&c.Pool, "pool", c.Pool, "what a classifier makes of a text's steps: "+oneOf(models.Poolings()))
	f.BoolVar(&c.OneWay, "one-way", c.OneWay, "a classifier that reads from left to right only")
	f.Float64Var(&t.TestPart, "test-part", t.TestPart, "part of the table's rows that is kept for the test")
	f.StringVar(&t.ValidFile, "valid", t.ValidFile, "table of the rows to stop by, instead of a part of --table")
	f.StringVar(&t.TestFile, "test", t.TestFile, "table of the rows to test, instead of a part of --table")
	f.StringVar(&c.Origin.Text, "text", c.Origin.Text, "UTF-8 text file; without it, the King James text that comes with the library")
	f.StringVar(&c.Tokens, "tokens", c.Tokens, "what a token is: character or word; for a classifier also bpe")
	f.IntVar(&c.Vocabulary, "vocabulary", c.Vocabulary, "size limit of a word vocabulary")
	networkFlags(f, c)
	f.IntVar(&c.Epochs, "epochs", c.Epochs, "passes over the text")
	f.IntVar(&c.Steps, "steps", c.Steps, "stop after this many steps; 0 for no limit (without --text, --epochs and --steps: 1000)")
	f.StringVar(&c.Optimizer, "optimizer", c.Optimizer, oneOf(models.Optimizers()))
	f.Float64Var(&c.Rate, "lr", c.Rate, "learning rate; it falls to a tenth along a cosine")
	f.Float64Var(&c.Clip, "clip", c.Clip, "limit of the gradients' global norm; 0 for none")
	f.Float64Var(&c.Dropout, "dropout", c.Dropout, "probability of dropping an activation between layers")
	f.IntVar(&c.Patience, "patience", c.Patience, "stop after this many epochs without a better validation loss; 0 for never")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the weights and of dropout")
}

// The flags that say what a network is; those that say what a classifier's is, beside; those that say how it is trained;
// and those that a run which is resumed may have other than before: files may have moved, their contents are checked.
var (
	networkSettings  = []string{"cell", "layers", "hidden", "embed", "tokens", "vocabulary"}
	classSettings    = []string{"pool", "one-way"}
	trainingSettings = []string{"seq", "batch", "optimizer", "lr", "clip", "dropout", "patience", "seed"}
	resumeSettings   = []string{"epochs", "steps", "text", "table"}
)

// flagsOf are the flags of a configuration, which change it.
func flagsOf(c *models.Config) *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	configFlags(f, c)
	return f
}

// over is a configuration with the flags that were given; of some names alone, if there are any.
func over(cmd *cobra.Command, c models.Config, names ...string) (models.Config, error) {
	f := flagsOf(&c)
	var err error
	cmd.Flags().Visit(func(given *pflag.Flag) {
		if f.Lookup(given.Name) == nil || len(names) > 0 && !slices.Contains(names, given.Name) {
			return
		}
		if e := f.Set(given.Name, given.Value.String()); e != nil && err == nil {
			err = usageError{e}
		}
	})
	return c, err
}

// plan is what a run trains, and how.
type plan struct {
	kind   models.Kind
	config models.Config
	from   models.Model // that it goes on or begins from; nil for none
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
	p := &plan{kind: m.Kind(), from: m}
	if p.config, err = over(cmd, m.Config(), resumeSettings...); err != nil {
		return nil, err
	}
	return p, p.check()
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

// oneOf lists values as a sentence does: "a, b or c".
func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}
