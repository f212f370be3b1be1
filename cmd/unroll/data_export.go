package main

import (
	"context"
	"encoding/csv"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// seriesSets are the sets of the catalogue that are series, which export writes.
func seriesSets() []catalog.SeriesSet {
	return []catalog.SeriesSet{catalog.CO2, catalog.Sunspots, catalog.Weather}
}

func exportDataCommand() *cobra.Command {
	var out string
	var force bool
	var names []string
	for _, s := range seriesSets() {
		names = append(names, s.Name)
	}
	cmd := &cobra.Command{
		Use: "export NAME", Short: "Write a series as CSV: " + oneOf(names),
		Long:    "Write a series that comes with the library as CSV, for unroll train --series:\n" + oneOf(names) + ".",
		Example: "  unroll data export co2 --out co2.csv", Args: oneName, ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, s := range seriesSets() {
				if s.Name != args[0] {
					continue
				}
				if out == "" {
					out = s.Name + ".csv"
				}
				return saveTo(cmd, out, force, func(path string) error { return writeSeries(cmd.Context(), s, path) })
			}
			return usage("no series is called %q; want %s", args[0], oneOf(names))
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write; by default the name with .csv")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// writeSeries writes a set as CSV: the date, the columns, and the class if there are classes.
func writeSeries(ctx context.Context, set catalog.SeriesSet, path string) error {
	parts, err := set.Load(ctx, catalog.Options{Validation: -1, Test: -1})
	if err != nil {
		return err
	}
	s := parts.Train
	return atomicfile.Write(path, func(to io.Writer) error { return writeSeriesRows(to, s) })
}

// writeSeriesRows writes a row for each time.
func writeSeriesRows(to io.Writer, s catalog.Series) error {
	w := csv.NewWriter(to)
	head := append([]string{"date"}, s.Columns...)
	if s.Labels != nil {
		head = append(head, "class")
	}
	_ = w.Write(head) // an error stays, and Flush tells it
	step := datasets.Frequency{Unit: s.Frequency, Count: 1}
	for t, at := range s.Times {
		row := []string{step.Format(at)}
		for c := range s.Columns {
			text := ""
			if v := s.Values[t*len(s.Columns)+c]; !math.IsNaN(v) {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			row = append(row, text)
		}
		if s.Labels != nil {
			row = append(row, s.Classes[s.Labels[t]])
		}
		_ = w.Write(row)
	}
	w.Flush()
	return errors.WithStack(w.Error())
}
