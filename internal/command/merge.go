package command

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/recurrent/models"
)

func mergeCommand() *cobra.Command {
	var m modelFlags
	var out, folder string
	var force bool
	cmd := &cobra.Command{
		Use:   "merge",
		Short: "Make one model of a model and its adapter",
		Long: `Add an adapter to the weights of its model, and save the result as a model of
its own, which needs no adapter beside it and computes the same, up to rounding.
--peft writes the adapter itself, as a folder for the library PEFT, in the names
that the weights have here. Adapters of PEFT are read by --adapter FOLDER. Of a
foundation model in a folder, --out is a folder, too.`,
		Example: `  unroll merge --adapter adapter.safetensors --out merged.safetensors
  unroll merge --model book.safetensors --adapter folder --out new.safetensors
  unroll merge --adapter adapter.safetensors --peft folder`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case m.adapter == "":
				return usage("want --adapter, a file of unroll tune, or a folder of PEFT")
			case (out == "") == (folder == ""):
				return usage("want --out, a model to save, or --peft, a folder to write the adapter to")
			case foreignEnding(out) != "":
				return usage("--out %s: want a model of this command, such as merged.safetensors", out)
			}
			if m.isFoundation() {
				return mergeFoundation(cmd, m, out, folder, force)
			}
			model, err := m.read()
			if err != nil {
				return err
			}
			if folder != "" {
				return saveFolder(cmd, model, folder, force)
			}
			return saveTo(cmd, out, force, model.Save)
		},
	}
	f := cmd.Flags()
	f.StringVar(&m.path, modelFlag, firstName, "checkpoint of the model; that which the adapter names unless given")
	f.StringVar(&m.adapter, "adapter", "", "adapter for the model: a file of unroll tune, or a folder of PEFT")
	f.StringVar(&out, "out", "", "file to save the merged model to")
	f.StringVar(&folder, "peft", "", "folder to write the adapter to")
	f.BoolVar(&force, "force", false, "overwrite existing files")
	return cmd
}

// saveFolder writes an adapter as PEFT has it.
func saveFolder(cmd *cobra.Command, m models.Model, folder string, force bool) error {
	files := []string{filepath.Join(folder, peft.WeightsFile), filepath.Join(folder, peft.ConfigFile)}
	return saveInFolder(cmd, "--peft", folder, files, force, func() error { return models.SaveAdapter(m, folder) })
}

// saveInFolder is saveAll for files of a folder, which is made.
func saveInFolder(cmd *cobra.Command, flag, folder string, files []string, force bool, write func() error) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return errors.Wrap(err, flag)
	}
	return saveAll(cmd, flag, files, force, write)
}
