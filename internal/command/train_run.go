package command

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/diagnose"
	"github.com/unroll-go/unroll/nn/train/events"
	"github.com/unroll-go/unroll/recurrent/models"
	"golang.org/x/term"
)

// run trains a model of any kind by its loop: describe says what is trained, and on what; then come the files, the training,
// and how it ended. Unit is what speed counts.
func (p *plan) run(
	cmd *cobra.Command, loop *train.Loop, unit string, fl trainFlags, describe func(w io.Writer),
) (result train.Result, err error) {
	if err := fl.round(loop); err != nil {
		return result, err
	}
	if err := goOn(loop, p.saved, fl); err != nil {
		return result, err
	}
	if err := fl.share(p, loop); err != nil {
		return result, err
	}
	w := cmd.ErrOrStderr()
	describe(w)
	describeShards(w, loop)
	if fl.device != nil {
		tell(w, "Device", "%s", fl.device.opened)
	}
	describeAdapter(w, p.config)
	if err := loop.Prepare(); err != nil { // before anything is written
		return result, err
	}
	if err := describeFiles(cmd, p, fl); err != nil {
		return result, err
	}
	if result, err = carryOut(cmd, loop, newDisplay(w, unit), p.saved, fl); err != nil {
		return result, err
	}
	if !fl.leads() {
		return result, errFollows
	}
	conclusion(w, result, loop.Validation.Patience, loop.Validation.KeepBest, fl.tune != nil)
	return result, nil
}

// carryOut runs a loop, of any kind of model, and shows and logs how it goes. A run that is resumed goes on at the
// checkpoint.
func carryOut(
	cmd *cobra.Command, loop *train.Loop, show *display, saved *train.Checkpoint, fl trainFlags,
) (result train.Result, err error) {
	w := cmd.ErrOrStderr()
	loop.Observers = []train.Observer{{OnStep: show.step, OnValidation: show.validation}}
	log, err := openLog(fl.log, saved, fl.force)
	if err != nil {
		return result, err
	}
	if log != nil {
		loop.Observers = append(loop.Observers, events.Observer(logEvery, log))
		defer func() {
			if closing := log.Close(); err == nil {
				err = closing
			}
		}()
	}
	profile := &graph.Profile{}
	if fl.profile {
		loop.Loss.SetProfile(profile)
	}
	trains, all := models.Trains(loop.Loss.Params())
	describeFrozen(w, trains, all)
	start := time.Now()
	result, err = loop.Run(cmd.Context())
	show.finish()
	if fl.profile && profile.Runs > 0 {
		fmt.Fprintf(w, "\nWhere the time went, over %d runs of training and validation:\n\n%v\n", profile.Runs, profile)
	}
	if err != nil {
		return result, interrupted(cmd, err, result, fl)
	}
	if result.TokensPerSecond == 0 { // a single step, which compiles: better its whole time than none
		result.TokensPerSecond = float64(show.tokens) / time.Since(start).Seconds()
	}
	return result, nil
}

// interrupted says how to go on after Ctrl-C; other errors stay as they are.
func interrupted(cmd *cobra.Command, err error, r train.Result, fl trainFlags) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Interrupted at step %d. To go on:\n  %s\n", r.Step, fl.toGoOn(cmd))
	return errors.New("interrupted; the checkpoint is saved")
}

// goOn sets a loop to where the checkpoint was saved that it goes on from; of a new run there is none.
func goOn(l *train.Loop, saved *train.Checkpoint, fl trainFlags) error {
	if saved == nil {
		return nil
	}
	if err := l.Resume(saved); err != nil {
		return err
	}
	if l.Finished() {
		return errors.Errorf("%s has made all of its %d steps; to go on, give more than %s",
			fl.resume, saved.Step(), strings.Join(reached(l, saved), " and "))
	}
	return nil
}

// reached are the limits of a loop at which a checkpoint is. Where --steps ended a pass early, that pass is over, so that
// both may have to be raised.
func reached(l *train.Loop, saved *train.Checkpoint) (limits []string) {
	if len(saved.History()) >= l.Epochs {
		limits = append(limits, fmt.Sprintf("--epochs %d", l.Epochs))
	}
	if l.Steps > 0 && saved.Step() >= l.Steps {
		limits = append(limits, fmt.Sprintf("--steps %d", l.Steps))
	}
	return limits
}

// conclusion says how a run ended and what its losses tell. Kept tells whether the weights of the best pass are kept.
func conclusion(w io.Writer, r train.Result, patience int, kept, tuned bool) {
	d := diagnose.Losses(r.History)
	if r.Stopped && d.Best > 0 {
		which := fmt.Sprintf("the weights are those of epoch %d, the last", len(r.History))
		if kept {
			which = "its weights are kept"
		}
		paragraph(w, fmt.Sprintf("Stopped by --patience %d: no epoch after epoch %d was better; %s.", patience, d.Best, which))
	}
	if d.State != diagnose.TooShort && (d.State != diagnose.Improving || !r.Stopped) { // more epochs were not to be
		paragraph(w, inWords(d, r.History, tuned))
	}
}

