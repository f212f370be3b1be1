package main

import (
	"fmt"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/nn/train"
)

// settle gives a run its settings: those of the command line, or those of the model that it goes on or begins from.
func settle(cmd *cobra.Command, c *classConfig, fl *trainFlags) (from *modelFile, err error) {
	switch {
	case fl.saveEvery < 0:
		return nil, usage("--save-every %d; want 0 or more", fl.saveEvery)
	case fl.sample < 0:
		return nil, usage("--sample %d; want 0 or more", fl.sample)
	case fl.resume != "" && fl.initFrom != "":
		return nil, usage("--resume and --init-from; want one of them")
	case c.Text != "" && c.Table != "":
		return nil, usage("--text and --table; want one of them")
	case fl.resume != "":
		return resumed(cmd, c, fl)
	case fl.initFrom != "":
		return begunFrom(cmd, c, fl)
	}
	if c.Table != "" {
		classDefaults(cmd, c)
		if err := c.settleTables(cmd); err != nil {
			return nil, err
		}
		return nil, c.check()
	}
	if c.ValidFile+c.TestFile != "" {
		return nil, usage("--valid and --test go with --table")
	}
	if c.Text == "" && !cmd.Flags().Changed("epochs") && !cmd.Flags().Changed("steps") {
		c.Steps = demoSteps
	}
	return nil, c.config.check()
}

// settleTables checks what is said about tables.
func (c *classConfig) settleTables(cmd *cobra.Command) (err error) {
	if c.TestFile != "" && cmd.Flags().Changed("test-part") {
		return usage("--test and --test-part; want one of them")
	}
	c.tableFormat, err = c.tableFormat.settled(cmd)
	return err
}

// networkSettings are the flags that say what a network is; trainingSettings those that say how it is trained.
var (
	networkSettings  = []string{"cell", "layers", "hidden", "embed", "tokens", "vocabulary"}
	classSettings    = []string{"pool", "one-way"}
	trainingSettings = []string{"seq", "batch", "optimizer", "lr", "clip", "dropout", "patience", "seed"}
)

// byFlag are the settings by the names of their flags.
func (c *classConfig) byFlag() map[string]interface{} {
	return map[string]interface{}{
		"cell": c.Cell, "layers": c.Layers, "hidden": c.Hidden, "embed": c.Embed, "tokens": c.Vocabulary, "vocabulary": c.VocabLimit,
		"pool": c.Pool, "one-way": c.OneWay,
		"seq": c.Seq, "batch": c.Batch, "optimizer": c.Optimizer, "lr": c.Rate, "clip": c.Clip, "dropout": c.Dropout, "patience": c.Patience, "seed": c.Seed,
	}
}

// keep refuses flags that contradict what a run takes from a file, in place of passing over them.
func keep(cmd *cobra.Command, flag string, f *modelFile, names ...[]string) error {
	has := f.config.byFlag()
	for _, list := range names {
		for _, name := range list {
			given := cmd.Flags().Lookup(name)
			if found := fmt.Sprint(has[name]); given != nil && given.Changed && given.Value.String() != found {
				return usage("--%s %s: %s takes it from %s, which has %s", name, given.Value, flag, f.path, found)
			}
		}
	}
	return nil
}

// resumed takes the settings from a checkpoint, but for the length of the run and for files that have moved.
func resumed(cmd *cobra.Command, c *classConfig, fl *trainFlags) (*modelFile, error) {
	f, err := readModelFile(fl.resume)
	if err != nil {
		return nil, err
	}
	if !f.trained {
		return nil, errors.Errorf("%s has weights, but no training to resume (unroll import writes such files); to train on from its weights: unroll train --init-from %s",
			f.path, f.path)
	}
	if err := keep(cmd, "--resume", f, networkSettings, trainingSettings); err != nil {
		return nil, err
	}
	given := *c
	*c = f.config
	for name, set := range map[string]func(){
		"epochs": func() { c.Epochs = given.Epochs },
		"steps":  func() { c.Steps = given.Steps },
		"text":   func() { c.Text = given.Text }, // the file may have moved; its contents are checked
		"table":  func() { c.Table = given.Table },
	} {
		if cmd.Flags().Changed(name) {
			set()
		}
	}
	return f, f.adopt(*c)
}

// begunFrom takes what the network is from a model; how it is trained, and on what, is said on the command line.
func begunFrom(cmd *cobra.Command, c *classConfig, fl *trainFlags) (*modelFile, error) {
	f, err := readModelFile(fl.initFrom)
	if err != nil {
		return nil, err
	}
	switch {
	case f.kind == textClassifier && c.Table == "":
		return nil, usage("--init-from %s is a %v: say with --table what to train it on", f.path, f.kind)
	case f.kind == languageModel && c.Text == "":
		return nil, usage("--init-from %s is a %v: say with --text what to train it on", f.path, f.kind)
	}
	names := [][]string{networkSettings}
	if f.kind == textClassifier {
		classDefaults(cmd, c)
		if err := c.settleTables(cmd); err != nil {
			return nil, err
		}
		names = append(names, classSettings)
	}
	if err := keep(cmd, "--init-from", f, names...); err != nil {
		return nil, err
	}
	c.Cell, c.Layers, c.Hidden, c.Embed = f.config.Cell, f.config.Layers, f.config.Hidden, f.config.Embed
	c.Vocabulary, c.VocabLimit = f.config.Vocabulary, f.config.VocabLimit
	if f.kind == textClassifier {
		c.Pool, c.OneWay = f.config.Pool, f.config.OneWay
	}
	c.InitFrom = f.path
	return f, f.adopt(*c)
}

// adopt gives a file's model other settings of its training, and checks them.
func (f *modelFile) adopt(c classConfig) error {
	f.config = c
	if f.kind == textClassifier {
		return c.check()
	}
	return c.config.check()
}

// checkpointOf is where a run that is resumed had come to; nil if it is not resumed.
func checkpointOf(fl trainFlags) (*train.Checkpoint, error) {
	if fl.resume == "" {
		return nil, nil
	}
	return train.ReadCheckpoint(fl.resume)
}
