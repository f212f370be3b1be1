package main

import "github.com/spf13/cobra"

func importCommand() *cobra.Command {
	var path, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put weights from ONNX, Keras or PyTorch into a model",
		Long: `Put the weights of another framework's file into a model of this command, which
says what the layers and the vocabulary are, and save the result as a model of
its own. The file is .onnx, .weights.h5 or .safetensors, as export writes them;
every weight of the model must be in it, with its shape. To train on from the
result: unroll train --init-from.`,
		Example: `  unroll export --out model.weights.h5
  unroll import model.weights.h5 --out tuned.safetensors
  unroll train --init-from tuned.safetensors --text book.txt`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := knownEnding("FILE", args[0]); err != nil {
				return err
			}
			m, err := load(path)
			if err != nil {
				return err
			}
			if err := m.Import(args[0]); err != nil {
				return err
			}
			return saveTo(cmd, out, force, m.Save)
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", firstName, "model whose weights are replaced; the file itself stays")
	f.StringVar(&out, "out", "imported.safetensors", "file to save to")
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// oneFile refuses any other number of arguments.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("found %d files; want one", len(args))
	}
	return nil
}
