package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/decode"
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
}

func trainCommand() *cobra.Command {
	var k classConfig
	var fl trainFlags
	cmd := &cobra.Command{
		Use:   "train",
		Short: "Train a language model on a text, or a classifier on a table",
		Long: `Train a recurrent network and save it as one safetensors file. Ctrl-C saves a
checkpoint; --resume continues it, bit for bit. --init-from begins with the
weights of a trained model, and trains on with another text or table.

With --text, or nothing: a language model. The first 90 % of the text are
trained on, the rest validates. The last line printed is
val_loss=<nats a token> val_ppl=<perplexity> tokens_per_s=<training speed>.

With --table: a classifier of texts, on a file in CSV, TSV or JSONL with a
column of texts and one of labels. A tenth of the rows, always the same, is
kept for the test, a tenth of the others to stop by, and the weights of the
best pass are kept. Unless given, --tokens is bpe, --vocabulary 1500,
--cell gru, --layers 1, --hidden 64, --batch 32, --epochs 30, --lr 0.002,
--dropout 0.4, --patience 5. The last line is
test_accuracy=<share> test_macro_f1=<F1> val_loss=<nats a text>
texts_per_s=<texts a second>, all in one.

A model that --init-from names keeps its network and its vocabulary. A text
with characters that the vocabulary lacks is refused; words that it lacks are
read as <unk>. A table with other labels gives the classifier a new head.`,
		Example: `  unroll train                    # on the text that comes with the library
  unroll train --text book.txt --cell gru --hidden 256 --out book.safetensors
  unroll train --table reviews.csv --out reviews.safetensors
  unroll train --table mail.tsv --text-column body --label-column spam
  unroll train --resume book.safetensors --epochs 20
  unroll train --init-from book.safetensors --text other.txt --lr 0.001`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runAny(cmd, k, fl) },
	}
	f, c := cmd.Flags(), &k.config
	f.StringVar(&k.Table, "table", "", "labelled texts to learn to classify: .csv, .tsv or .jsonl")
	f.StringVar(&k.TextColumn, "text-column", "", "column of the texts; found by its name unless given")
	f.StringVar(&k.LabelColumn, "label-column", "", "column of the labels; found by its name unless given")
	f.StringVar(&k.Pool, "pool", "max", "what a classifier makes of a text's steps: last, max, mean or attention")
	f.BoolVar(&k.OneWay, "one-way", false, "a classifier that reads from left to right only")
	f.Float64Var(&k.TestPart, "test-part", 0.1, "part of the table's rows that is kept for the test")
	f.StringVar(&k.ValidFile, "valid", "", "table of the rows to stop by, instead of a part of --table")
	f.StringVar(&k.TestFile, "test", "", "table of the rows to test, instead of a part of --table")
	f.StringVar(&c.Text, "text", "", "UTF-8 text file; without it, the King James text that comes with the library")
	f.StringVar(&c.Vocabulary, "tokens", datasets.Character, "what a token is: character or word; for a classifier also bpe")
	f.IntVar(&c.VocabLimit, "vocabulary", 10000, "size limit of a word vocabulary")
	networkFlags(f, c)
	f.IntVar(&c.Epochs, "epochs", 1, "passes over the text")
	f.IntVar(&c.Steps, "steps", 0, "stop after this many steps; 0 for no limit (without --text, --epochs and --steps: 1000)")
	f.StringVar(&c.Optimizer, "optimizer", "adam", "sgd, momentum, rmsprop, adam, adamw or adagrad")
	f.Float64Var(&c.Rate, "lr", 0.004, "learning rate; it falls to a tenth along a cosine")
	f.Float64Var(&c.Clip, "clip", 1, "limit of the gradients' global norm; 0 for none")
	f.Float64Var(&c.Dropout, "dropout", 0, "probability of dropping an activation between layers")
	f.IntVar(&c.Patience, "patience", 0, "stop after this many epochs without a better validation loss; 0 for never")
	f.Uint64Var(&c.Seed, "seed", 1, "seed of the weights and of dropout")
	f.StringVar(&fl.out, "out", "", "file to save to (default model.safetensors, or the next free model-N.safetensors)")
	f.StringVar(&fl.resume, "resume", "", "checkpoint to continue; what was trained, and how, is taken from it, but for --epochs and --steps")
	f.StringVar(&fl.initFrom, "init-from", "", "model whose weights training begins with, on another --text or --table")
	f.StringVar(&fl.log, "log", "", "log of losses, rates and speeds: FILE.csv, or a folder for TensorBoard")
	f.BoolVar(&fl.force, "force", false, "overwrite existing files")
	f.IntVar(&fl.saveEvery, "save-every", 200, "save a checkpoint every so many steps; 0 for after each epoch only")
	f.IntVar(&fl.sample, "sample", 300, "tokens of sample text to print at the end; 0 for none")
	f.BoolVar(&fl.profile, "profile", false, "print where the time of training went")
	formatFlags(cmd, &k.tableFormat)
	missingFlag(cmd, &k.tableFormat)
	completions(cmd, map[string][]string{"cell": cells, "pool": {"last", "max", "mean", "attention"},
		"tokens":    {datasets.Character, datasets.Word, bytePairs},
		"optimizer": optimizers})
	return cmd
}

