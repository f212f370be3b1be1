package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// usageError is a mistake on the command line; the exit status is 2 instead of 1. So it is for a badSetting.
type usageError struct{ error }

func usage(format string, args ...any) error {
	return usageError{errors.Errorf(format, args...)}
}

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
	if own, ok := adapterFlags[strings.TrimPrefix(field, "Tune.")]; ok && strings.HasPrefix(field, "Tune.") {
		return own
	}
	field = field[strings.LastIndexByte(field, '.')+1:] // of a struct in it
	switch field {
	case "Rate":
		return "lr"
	case "File":
		return "table"
	case "TagFile":
		return "tags"
	case "Softmax":
		return "crf"
	case "IDColumn":
		return "id"
	case "TimeColumn":
		return "time"
	case "TargetColumn":
		return "target"
	case "Manifest":
		return "speech"
	case "LabelsFile":
		return "labels"
	case "ValidFile":
		return "valid"
	case "ID":
		return "id"
	case "Validation":
		return "valid-steps"
	case "Test":
		return "test-steps"
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

// asFlag says of a configuration that makes no sense which flag is at fault.
func asFlag(err error) error {
	var field *models.ConfigError
	if errors.As(err, &field) {
		return badSetting{field.Field, field.Problem}
	}
	return err
}

// kindOfNumber are the types of flags that Go's own errors would tell of.
var kindOfNumber = map[string]string{
	"int": "a whole number", "uint": "a whole number, 0 or more", "uint64": "a whole number, 0 or more", "float64": "a number",
	"bool": "true or false",
}

// suggestFlag adds to the error of an unknown flag those that are spelt almost like it, by cobra's rule for commands.
func suggestFlag(c *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var number *strconv.NumError
	if errors.As(err, &value) && errors.As(err, &number) {
		return errors.Errorf("--%s %q; want %s", value.GetFlag().Name, value.GetValue(), kindOfNumber[value.GetFlag().Value.Type()])
	}
	typed, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	flags := &cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if near := flags.SuggestionsFor(typed); len(near) > 0 {
		return errors.Errorf("%v; did you mean --%s?", err, strings.Join(near, " or --"))
	}
	return err
}

// noArgs refuses arguments that are not flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("unexpected argument %q", args[0])
	}
	return nil
}

// oneFile refuses any other number of arguments.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("found %d files; want one", len(args))
	}
	return nil
}

// oneFileAtMost refuses more than one argument.
func oneFileAtMost(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("found %d files; want one at most", len(args))
	}
	return nil
}

// completions has a shell complete flags that take one of some values.
func completions(cmd *cobra.Command, values map[string][]string) {
	for flag, list := range values {
		if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)); err != nil {
			panic(err) // a flag that the command does not have
		}
	}
}

// networkFlags are those of a network and its batches. What the configuration has is what they are unless given.
func networkFlags(f *pflag.FlagSet, c *models.Config) {
	f.StringVar(&c.Cell, "cell", c.Cell, "kind of recurrent cell, such as lstm or gru; --cell list describes them all")
	f.IntVar(&c.Layers, "layers", c.Layers, "stacked layers")
	f.IntVar(&c.Hidden, "hidden", c.Hidden, "width of the hidden state")
	f.IntVar(&c.Heads, "heads", c.Heads, "heads of the cells that have some, such as mlstm; 0 for what suits the width")
	f.BoolVar(&c.Residual, "residual", c.Residual, "add its input to the output of each layer that is as wide")
	f.BoolVar(&c.LayerNorm, "layer-norm", c.LayerNorm, "layer normalization in the cells lstm, gru and ligru")
	f.IntVar(&c.Embed, "embed", c.Embed, "width of the embedding")
	f.IntVar(&c.Seq, "seq", c.Seq,
		"time steps of a window: how far gradients reach back; of a translator, the longest side of a pair to train on")
	f.IntVar(&c.Batch, "batch", c.Batch, "sequences in a batch")
}

