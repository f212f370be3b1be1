package command

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/models"
)

// listOfCells is the value of --cell that asks for a list of the cells.
const listOfCells = "list"

// listCells prints the cells, if --cell asks for that in place of a run.
func listCells(cmd *cobra.Command) (asked bool, err error) {
	f := cmd.Flags()
	if f.Lookup("cell").Value.String() != listOfCells {
		return false, nil
	}
	width, err := f.GetInt("hidden")
	if err != nil {
		return true, err
	}
	if width < 1 {
		return true, usage("--hidden %d; want at least 1", width)
	}
	rows := []string{"cell\tweights\tgood for"}
	for _, c := range models.CellInfos(width) {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s (%s)", c.Name, rough(c.Weights), c.Use, c.Paper))
	}
	out := cmd.OutOrStdout()
	if err := table(out, rows); err != nil {
		return true, err
	}
	_, err = fmt.Fprintf(out, "\nThe weights are those of a layer of width %d (--hidden) with an input as wide.\n", width)
	return true, err
}
