package command

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// The adapter of a foundation model is a folder of PEFT. The checkpoint of its training lies in it, too.
const (
	firstFolder    = "adapter"
	foundationFile = "training.safetensors"
	foundationKey  = "unroll.foundation" // the entry of the checkpoint's metadata with a foundationRun
)

// foundationRun is what an adapter is trained beside, on what, and how.
type foundationRun struct {
	Model  string  `json:"model"`
	Text   string  `json:"text"`
	Hash   string  `json:"hash"`
	Seq    int     `json:"seq"`
	Batch  int     `json:"batch"`
	Epochs int     `json:"epochs"`
	Steps  int     `json:"steps"`
	Rate   float64 `json:"lr"`
	Clip   float64 `json:"clip"`
	Seed   uint64  `json:"seed"`
	Drop   float64 `json:"lora_dropout,omitempty"`

	step string // what a step learns from, in words
}

// ofFoundation tells whether tune is for a foundation model.
func ofFoundation(cmd *cobra.Command, fl *trainFlags) bool {
	if fl.resume != "" {
		info, err := os.Stat(fl.resume)
		return err == nil && info.IsDir()
	}
	return pretrained.Is(fl.tune.model)
}

// tuneFoundation trains an adapter for a foundation model.
func tuneFoundation(cmd *cobra.Command, args []string, fl *trainFlags) error {
	defer heedSignals(cmd)()
	r, saved, err := settleFoundation(cmd, args, fl)
	if err != nil {
		return err
	}
	m, err := pretrained.Load(r.Model)
	if err != nil {
		return err
	}
	if saved != nil {
		if err = m.LoadAdapter(fl.resume); err == nil {
			err = m.SetAdapterDropout(r.Drop)
		}
	} else {
		err = adaptNew(m, fl.tune)
	}
	if err != nil {
		return err
	}
	loop, told, err := r.loop(m, saved != nil)
	if err != nil {
		return errors.Wrap(err, r.Text)
	}
	if err := fl.round(loop); err != nil {
		return err
	}
	if err := goOn(loop, saved, *fl); err != nil {
		return err
	}
	if saved == nil {
		if err := newFolder(fl); err != nil {
			return err
		}
	}
	if loop.Saving, err = r.saving(fl); err != nil {
		return err
	}
	w := cmd.ErrOrStderr()
	tell(w, "Model", "%s (%s), %s", m.Title(), m.Family(), count(m.Layers(), "layer", "layers"))
	tell(w, "Text", "%s: %s", r.Text, told)
	tell(w, "Train", "%d steps of %s, rate %g, clip %g, seed %d", loop.Total(), r.step, r.Rate, r.Clip, r.Seed)
	if saved != nil {
		tell(w, "Resume", "%s at step %d", fl.resume, saved.Step())
	}
	tell(w, "Save", "%s, a folder of PEFT", fl.out)
	if err := m.SaveAdapter(fl.out); err != nil { // what a run is resumed with
		return err
	}
	return r.run(cmd, m, loop, saved, *fl)
}

// run trains, and saves the adapter however the run ends.
func (r foundationRun) run(cmd *cobra.Command, m *pretrained.Model, loop *train.Loop, saved *train.Checkpoint, fl trainFlags) error {
	w := cmd.ErrOrStderr()
	result, err := carryOut(cmd, loop, newDisplay(w, "tokens"), saved, fl)
	if saving := m.SaveAdapter(fl.out); err == nil {
		err = saving
	}
	if err != nil {
		return err
	}
	conclusion(w, result, 0, loop.Validation.KeepBest, true)
	tell(w, "Saved", "%s. More:", fl.out)
	both := "--model " + forShell(r.Model) + " --adapter " + forShell(fl.out)
	_, err = io.WriteString(w, "  unroll generate "+both+"\n  unroll merge "+both+" --out merged\n")
	if err != nil {
		return err
	}
	last := result.History[len(result.History)-1]
	_, err = io.WriteString(cmd.OutOrStdout(), "loss "+strconv.FormatFloat(last.Validation, 'f', 4, 64)+" nats a token\n")
	return err
}

// adaptNew gives a model the adapter that the command line describes.
func adaptNew(m *pretrained.Model, t *tuneFlags) error {
	if t.config.Recompute != 0 {
		return usage("--recompute is for models of this command")
	}
	blocks, err := blocksOf(t.blocks)
	if err != nil {
		return err
	}
	return m.Adapt(nn.LoRA{
		Rank: t.config.Rank, Alpha: t.config.Alpha, Dropout: t.config.Dropout, Targets: t.config.Targets, Blocks: blocks,
		Whole: t.config.Whole,
	})
}

