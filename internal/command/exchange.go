package command

import (
	"github.com/spf13/cobra"
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
                read: every kind, with every cell; of a translator two models,
                its encoder and its decoder: NAME.encoder.onnx and
                NAME.decoder.onnx
  .keras        the whole model, for keras.models.load_model of Keras 3: what
                has the cells rnn, lstm or gru and no lengths, so that the
                sequences of a batch are equally long; no CRF, no --pool
                attention, no translator
  .weights.h5   the weights of these, for load_weights of a model with the same
                layers
  .safetensors, .pt  its weights, with PyTorch's names, for load_state_dict of
                a module with these parts (safetensors.torch.load_file, or
                torch.load, reads the file):
                  language model: embedding (nn.Embedding),
                  rnn, lstm or gru (nn.RNN, nn.LSTM, nn.GRU), head (nn.Linear)
                  classifier: embedding, rnn (of any of the three kinds, with
                  bidirectional=True unless trained --one-way), head, and with
                  --pool attention also pool: weight, bias, query
                  translator: source and target (nn.Embedding), or embedding
                  if --joint, encoder, decoder with its attention, head

What a format lacks is refused by name, all of it at once.`,
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
			files := []string{out}
			if several, ok := m.(interface{ ExportFiles(path string) []string }); ok {
				files = several.ExportFiles(out)
			}
			return saveAll(cmd, "--out", files, force, func() error { return m.Export(out) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", firstName, "checkpoint of the model")
	f.StringVar(&out, "out", "", "file to write, .onnx, .keras, .weights.h5, .safetensors or .pt")
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}
