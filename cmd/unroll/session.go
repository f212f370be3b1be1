package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/diagnose"
	"github.com/unroll-go/unroll/nn/train/events"
)

// carryOut runs a loop, of either kind of model, and shows and logs how it goes. A run that is resumed goes on at the
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
	start := time.Now()
	result, err = loop.Run(cmd.Context())
	show.finish()
	if fl.profile && profile.Runs > 0 {
		fmt.Fprintf(w, "\nWhere the time went, over %d runs of training and validation:\n\n%v\n", profile.Runs, profile)
	}
	if err != nil {
		return result, interrupted(w, err, result, fl)
	}
	if result.TokensPerSecond == 0 { // a single step, which compiles: better its whole time than none
		result.TokensPerSecond = float64(show.tokens) / time.Since(start).Seconds()
	}
	return result, nil
}

// interrupted says how to go on after Ctrl-C; other errors stay as they are.
func interrupted(w io.Writer, err error, r train.Result, fl trainFlags) error {
	if !errors.Is(err, context.Canceled) {
		return err
	}
	fmt.Fprintf(w, "Interrupted at step %d. To go on:\n  unroll train --resume %s\n", r.Step, fl.out)
	return errors.New("interrupted; the checkpoint is saved")
}

// goOn sets a loop of a run that is resumed to where its checkpoint was saved; of another there is none.
func goOn(l *train.Loop, fl trainFlags) (*train.Checkpoint, error) {
	if fl.resume == "" {
		return nil, nil
	}
	saved, err := train.ReadCheckpoint(fl.resume)
	if err != nil {
		return nil, err
	}
	if err := l.Resume(saved); err != nil {
		return nil, err
	}
	if l.Finished() {
		return nil, errors.Errorf("%s has made all of its %d steps; to go on, give more than %s",
			fl.resume, saved.Step(), strings.Join(reached(l, saved), " and "))
	}
	return saved, nil
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
func conclusion(w io.Writer, r train.Result, patience int, kept bool) {
	d := diagnose.Losses(r.History)
	if r.Stopped && d.Best > 0 {
		which := fmt.Sprintf("the weights are those of epoch %d, the last", len(r.History))
		if kept {
			which = "its weights are kept"
		}
		paragraph(w, fmt.Sprintf("Stopped by --patience %d: no epoch after epoch %d was better; %s.", patience, d.Best, which))
	}
	if d.State != diagnose.TooShort && (d.State != diagnose.Improving || !r.Stopped) { // more epochs were not to be
		paragraph(w, inWords(d, r.History))
	}
}

// inWords is a diagnosis with what the command's flags can do about it.
func inWords(d diagnose.Report, history []train.Pass) string {
	first, last := history[0], history[len(history)-1]
	switch d.State {
	case diagnose.Overfitting:
		best := history[d.Best-1]
		return fmt.Sprintf("Overfitting since epoch %d: the validation loss rose from %.4g to %.4g, "+
			"while the training loss fell on from %.4g to %.4g. More data, more --dropout or a smaller --hidden may help.",
			d.Best, best.Validation, last.Validation, best.TrainLoss, last.TrainLoss)
	case diagnose.Diverged:
		return fmt.Sprintf("Diverged: the training loss rose from %.4g to %.4g. Try a lower --lr.", first.TrainLoss, last.TrainLoss)
	case diagnose.Underfitting:
		return fmt.Sprintf("Underfitting: the training loss hardly fell, from %.4g to %.4g. "+
			"Try a higher --lr, a larger --hidden, or less --dropout.",
			first.TrainLoss, last.TrainLoss)
	}
	return d.String()
}