// configFlags are those of all that a model's file says of its training, whatever the task. What the configuration has is
// what they are unless given. A kind of model that lacks such a field refuses it, see models.Config.Check.
func configFlags(f *pflag.FlagSet, c *models.Config) {
	f.StringVar(&c.Pool, "pool", c.Pool, "what a classifier makes of a text's steps: "+oneOf(models.Poolings()))
	f.BoolVar(&c.OneWay, "one-way", c.OneWay, "a classifier, or a translator's encoder, that reads from left to right only")
	f.StringVar(&c.Tokens, "tokens", c.Tokens,
		"what a token is: character or word; for a classifier also bpe; for a translator also bpe and symbol")
	f.IntVar(&c.Vocabulary, "vocabulary", c.Vocabulary, "size limit of a word vocabulary")
	f.Var(numbers{&c.Adaptive}, "adaptive", "cutoffs of an adaptive softmax over many words, such as 2000,10000; none for a full one")
	networkFlags(f, c)
	f.IntVar(&c.Epochs, "epochs", c.Epochs, "passes over the text")
	f.IntVar(&c.Steps, "steps", c.Steps, "stop after this many steps; 0 for no limit (without --text, --epochs and --steps: 1000)")
	f.StringVar(&c.Optimizer, "optimizer", c.Optimizer, oneOf(models.Optimizers()))
	f.Float64Var(&c.Rate, "lr", c.Rate, "learning rate; it falls to a tenth along a cosine")
	f.Float64Var(&c.Clip, "clip", c.Clip, "limit of the gradients' global norm; 0 for none")
	f.Float64Var(&c.Dropout, "dropout", c.Dropout, "probability of dropping an activation between layers")
	f.Float64Var(&c.InputDropout, "input-dropout", c.InputDropout, "that of a feature of the input, at all steps of a sequence")
	f.Float64Var(&c.RecurrentDropout, "recurrent-dropout", c.RecurrentDropout,
		"that of a unit of the hidden state, at all steps of a sequence")
	f.Float64Var(&c.WeightDropout, "weight-dropout", c.WeightDropout, "that of a recurrent weight, at all steps of a sequence")
	f.Float64Var(&c.Zoneout, "zoneout", c.Zoneout, "probability that a unit keeps its old value for a step")
	f.Var(orElse{&c.ClassWeights, "none"}, "class-weights",
		"how much labels count: none (all alike), balanced (all labels alike), or as in spam=5,other=1")
	f.IntVar(&c.Patience, "patience", c.Patience, "stop after this many epochs without a better validation loss; 0 for never")
	f.Var(words{list: &c.Freeze}, "freeze", "weights to leave as they are, such as embedding,rnn.*; unroll inspect lists them")
	f.StringVar(&c.Origin.Vectors, "vectors", c.Origin.Vectors, "word vectors to begin the embeddings with, of GloVe, word2vec or fastText")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "seed of the weights and of dropout")
	f.IntVar(&c.Shards, "shards", c.Shards,
		"parts of a batch to compute side by side, on processors or on the machines of unroll-mpi; they change rounding; 0 for none")
}

// networkSettings are the flags that say what the network of a kind of model is.
func networkSettings(k models.Kind) []string {
	var out []string
	for _, field := range models.NetworkFields(k) {
		out = append(out, flagOf(field))
	}
	return out
}

// runSettings are the flags of a configuration that a run which is resumed may have other than before. The file with the data
// may have moved, too; its contents are checked.
var runSettings = []string{"epochs", "steps"}

// flagsOf are the flags of a task's configuration, which change it.
func flagsOf(t task, c *models.Config) *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	configFlags(f, c)
	t.configFlags(f, c)
	return f
}

// over is a configuration with the flags that were given; of some names alone, if there are any.
func over(cmd *cobra.Command, t task, c models.Config, names ...string) (models.Config, error) {
	f := flagsOf(t, &c)
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