// networkFlags are those of a network and its batches.
func networkFlags(f *pflag.FlagSet, c *config) {
	f.StringVar(&c.Cell, "cell", "lstm", "rnn, lstm or gru")
	f.IntVar(&c.Layers, "layers", 2, "stacked layers")
	f.IntVar(&c.Hidden, "hidden", 128, "width of the hidden state")
	f.IntVar(&c.Embed, "embed", 64, "width of the embedding")
	f.IntVar(&c.Seq, "seq", 50, "time steps of a window: how far gradients reach back")
	f.IntVar(&c.Batch, "batch", 50, "sequences in a batch")
}

// runAny trains either kind of model.
func runAny(cmd *cobra.Command, c classConfig, fl trainFlags) error {
	defer heedSignals(cmd)()
	from, err := settle(cmd, &c, &fl)
	if err != nil {
		return err
	}
	if err := keepInputs(fl.out, c.Text, c.Table, c.ValidFile, c.TestFile); err != nil {
		return err
	}
	release, err := chooseOut(&fl)
	if err != nil {
		return err
	}
	defer release()
	if c.Table == "" {
		return runTrain(cmd, c.config, fl, from)
	}
	return runClassify(cmd, c, fl, from)
}

func runTrain(cmd *cobra.Command, c config, fl trainFlags, from *modelFile) error {
	corpus, err := readText(c.Text)
	if err != nil {
		return err
	}
	w := cmd.ErrOrStderr()
	m, err := modelFor(w, c, corpus, fl, from)
	if err != nil {
		return err
	}
	loop, err := newLoop(m, corpus, fl)
	if err != nil {
		return err
	}
	saved, err := checkpointOf(fl)
	if err != nil {
		return err
	}
	if err := goOn(loop, saved, fl); err != nil {
		return err
	}
	describe(w, m, corpus, loop, saved, fl)
	result, err := carryOut(cmd, loop, newDisplay(w), saved, fl)
	if err != nil {
		return err
	}
	conclusion(w, result, c.Patience, false)
	return conclude(cmd, m, result, fl)
}

// demoSteps is how long the bare command trains: enough for words and phrases, in a minute.
const demoSteps = 1000

func readText(path string) (datasets.Corpus, error) {
	if path == "" {
		bible, err := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
		return bible.Train, err
	}
	return datasets.ReadFile(path)
}

// textHash tells whether a text is still the same.
func textHash(corpus datasets.Corpus) string {
	sum := sha256.Sum256([]byte(corpus.Text))
	return hex.EncodeToString(sum[:])
}

// modelFor is a new model for a text, or one from a file.
func modelFor(w io.Writer, c config, corpus datasets.Corpus, fl trainFlags, from *modelFile) (*model, error) {
	hash := textHash(corpus)
	switch {
	case fl.resume != "" && hash != c.TextHash:
		return nil, errors.Errorf("%s has changed since %s was saved (or --text was another file); to train on with another text: --init-from", corpus.Name, fl.resume)
	case fl.resume != "":
		return from.languageModel()
	}
	c.TextHash = hash
	if from != nil {
		from.config.TextHash = hash
		if err := from.knows(w, corpus); err != nil {
			return nil, err
		}
		return from.languageModel()
	}
	vocab, err := datasets.Characters(corpus.Text)
	if c.Vocabulary == datasets.Word {
		vocab, err = datasets.Words(corpus.Text, c.VocabLimit)
	}
	if err != nil {
		return nil, err
	}
	if err := c.enough(w, size{vocab.Len(), vocab.Len(), 1, true}, machineMemory()); err != nil {
		return nil, err
	}
	m, err := newModel(c, vocab)
	if err != nil {
		return nil, err
	}
	return m, m.touch() // a run that is interrupted before its first step has weights to save
}

