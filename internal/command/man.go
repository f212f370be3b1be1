package command

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes manual pages.
func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write manual pages, one for each command",
		Long: `Write manual pages, one for each command, to a folder, which is made if it is
not there. man reads them from a folder called man1 in its path.`,
		Example: "  unroll man ~/.local/share/man/man1",
		Args:    oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return err
			}
			cmd.Root().DisableAutoGenTag = true // which has the date
			train, _, err := cmd.Root().Find([]string{"train"})
			if err != nil {
				return err
			}
			train.Long = wholeTrainHelp(tasks()) // topics have no pages
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Section: "1", Source: "unroll " + version()}, args[0])
		},
	}
}
