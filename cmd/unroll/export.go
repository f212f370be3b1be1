package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/models"
)

func exportCommand() *cobra.Command {
	var path, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a trained model for ONNX Runtime, Keras or PyTorch",
		Long: `Write a trained model for other frameworks; the ending of the --out file's name
says for which:

  .onnx         the whole model, for ONNX Runtime and wherever else ONNX is
                read: from ids [time, batch], and for a classifier lengths
                [batch], to logits
  .weights.h5   its weights, for load_weights of a Keras 3 model with the same
                layers; not those of a classifier with --pool attention
  .safetensors  its weights, with PyTorch's names, for load_state_dict of a
                module with these parts:
                  language model: embedding (nn.Embedding),
                  rnn, lstm or gru (nn.RNN, nn.LSTM, nn.GRU), head (nn.Linear)
                  classifier: embedding, rnn (of any of the three kinds, with
                  bidirectional=True unless trained --one-way), head, and with
                  --pool attention also pool: weight, bias, query

ONNX and Keras have the cells rnn, lstm and gru.`,
		Example: `  unroll export --model book.safetensors --out book.onnx
  unroll export --model reviews.safetensors --out reviews.weights.h5
  unroll export --out weights.safetensors`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unexpected argument %q; --model FILE says what to read, --out FILE what to write", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := knownEnding("--out", out); err != nil {
				return err
			}
			m, err := load(path)
			if err != nil {
				return err
			}
			return saveTo(cmd, out, force, m.Export)
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", firstName, "checkpoint of the model")
	f.StringVar(&out, "out", "", "file to write, .onnx, .weights.h5 or .safetensors")
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// knownEnding refuses a name that does not say which framework a file is for.
func knownEnding(flag, path string) error {
	for _, ending := range models.Formats() {
		if strings.HasSuffix(path, ending) {
			return nil
		}
	}
	return usage("%s %q; want a name that ends in %s", flag, path, oneOf(models.Formats()))
}
