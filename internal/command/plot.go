package command

import (
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/chart"
)

func plotCommand() *cobra.Command {
	var path, out string
	var force bool
	var flags *taskFlags
	cmd := &cobra.Command{
		Use:   "plot",
		Short: "Draw how a model was trained, what it confuses or forecasts",
		Long: `Draw the losses of a model over the passes of its training, those on the data
that it was trained on and those on the others, as PNG or SVG by the file's
name.

On the part of its own data that was kept for the test: --confusion draws what a
classifier or a tagger takes for what; --roc, what a classifier finds at which
price; --reliability, how often it is right when it is how certain; --fan, how a
forecaster's series are to go on. --spectrogram draws a recording as a
recogniser hears it, with the words that it writes below.`,
		Example: `  unroll plot --model reviews.safetensors --out loss.svg
  unroll plot --model reviews.safetensors --confusion --out confusion.png
  unroll plot --model reviews.safetensors --reliability --out reliability.png
  unroll plot --model co2.safetensors --fan --out co2.svg
  unroll plot --model digits.safetensors --spectrogram call.wav --out call.png`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return saveTo(cmd, out, force, func(out string) error {
				p, err := picture(cmd, flags, path)
				if err != nil {
					return err
				}
				return p.Save(out)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", "model.safetensors", "checkpoint of the model")
	f.StringVar(&out, "out", "loss.svg", "picture to save, .svg or .png")
	flags = addTaskFlags(cmd, tasks(), task.plotFlags)
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	groupFlags(cmd, flags)
	return cmd
}

// picture is the one that a task's flags ask for, or that of the losses.
func picture(cmd *cobra.Command, flags *taskFlags, path string) (*chart.Picture, error) {
	m, err := load(path)
	if err != nil {
		return nil, err
	}
	t, err := flags.choose(cmd, path, m)
	if err != nil {
		return nil, err
	}
	if p, err := t.picture(m); p != nil || err != nil {
		return p, err
	}
	if !m.Trained() {
		return nil, errors.Errorf("%s has weights, but no record of a training to draw (unroll import writes such files)", path)
	}
	saved, err := train.ReadCheckpoint(path)
	if err != nil {
		return nil, err
	}
	history := saved.History()
	if len(history) == 0 {
		return nil, errors.Errorf("%s has no whole pass over its data to draw", path)
	}
	return chart.Losses(history), nil
}
