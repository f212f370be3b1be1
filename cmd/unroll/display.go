package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/unroll-go/unroll/nn/train"
	"golang.org/x/term"
)

// display shows how training goes: a bar on a terminal, a line every few seconds elsewhere.
type display struct {
	w      io.Writer
	bar    *progressbar.ProgressBar
	live   bool
	plain  bool // a loss that is no perplexity's logarithm
	last   time.Time
	tokens int     // trained on so far
	loss   float64 // running mean
}

const plainEvery = 5 * time.Second

func newDisplay(w io.Writer) *display {
	f, ok := w.(*os.File)
	return &display{w: w, live: ok && term.IsTerminal(int(f.Fd())), last: time.Now()}
}

// step takes the progress of one training step.
func (d *display) step(p train.Progress) error {
	if d.loss == 0 {
		d.loss = p.Loss
	}
	d.loss += (p.Loss - d.loss) / 20
	d.tokens += p.Tokens
	status := fmt.Sprintf("loss %.3f  ppl %.1f  %.0f tokens/s", d.loss, math.Exp(d.loss), p.TokensPerSecond)
	if d.plain {
		status = fmt.Sprintf("loss %.3f  %.0f texts/s", d.loss, p.TokensPerSecond)
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
	if !d.plain {
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
