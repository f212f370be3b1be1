package command

import (
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets/catalog"
)

func dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "List, describe and fetch data sets",
		Long: `Without a further word, list the data sets that the library knows: those that
come with it, and those that it fetches from their makers, into UNROLL_DATA or
the user's folder for caches.`,
		Example: `  unroll data
  unroll data show cmudict
  unroll data export co2 --out co2.csv
  unroll data fetch imdb`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return show(cmd, catalogue(catalog.All())) },
	}
	jsonFlag(cmd)
	cmd.AddCommand(exportDataCommand(), &cobra.Command{
		Use: "show NAME", Short: "Describe a data set: what it is, its licence, whom to cite", Args: oneName, ValidArgs: setNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			info, err := findSet(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), info)
			return err
		},
	}, &cobra.Command{
		Use: "fetch NAME", Short: "Fetch a data set and check its hash; what was begun goes on", Args: oneName, ValidArgs: setNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			info, err := findSet(args[0])
			if err != nil {
				return err
			}
			if info.Shipped {
				_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s comes with the library\n", info.Name)
				return err
			}
			return fetch(cmd, info)
		},
	})
	return cmd
}

func oneName(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("found %d names; want one (unroll data lists them)", len(args))
	}
	return nil
}

func setNames() []string {
	var out []string
	for _, info := range catalog.All() {
		out = append(out, info.Name)
	}
	return out
}

func findSet(name string) (catalog.Info, error) {
	info, ok := catalog.Find(name)
	if !ok {
		return info, usage("no data set is called %q (unroll data lists them)", name)
	}
	return info, nil
}

// fetch shows a bar for each file.
func fetch(cmd *cobra.Command, info catalog.Info) error {
	defer heedSignals(cmd)()
	w := cmd.ErrOrStderr()
	err := catalog.Download(cmd.Context(), info, catalog.Options{Progress: fetchBar(w)})
	if err != nil {
		return err
	}
	folder, err := catalog.CacheFolder()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s is in %s\n", info.Name, folder)
	return err
}

// fetchBar shows how files come in.
func fetchBar(w io.Writer) func(file string, done, total int64) {
	var bar *progressbar.ProgressBar
	current := ""
	return func(file string, done, total int64) {
		if file != current {
			current, bar = file, progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(file),
				progressbar.OptionShowBytes(true), progressbar.OptionSetWidth(20), progressbar.OptionOnCompletion(func() { fmt.Fprintln(w) }))
		}
		bar.Set64(done)
	}
}

// catalogue is the list of data sets.
type catalogue []catalog.Info

func (c catalogue) print(w io.Writer) error {
	rows := []string{"name\tdata\ttask"}
	for _, info := range c {
		where := ""
		if !info.Shipped {
			where = " *"
		}
		rows = append(rows, fmt.Sprintf("%s\t%s%s\t%s", info.Name, shortened(info.Title, 36), where, shortened(info.Task, 24)))
	}
	if err := table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "\n* is fetched when it is first used. More of one: unroll data show NAME")
	return err
}
