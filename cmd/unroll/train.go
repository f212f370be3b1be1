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
	var fl trainFlags
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a language model on a text, or a classifier on a table",
		Long:  fmt.Sprintf(trainHelp, classifierDefaults()),
		Example: `  unroll train                    # on the text that comes with the library
  unroll train --text book.txt --cell gru --hidden 256 --out book.safetensors
  unroll train --table reviews.csv --out reviews.safetensors
  unroll train --table mail.tsv --text-column body --label-column spam
  unroll train --resume book.safetensors --epochs 20
  unroll train --init-from book.safetensors --text other.txt --lr 0.001`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runTrain(cmd, fl) },
	}
	f := cmd.Flags()
	configFlags(f, &c)
	f.StringVar(&fl.out, "out", "", "file to save to (default model.safetensors, or the next free model-N.safetensors)")
	f.StringVar(&fl.resume, "resume", "", "checkpoint to continue; what was trained, and how, is taken from it, but for --epochs and --steps")
	f.StringVar(&fl.initFrom, "init-from", "", "model whose weights training begins with, on another --text or --table")
	f.StringVar(&fl.log, "log", "", "log of losses, rates and speeds: FILE.csv, or a folder for TensorBoard")
	f.BoolVar(&fl.force, "force", false, "overwrite existing files")
	f.IntVar(&fl.saveEvery, "save-every", 200, "save a checkpoint every so many steps; 0 for after each epoch only")
	f.IntVar(&fl.sample, "sample", 300, "tokens of sample text to print at the end; 0 for none")
	f.StringVar(&fl.precision, "precision", graph.Float32.String(),
		"what products round to: float32, bf16x3 or bf16, if the processor is faster so; to be given again with --resume")
	f.BoolVar(&fl.profile, "profile", false, "print where the time of training went")
	formatFlags(cmd, &fl.format)
	missingFlag(cmd, &fl.format)
	completions(cmd, map[string][]string{"cell": models.Cells(), "pool": models.Poolings(), "optimizer": models.Optimizers(),
		"tokens": {datasets.Character, datasets.Word, models.BytePairs}, "precision": precisions()})
	return cmd
}

const trainHelp = `Train a recurrent network and save it as one safetensors file. Ctrl-C saves a
checkpoint; --resume continues it, bit for bit. --init-from begins with the
weights of a trained model, and trains on with another text or table.

With --text, or nothing: a language model. The first 90 %% of the text are
trained on, the rest validates. The last line printed is
val_loss=<nats a token> val_ppl=<perplexity> tokens_per_s=<training speed>.

With --table: a classifier of texts, on a file in CSV, TSV or JSONL with a
column of texts and one of labels. A tenth of the rows, always the same, is
kept for the test, a tenth of the others to stop by, and the weights of the
best pass are kept. The last line is
test_accuracy=<share> test_macro_f1=<F1> val_loss=<nats a text>
texts_per_s=<texts a second>, all in one.
%s

A model that --init-from names keeps its network and its vocabulary. A text
with characters that the vocabulary lacks is refused; words that it lacks are
read as <unk>. A table with other labels gives the classifier a new head.`

// classifierDefaults says which flags are otherwise for a classifier, unless they are given.
func classifierDefaults() string {
	language, class := models.Defaults(models.KindLanguage), models.Defaults(models.KindClassifier)
	usual := flagsOf(&language)
	var others []string
	flagsOf(&class).VisitAll(func(f *pflag.Flag) {
		if f.DefValue != usual.Lookup(f.Name).DefValue {
			others = append(others, "--"+f.Name+" "+f.DefValue)
		}
	})
	var b strings.Builder
	paragraph(&b, "Unless given, these are: "+strings.Join(others, ", ")+".")
	return strings.TrimSuffix(b.String(), "\n")
}

// runTrain trains either kind of model.
func runTrain(cmd *cobra.Command, fl trainFlags) error {
	defer heedSignals(cmd)()
	p, err := settle(cmd, &fl)
	if err != nil {
		return err
	}
	o := p.config.Origin
	if err := keepInputs("--out", fl.out, o.Text, o.Table.File, o.Table.ValidFile, o.Table.TestFile); err != nil {
		return err
	}
	release, err := chooseOut(&fl)
	if err != nil {
		return err
	}
	defer release()
	if p.kind == models.KindClassifier {
		return trainOnTable(cmd, p, fl)
	}
	return trainOnText(cmd, p, fl)
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
