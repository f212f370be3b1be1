package command

import (
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent/models"
)

// firstAdapter is where tune saves unless told otherwise.
const firstAdapter = "adapter.safetensors"

// tuneFlags are those of tune that train does not have.
type tuneFlags struct {
	model  string // whose adapter is trained
	config models.TuneConfig
	blocks string
}

// adapterFlags are the flags of the fields of models.TuneConfig.
var adapterFlags = map[string]string{
	"Rank": "lora", "Alpha": "alpha", "Dropout": "lora-dropout", "Targets": "adapt", "Blocks": "blocks", "Whole": "whole",
	"Recompute": "recompute",
}

func tuneCommand() *cobra.Command {
	c := models.Defaults(models.KindLanguage)
	t := &tuneFlags{}
	fl := trainFlags{tasks: tasks(), tune: t}
	cmd := &cobra.Command{
		Use:   "tune [FILE]",
		Short: "Train an adapter (LoRA) for a model, on other data of its kind",
		Long: `Train a small adapter beside the weights of a model, which stay as they are, on
other data of its kind. Only the adapter is trained and saved: a hundredth of
the model, say. What is written is read beside the model it belongs to:

  unroll tune other.txt --model book.safetensors
  unroll generate --model adapter.safetensors    # finds book.safetensors itself
  unroll merge --adapter adapter.safetensors --out other.safetensors

A language model takes a text, or a file whose name ends in .jsonl with prompts
and their answers, {"prompt": "...", "answer": "..."} a line, of which it learns
the answers. All other kinds take what unroll train takes for them. The last
line printed is that of unroll train for the model's kind.

A foundation model, a folder as Hugging Face has it, is tuned by the same two.
Its adapter is saved as a folder, in the form of the library PEFT:

  unroll tune other.txt --model mamba-130m --lora 8 --out adapter
  unroll generate --model mamba-130m --adapter adapter
  unroll tune --resume adapter --epochs 3
  unroll merge --model mamba-130m --adapter adapter --out mamba-other`,
		Example: `  unroll tune shakespeare.txt --model kjv --lora 8
  unroll tune --text questions.jsonl --model book.safetensors --epochs 5
  unroll tune --text other.txt --lora 4 --adapt "lstm.weight_hh_*,head"
  unroll tune --table other.csv --model reviews.safetensors --recompute -1
  unroll tune --resume adapter.safetensors --epochs 20`,
		Args: oneFileAtMost,
		RunE: func(cmd *cobra.Command, args []string) error { return runTune(cmd, args, &fl) },
	}
	f := cmd.Flags()
	fl.own = addTaskFlags(cmd, fl.tasks, func(t task, f *pflag.FlagSet) {
		c := models.Defaults(t.kind())
		t.configFlags(f, &c)
		t.runFlags(f)
	})
	f.StringVar(&t.model, modelFlag, firstName, "checkpoint of the model that the adapter is for")
	f.IntVar(&t.config.Rank, "lora", 8, "rank of the adapter: how many columns and rows it has beside each weight")
	f.Float64Var(&t.config.Alpha, "alpha", 0, "what the adapter adds is scaled by alpha/rank; 0 for the rank, which is no scale")
	f.Float64Var(&t.config.Dropout, "lora-dropout", 0, "probability of dropping an input of the adapter while training")
	f.Var(words{list: &t.config.Targets}, "adapt", "weights to adapt, such as lstm.weight_hh_*,head; all matrices unless given")
	f.StringVar(&t.blocks, "blocks", "",
		"which blocks of rows of these to adapt, each by a rank of its own: 0110 for the second and third gate of an LSTM")
	f.Var(words{list: &t.config.Whole}, "whole",
		"weights to train whole beside the adapter, such as embedding,lstm.bias_ih_*; none unless given")
	f.IntVar(&t.config.Recompute, "recompute", 0,
		"steps that are computed again for the gradient, to save memory; -1 for the number that takes least")
	configFlags(f, &c)
	fl.runFlags(cmd)
	completeFormat(cmd)
	groupTrainFlags(cmd, fl.own)
	return cmd
}

// runTune trains an adapter for a model of any kind.
func runTune(cmd *cobra.Command, args []string, fl *trainFlags) error {
	if asked, err := showAllHelp(cmd, fl.own); asked || err != nil {
		return err
	}
	if err := fl.check(); err != nil {
		return err
	}
	if ofFoundation(cmd, fl) {
		return tuneFoundation(cmd, args, fl)
	}
	p, err := settleTune(cmd, args, fl)
	if err != nil {
		return err
	}
	return fl.carryOut(cmd, p)
}

// settleTune makes the plan of a run: by the command line and the model, or by the adapter that it goes on from.
func settleTune(cmd *cobra.Command, args []string, fl *trainFlags) (*plan, error) {
	if fl.resume != "" {
		for _, name := range adapterFlags {
			if cmd.Flags().Changed(name) {
				return nil, usage("--%s is for a new adapter; that of %s stays what it is", name, fl.resume)
			}
		}
		return resumed(cmd, args, fl)
	}
	var err error
	if fl.tune.config.Blocks, err = blocksOf(fl.tune.blocks); err != nil {
		return nil, err
	}
	if fl.tune.config.Rank == 0 {
		return nil, usage("--lora 0; want at least 1")
	}
	fl.from = fl.tune.model
	p, err := begunFrom(cmd, args, fl)
	if err != nil {
		return nil, err
	}
	p.same, p.config.Tune = true, fl.tune.config
	return p, p.check()
}

// load reads what a run goes on or begins from.
func (t *tuneFlags) load(cmd *cobra.Command, fl *trainFlags, path string) (models.Model, error) {
	if t != nil && fl.resume != "" && cmd.Flags().Changed(modelFlag) {
		return loadBeside(t.model, path)
	}
	return load(path)
}

// blocksOf reads a flag such as 0110.
func blocksOf(flag string) ([]bool, error) {
	var out []bool
	for _, r := range flag {
		if r != '0' && r != '1' {
			return nil, usage("--blocks %q; want 0 and 1 for each block of rows, such as 0110", flag)
		}
		out = append(out, r == '1')
	}
	if out != nil && !slices.Contains(out, true) {
		return nil, usage("--blocks %s; want 1 for one block at least", flag)
	}
	return out, nil
}

// hasAnswers tells whether a file has prompts with their answers.
func hasAnswers(path string) bool { return strings.HasSuffix(path, ".jsonl") }

// describeAdapter says what an adapter is, if there is one.
func describeAdapter(w io.Writer, c models.Config) {
	if t := c.Tune; t.Rank > 0 {
		tell(w, "Adapter", "rank %d, scale %g, %s of %s", t.Rank, nn.LoRA{Rank: t.Rank, Alpha: t.Alpha}.Scale(), adaptedWeights(t), c.Origin.From)
	}
}

// adaptedWeights says where an adapter is.
func adaptedWeights(t models.TuneConfig) string {
	what := "beside all matrices"
	if len(t.Targets) > 0 {
		what = "beside " + strings.Join(t.Targets, ", ")
	}
	if len(t.Whole) > 0 {
		what += ", with all of " + strings.Join(t.Whole, ", ") + ","
	}
	return what
}
