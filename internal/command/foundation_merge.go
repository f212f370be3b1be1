package command

import (
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/peft"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// mergeFoundation writes the folder of a foundation model with its adapter in its weights, or of the adapter.
func mergeFoundation(cmd *cobra.Command, flags modelFlags, out, folder string, force bool) error {
	flags.weights = graph.FullWeights.String() // which is what is saved
	m, err := flags.foundation()
	if err != nil {
		return err
	}
	if folder != "" {
		files := []string{filepath.Join(folder, peft.WeightsFile), filepath.Join(folder, peft.ConfigFile)}
		return saveInFolder(cmd, "--peft", folder, files, force, func() error { return m.SaveAdapter(folder) })
	}
	files := []string{filepath.Join(out, pretrained.MergedWeights)}
	return saveInFolder(cmd, "--out", out, files, force, func() error { return m.SaveMerged(out) })
}