// inWords is a diagnosis with what the command's flags can do about it: those of train, or of tune.
func inWords(d diagnose.Report, history []train.Pass, tuned bool) string {
	first, last := history[0], history[len(history)-1]
	size, dropout := "--hidden", "--dropout"
	if tuned {
		size, dropout = "--lora", "--lora-dropout"
	}
	switch d.State {
	case diagnose.Overfitting:
		best := history[d.Best-1]
		return fmt.Sprintf("Overfitting since epoch %d: the validation loss rose from %.4g to %.4g, "+
			"while the training loss fell on from %.4g to %.4g. More data, more %s or a smaller %s may help.",
			d.Best, best.Validation, last.Validation, best.TrainLoss, last.TrainLoss, dropout, size)
	case diagnose.Diverged:
		return fmt.Sprintf("Diverged: the training loss rose from %.4g to %.4g. Try a lower --lr.", first.TrainLoss, last.TrainLoss)
	case diagnose.Underfitting:
		return fmt.Sprintf("Underfitting: the training loss hardly fell, from %.4g to %.4g. "+
			"Try a higher --lr, a larger %s, or less %s.",
			first.TrainLoss, last.TrainLoss, size, dropout)
	}
	return d.String()
}

// describeFiles says where a run begins, and where it saves; its settings are saved now.
func describeFiles(cmd *cobra.Command, p *plan, fl trainFlags) error {
	w := cmd.ErrOrStderr()
	if fl.precision != graph.Float32.String() {
		tell(w, "Round", "what products multiply to %s", fl.precision)
	}
	if p.saved != nil {
		tell(w, "Resume", "%s at step %d", fl.resume, p.saved.Step())
	}
	note := ""
	if !strings.HasSuffix(fl.out, ".safetensors") {
		note = ", a safetensors file"
	}
	tell(w, "Save", "%s%s", fl.out, note)
	if fl.log != "" {
		tell(w, "Log", "%s", fl.log)
	}
	if fl.tune != nil || !fl.leads() {
		return nil // an adapter's file has all of them
	}
	return p.saveSettings(cmd, fl)
}

// display shows how training goes: a bar on a terminal, a line every few seconds elsewhere.
type display struct {
	w      io.Writer
	bar    *progressbar.ProgressBar
	live   bool
	unit   string // what speed counts; the loss of tokens is a perplexity's logarithm
	last   time.Time
	tokens int     // trained on so far
	loss   float64 // running mean
}

const plainEvery = 5 * time.Second

func newDisplay(w io.Writer, unit string) *display {
	f, ok := w.(*os.File)
	return &display{w: w, unit: unit, live: ok && term.IsTerminal(int(f.Fd())), last: time.Now()}
}

// step takes the progress of one training step.
func (d *display) step(p train.Progress) error {
	if d.loss == 0 {
		d.loss = p.Loss
	}
	d.loss += (p.Loss - d.loss) / 20
	d.tokens += p.Tokens
	status := fmt.Sprintf("loss %.3f  ppl %.1f  %.0f tokens/s", d.loss, math.Exp(d.loss), p.TokensPerSecond)
	if d.unit != "tokens" {
		status = fmt.Sprintf("loss %.3f  %.0f %s/s", d.loss, p.TokensPerSecond, d.unit)
	}
	if !d.live {
		if time.Since(d.last) >= plainEvery {
			d.last = time.Now()
			fmt.Fprintf(d.w, "step %d/%d  %s  %v left\n", p.Step, p.Steps, status, p.Remaining.Round(time.Second))
		}
		return nil
	}
	if d.bar == nil {
		d.bar = progressbar.NewOptions(p.Steps, progressbar.OptionSetWriter(d.w), progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetWidth(20))
	}
	d.bar.Describe(status)
	d.bar.Set(p.Step)
	return nil
}

// validation takes the outcome of a validation.
func (d *display) validation(v train.Evaluation) error {
	d.clear()
	note := ""
	if v.Improved {
		note = "  best so far"
	}
	ppl := ""
	if d.unit == "tokens" {
		ppl = fmt.Sprintf("  val ppl %.2f", math.Exp(v.Loss))
	}
	fmt.Fprintf(d.w, "epoch %d  train loss %.4f  val loss %.4f%s%s\n", v.Epoch, v.TrainLoss, v.Loss, ppl, note)
	return nil
}

func (d *display) clear() {
	if d.bar != nil {
		d.bar.Clear()
	}
}

func (d *display) finish() { d.clear() }