// newLoop joins model, data and settings.
func newLoop(m *model, corpus datasets.Corpus, fl trainFlags) (*train.Loop, error) {
	c := m.config
	ids, err := m.vocab.Encode(corpus.Text)
	if err != nil {
		return nil, errors.Wrap(err, corpus.Name)
	}
	m.length = len(ids)
	first, last, err := datasets.Split(ids, 0.9)
	if err != nil {
		return nil, err
	}
	if m.primer, err = primer(m.vocab, first); err != nil {
		return nil, err
	}
	data, err := datasets.NewWindows(first, c.Seq, c.Batch)
	if err != nil {
		return nil, errors.Wrapf(err, "%s is too short for --seq %d and --batch %d", corpus.Name, c.Seq, c.Batch)
	}
	if len(last) < 2 {
		return nil, errors.Errorf("%s has %d tokens, too few to validate with a tenth of them", corpus.Name, len(ids))
	}
	steps := min(c.Seq, len(last)-1)
	lanes := min(c.Batch, (len(last)-1)/steps)
	check, err := datasets.NewWindows(last, steps, lanes)
	if err != nil {
		return nil, err
	}
	o, err := optimizerOf(c.Optimizer)
	if err != nil {
		return nil, err
	}
	metadata, err := m.metadata()
	if err != nil {
		return nil, err
	}
	total := c.Epochs * data.Len()
	if c.Steps > 0 {
		total = min(total, c.Steps)
	}
	return &train.Loop{
		Params: m.params, Loss: m.loss, State: m.state(c.Batch), ValidationState: m.state(lanes),
		Data: train.FromWindows(data), Validation: train.FromWindows(check),
		Optimizer: o, Schedule: optim.Warmup{Steps: min(20, total), From: 0.1, Then: optim.Cosine{Start: c.Rate, End: c.Rate / 10, Steps: total}},
		ClipNorm: c.Clip, Epochs: c.Epochs, Steps: c.Steps, Patience: c.Patience, Seed: c.Seed,
		Checkpoint: fl.out, SaveEvery: fl.saveEvery, Metadata: metadata,
	}, nil
}

// primer returns the end of the training text, up to its last line break, 200 tokens at most.
func primer(v *datasets.Vocabulary, ids []int) (string, error) {
	text, err := v.Decode(ids[max(0, len(ids)-200):])
	if end := strings.LastIndexByte(text, '\n'); end > 0 {
		text = text[:end+1]
	}
	return text, err
}

// describe says what is going to happen.
func describe(w io.Writer, m *model, corpus datasets.Corpus, l *train.Loop, saved *train.Checkpoint, fl trainFlags) {
	c := m.config
	fmt.Fprintf(w, "Text    %s: %d %ss, vocabulary %d\n", corpus.Name, m.length, c.Vocabulary, m.vocab.Len())
	fmt.Fprintf(w, "Model   %s\n", c.network())
	fmt.Fprintf(w, "Train   %d steps of %d x %d tokens, %s, rate %g, clip %g, seed %d\n", l.Total(), c.Seq, c.Batch, c.Optimizer, c.Rate, c.Clip, c.Seed)
	describeFiles(w, saved, fl)
}

// describeFiles says where a run begins, and where it saves.
func describeFiles(w io.Writer, saved *train.Checkpoint, fl trainFlags) {
	if saved != nil {
		fmt.Fprintf(w, "Resume  %s at step %d\n", fl.resume, saved.Step())
	}
	if fl.initFrom != "" {
		fmt.Fprintf(w, "Begin   with the weights of %s\n", fl.initFrom)
	}
	note := ""
	if !strings.HasSuffix(fl.out, torchEnding) {
		note = ", a safetensors file"
	}
	fmt.Fprintf(w, "Save    %s%s\n", fl.out, note)
	if fl.log != "" {
		fmt.Fprintf(w, "Log     %s\n", fl.log)
	}
}

// conclude prints a sample and the final figures.
func conclude(cmd *cobra.Command, m *model, r train.Result, fl trainFlags) error {
	out := cmd.OutOrStdout()
	if fl.sample > 0 {
		fmt.Fprintln(out, "\nA sample, at temperature 0.8:")
		if err := m.generate(cmd.Context(), out, "", fl.sample, decode.Sampler{Temperature: 0.8}, m.config.Seed); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "\nSaved %s. More text: unroll generate --model %s\n", fl.out, fl.out)
	_, err := fmt.Fprintf(out, "val_loss=%.4f val_ppl=%.2f tokens_per_s=%.0f\n", r.Validation, math.Exp(r.Validation), r.TokensPerSecond)
	return err
}
