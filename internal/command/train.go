package command

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/recurrent/models"
)

func trainCommand() *cobra.Command { return trainCommandOf(&trainFlags{}) }

// trainCommandOf is the command train, whose flags are read into fl.
func trainCommandOf(fl *trainFlags) *cobra.Command {
	c := models.Defaults(models.KindLanguage)
	fl.tasks = tasks()
	cmd := &cobra.Command{
		Use:   "train [FILE]",
		Short: "Train on text, tables, pairs, tags, series, sequences, speech",
		Long:  trainHelp(fl.tasks),
		Example: `  unroll train                    # on the text that comes with the library
  unroll train reviews.csv        # on what the file looks like: here, a table
  unroll train --text book.txt --cell gru --hidden 256 --out book.safetensors
  unroll train --table mail.tsv --text-column body --label-column spam
  unroll train --pairs english-french.tsv --out french.safetensors
  unroll train --tags dev.conllu --test test.conllu --out pos.safetensors
  unroll train --series co2.csv --out co2.safetensors
  unroll train --sequences windows.csv --cell grud --pool last
  unroll train --speech digits.tsv --one-way --out digits.safetensors
  unroll train --resume book.safetensors --epochs 20
  unroll train --from book.safetensors --text other.txt --freeze embedding
  unroll train --table reviews.csv --vectors glove.txt --freeze embedding`,
		Args: oneFileAtMost,
		RunE: func(cmd *cobra.Command, args []string) error { return runTrain(cmd, args, fl) },
	}
	f := cmd.Flags()
	fl.own = addTaskFlags(cmd, fl.tasks, func(t task, f *pflag.FlagSet) {
		c := models.Defaults(t.kind())
		t.configFlags(f, &c)
		t.runFlags(f)
	})
	configFlags(f, &c)
	fl.runFlags(cmd)
	f.StringVar(&fl.from, "from", "", "model whose weights training begins with, as far as they fit, on other data of its kind")
	f.BoolVar(&fl.newTokens, "new-tokens", false, "with --from: take the tokens of the new data; rows of those that both have are kept")
	f.StringVar(&fl.config, "config", "", "file of settings in JSON or YAML, such as a run writes beside its model; flags are over it")
	completeFormat(cmd)
	groupTrainFlags(cmd, fl.own)
	kinds := []string{datasets.Character, datasets.Word, models.BytePairs, models.Symbols}
	completions(cmd, map[string][]string{"cell": append(models.Cells(), listOfCells), "pool": models.Poolings(),
		"class-weights": {"none", models.Balanced}, "optimizer": models.Optimizers(),
		"decoder": models.Decoders(), "normalise": models.Normalisations(),
		"tokens": kinds, "target-tokens": kinds, "attention": models.Attentions(), "precision": precisions()})
	return cmd
}

// runFlags are those of a run, of train or of tune.
func (fl *trainFlags) runFlags(cmd *cobra.Command) {
	f, first := cmd.Flags(), fl.first()
	f.StringVar(&fl.out, "out", "", fmt.Sprintf("file to save to (default %s, or the next free %s)", first, withNumber(first, "N")))
	f.StringVar(&fl.resume, "resume", "", "checkpoint to continue; what was trained, and how, is taken from it, but for --epochs and --steps")
	f.StringVar(&fl.log, "log", "", "log of losses, rates and speeds: FILE.csv, or a folder for TensorBoard")
	f.BoolVar(&fl.force, "force", false, "overwrite existing files")
	f.IntVar(&fl.saveEvery, "save-every", 200, "save a checkpoint every so many steps; 0 for after each epoch only")
	f.StringVar(&fl.precision, "precision", graph.Float32.String(),
		"what products round to: float32, bf16x3 or bf16, if the processor is faster so; to be given again with --resume")
	f.BoolVar(&fl.profile, "profile", false, "print where the time of training went")
}

// first is where a run saves unless told otherwise.
func (fl trainFlags) first() string {
	if fl.tune != nil {
		return firstAdapter
	}
	return firstName
}

// withNumber is a file's name with a number in it: model-2.safetensors.
func withNumber(name, n string) string { return strings.Replace(name, ".", "-"+n+".", 1) }

// runTrain trains a model of any kind.
func runTrain(cmd *cobra.Command, args []string, fl *trainFlags) error {
	if asked, err := showAllHelp(cmd, fl.own); asked || err != nil {
		return err
	}
	if asked, err := listCells(cmd); asked {
		return err
	}
	if err := fl.join(cmd, args); err != nil {
		return err
	}
	p, err := settle(cmd, args, fl)
	if err != nil {
		return err
	}
	if err := fl.cut(p); err != nil {
		return err
	}
	if err := fl.open(p); err != nil {
		return err
	}
	return fl.carryOut(cmd, p)
}

// carryOut carries out a plan, of train or of tune.
func (fl *trainFlags) carryOut(cmd *cobra.Command, p *plan) error {
	defer heedSignals(cmd)()
	if err := keepInputs("--out", fl.out, p.task.inputs(p.config)...); err != nil {
		return err
	}
	if !fl.leads() {
		if err := p.task.train(cmd, p, *fl); !errors.Is(err, errFollows) {
			return err
		}
		return nil
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
	first := fl.first()
	if err := atomicfile.Probe(first); err != nil {
		return nil, err
	}
	for i := 1; ; i++ {
		fl.out = first
		if i > 1 {
			fl.out = withNumber(first, strconv.Itoa(i))
		}
		if release, err = atomicfile.Claim(fl.out); !errors.Is(err, os.ErrExist) {
			return release, err
		}
	}
}