// settleFoundation says what is run: by the command line, or by the folder that a run goes on from.
func settleFoundation(cmd *cobra.Command, args []string, fl *trainFlags) (r foundationRun, saved *train.Checkpoint, err error) {
	if fl.resume == "" {
		r.Model, r.Drop = fl.tune.model, fl.tune.config.Dropout
		if len(args) > 0 {
			r.Text = args[0]
		} else if r.Text = cmd.Flags().Lookup("text").Value.String(); r.Text == "" {
			return r, nil, usage("want a text, or prompts with their answers as .jsonl, to tune %s on", r.Model)
		}
		return r, nil, r.take(cmd, func(string) bool { return true })
	}
	for _, name := range adapterFlags {
		if cmd.Flags().Changed(name) {
			return r, nil, usage("--%s is for a new adapter; that of %s stays what it is", name, fl.resume)
		}
	}
	checkpoint := filepath.Join(fl.resume, foundationFile)
	if _, err := os.Stat(checkpoint); os.IsNotExist(err) {
		return r, nil, errors.Errorf(
			"%s has no %s: its training ended before the first was saved, or it was not trained by this command; begin anew",
			fl.resume, foundationFile)
	}
	if saved, err = train.ReadCheckpoint(checkpoint); err != nil {
		return r, nil, err
	}
	if err := json.Unmarshal([]byte(saved.Metadata[foundationKey]), &r); err != nil || r.Seq < 1 || r.Batch < 1 {
		return r, nil, errors.Errorf("%s: %s does not tell how it was trained", fl.resume, foundationFile)
	}
	if len(args) > 0 || cmd.Flags().Changed("text") {
		return r, nil, usage("--resume goes on with %s; another text is for a new adapter", r.Text)
	}
	if cmd.Flags().Changed(modelFlag) {
		r.Model = fl.tune.model // which has moved
	}
	fl.out = fl.resume
	return r, saved, r.take(cmd, cmd.Flags().Changed)
}

// take reads those flags of a run that may be given.
func (r *foundationRun) take(cmd *cobra.Command, given func(flag string) bool) error {
	var wrong error
	read := func(name string, parse func(text string) error) {
		f := cmd.Flags().Lookup(name)
		if f == nil || wrong != nil || !given(name) {
			return
		}
		if err := parse(f.Value.String()); err != nil {
			wrong = usage("--%s %s; want a number", name, f.Value)
		}
	}
	whole := func(name string, to *int, least int) {
		read(name, func(text string) (err error) {
			if *to, err = strconv.Atoi(text); err == nil && *to < least {
				wrong = usage("--%s %d; want at least %d", name, *to, least)
			}
			return err
		})
	}
	number := func(name string, to *float64) {
		read(name, func(text string) (err error) {
			if *to, err = strconv.ParseFloat(text, 64); err == nil && !(*to >= 0) {
				wrong = usage("--%s %g; want 0 or more", name, *to)
			}
			return err
		})
	}
	whole("seq", &r.Seq, 1)
	whole("batch", &r.Batch, 1)
	whole("epochs", &r.Epochs, 1)
	whole("steps", &r.Steps, 0)
	number("lr", &r.Rate)
	number("clip", &r.Clip)
	read("seed", func(text string) (err error) {
		r.Seed, err = strconv.ParseUint(text, 10, 64)
		return err
	})
	return wrong
}

// newFolder chooses a folder for an adapter, and makes it. One that has an adapter is left alone unless --force is given.
func newFolder(fl *trainFlags) error {
	there := func(folder string) bool {
		_, err := os.Stat(filepath.Join(folder, peft.ConfigFile))
		return err == nil
	}
	if fl.out == "" {
		fl.out = firstFolder
		for i := 2; there(fl.out); i++ {
			fl.out = firstFolder + "-" + strconv.Itoa(i)
		}
	} else if there(fl.out) && !fl.force {
		return errors.Errorf("--out %s has an adapter: choose another name, continue it with --resume, or overwrite it with --force", fl.out)
	}
	return errors.Wrap(os.MkdirAll(fl.out, 0o777), "--out")
}

// saving is where the run's checkpoint goes.
func (r foundationRun) saving(fl *trainFlags) (train.Saving, error) {
	about, err := json.Marshal(r)
	return train.Saving{
		Path: filepath.Join(fl.out, foundationFile), Every: fl.saveEvery, Trained: true,
		Metadata: map[string]string{foundationKey: string(about)},
	}, err
}

// schedule warms up and falls, as that of language models of this command.
func (r foundationRun) schedule(total int) optim.Schedule {
	return optim.Warmup{Steps: min(20, total), From: 0.1, Then: optim.Cosine{Start: r.Rate, End: r.Rate / 10, Steps: total}}
}
