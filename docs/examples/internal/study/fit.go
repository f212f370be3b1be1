// Package study has what the examples share: training with its progress on the terminal, and encoder-decoders over two
// vocabularies.
package study

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/diagnose"
)

// progressEvery is how often a line tells of a pass that takes long.
const progressEvery = 20 * time.Second

// Fit runs a loop, with a line for every pass, and says at the end how it went. Ctrl-C ends it.
func Fit(l *train.Loop) (train.Result, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	start := time.Now()
	last := start
	step := func(p train.Progress) error {
		if time.Since(last) > progressEvery {
			last = time.Now()
			fmt.Printf("    step %d of %d, loss %.4f, %.0f tokens/s, %v left\n", p.Step, p.Steps, p.EpochLoss, p.TokensPerSecond,
				p.Remaining.Round(time.Second))
		}
		return nil
	}
	validation := func(v train.Evaluation) error {
		last = time.Now()
		fmt.Printf("    epoch %d, loss %.4f, validation %.4f, %.0f s\n", v.Epoch, v.TrainLoss, v.Loss, time.Since(start).Seconds())
		return nil
	}
	l.Observers = append(l.Observers, train.Observer{OnStep: step, OnValidation: validation})
	r, err := l.Run(ctx)
	if err == nil {
		fmt.Printf("    %v\n", diagnose.Losses(r.History))
	}
	return r, err
}
