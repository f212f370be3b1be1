package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/recurrent/models"
)

func trainCommand() *cobra.Command {
	c := models.Defaults(models.KindLanguage)
	fl := trainFlags{tasks: tasks()}
	cmd := &cobra.Command{
		Use:   "train [FILE]",
		Short: "Train a language model on a text, or a classifier on a table",
		Long:  trainHelp(fl.tasks),
		Example: `  unroll train                    # on the text that comes with the library
  unroll train reviews.csv        # on what the file looks like: here, a table
  unroll train --text book.txt --cell gru --hidden 256 --out book.safetensors
  unroll train --table reviews.csv --out reviews.safetensors
  unroll train --table mail.tsv --text-column body --label-column spam
  unroll train --resume book.safetensors --epochs 20
  unroll train --from book.safetensors --text other.txt --freeze embedding
  unroll train --table reviews.csv --vectors glove.txt --freeze embedding`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("found %d files; want one at most", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return runTrain(cmd, args, &fl) },
	}
	f := cmd.Flags()
	fl.own = addTaskFlags(cmd, fl.tasks, func(t task, f *pflag.FlagSet) {
		c := models.Defaults(t.kind())
		t.configFlags(f, &c)
		t.runFlags(f)
	})
	configFlags(f, &c)
	f.StringVar(&fl.out, "out", "", "file to save to (default model.safetensors, or the next free model-N.safetensors)")
	f.StringVar(&fl.resume, "resume", "", "checkpoint to continue; what was trained, and how, is taken from it, but for --epochs and --steps")
	f.StringVar(&fl.from, "from", "", "model whose weights training begins with, as far as they fit, on other data of its kind")
	f.BoolVar(&fl.newTokens, "new-tokens", false, "with --from: take the tokens of the new data; rows of those that both have are kept")
	f.StringVar(&fl.config, "config", "", "file of settings in JSON or YAML, such as a run writes beside its model; flags are over it")
	f.StringVar(&fl.log, "log", "", "log of losses, rates and speeds: FILE.csv, or a folder for TensorBoard")
	f.BoolVar(&fl.force, "force", false, "overwrite existing files")
	f.IntVar(&fl.saveEvery, "save-every", 200, "save a checkpoint every so many steps; 0 for after each epoch only")
	f.StringVar(&fl.precision, "precision", graph.Float32.String(),
		"what products round to: float32, bf16x3 or bf16, if the processor is faster so; to be given again with --resume")
	f.BoolVar(&fl.profile, "profile", false, "print where the time of training went")
	completeFormat(cmd)
	groupTrainFlags(cmd, fl.own)
	completions(cmd, map[string][]string{"cell": append(models.Cells(), listOfCells), "pool": models.Poolings(),
		"class-weights": {"none", models.Balanced}, "optimizer": models.Optimizers(),
		"tokens": {datasets.Character, datasets.Word, models.BytePairs}, "precision": precisions()})
	return cmd
}

// trainHelp is the help of train, with the part of every task.
func trainHelp(list []task) string {
	parts := []string{`Train a recurrent network and save it as one safetensors file. Ctrl-C saves a
checkpoint; --resume continues it, bit for bit. --from begins with the
weights of a trained model, and trains on with other data.

FILE is taken for what it looks like, which is said; a flag says it for sure.`}
	for _, t := range list {
		parts = append(parts, t.help())
	}
	parts = append(parts, `A model that --from names gives its network and its vocabulary, unless flags
say otherwise: weights that fit are kept, others are made anew, which is said. A
text with characters that the vocabulary lacks wants --new-tokens; words that it
lacks are read as <unk>. Labels that both tables have keep their weights.

--vectors begins the embeddings with word vectors of GloVe, word2vec or
fastText. --freeze leaves weights as they are; unroll inspect lists them.`)
	return strings.Join(parts, "\n\n")
}

// otherDefaults says which flags are otherwise for a task than for a language model, unless they are given.
func otherDefaults(t task) string {
	language, own := models.Defaults(models.KindLanguage), models.Defaults(t.kind())
	usual := pflag.NewFlagSet("", pflag.ContinueOnError)
	configFlags(usual, &language)
	var others []string
	flagsOf(t, &own).VisitAll(func(f *pflag.Flag) {
		if u := usual.Lookup(f.Name); u != nil && f.DefValue != u.DefValue {
			others = append(others, "--"+f.Name+" "+f.DefValue)
		}
	})
	var b strings.Builder
	paragraph(&b, "Unless given, these are: "+strings.Join(others, ", ")+".")
	return strings.TrimSuffix(b.String(), "\n")
}

// runTrain trains a model of any kind.
func runTrain(cmd *cobra.Command, args []string, fl *trainFlags) error {
	if asked, err := showAllHelp(cmd, fl.own); asked || err != nil {
		return err
	}
	if asked, err := listCells(cmd); asked {
		return err
	}
	defer heedSignals(cmd)()
	p, err := settle(cmd, args, fl)
	if err != nil {
		return err
	}
	if err := keepInputs("--out", fl.out, p.task.inputs(p.config)...); err != nil {
		return err
	}
	release, err := chooseOut(fl)
	if err != nil {
		return err
	}
	defer release()
	return p.task.train(cmd, p, *fl)
}

// chooseOut settles where to save, and takes the name, so that no other run does. Release gives it back if nothing was
// saved. Nothing is overwritten unasked, and what cannot be written is found now, not after an hour of training.
func chooseOut(fl *trainFlags) (release func(), err error) {
	if fl.resume != "" && (fl.out == "" || sameFile(fl.out, fl.resume)) {
		fl.out = fl.resume
		return func() {}, errors.Wrap(atomicfile.Probe(fl.out), "--resume")
	}
	if fl.out != "" {
		if kind := foreignEnding(fl.out); kind != "" {
			return nil, usage("--out %s: training saves safetensors files; unroll export makes %s of them", fl.out, kind)
		}
		return newFile("--out", fl.out, fl.force, "choose another name, continue it with --resume, or overwrite it with --force")
	}
	if err := atomicfile.Probe(firstName); err != nil {
		return nil, err
	}
	for i := 1; ; i++ {
		fl.out = firstName
		if i > 1 {
			fl.out = fmt.Sprintf("model-%d.safetensors", i)
		}
		if release, err = atomicfile.Claim(fl.out); !errors.Is(err, os.ErrExist) {
			return release, err
		}
	}
}
