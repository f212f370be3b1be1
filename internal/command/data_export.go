package command

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// seriesSets are the sets of the catalogue that are series.
func seriesSets() []catalog.SeriesSet {
	return []catalog.SeriesSet{catalog.CO2, catalog.Sunspots, catalog.Weather}
}

// labelledSets are the sets of the catalogue that are texts with labels.
func labelledSets() []catalog.LabelledSet {
	return []catalog.LabelledSet{catalog.Names, catalog.Spam, catalog.IMDB, catalog.SST2}
}

func exportDataCommand() *cobra.Command {
	var out string
	var force bool
	names := []string{catalog.CMUdict.Name, catalog.Multi30k.Name}
	for _, s := range seriesSets() {
		names = append(names, s.Name)
	}
	for _, s := range labelledSets() {
		names = append(names, s.Name)
	}
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Write a data set as a file to train on",
		Long: `Write a data set to the standard output or to a file: texts with labels, such as
names or spam, as CSV for unroll train --table; pairs, such as cmudict, multi30k
or tatoeba-vie, as lines of a source, a tab and its target, as unroll train
--pairs reads them; a series, such as co2 or weather, as CSV for unroll train
--series.`,
		Example: `  unroll data export names --out names.csv
  unroll data export co2 --out co2.csv
  unroll data export cmudict --out cmudict.tsv
  unroll data export cmudict | tr -d 012 > phonemes.tsv   # without stress`,
		Args: oneName, ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			write, err := exported(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out == "" {
				return buffered(cmd, write)
			}
			return saveTo(cmd, out, force, func(path string) error { return atomicfile.Write(path, write) })
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write, .tsv or .csv; the standard output unless given")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// exported loads a data set, and returns what writes it.
func exported(ctx context.Context, name string) (func(w io.Writer) error, error) {
	for _, s := range seriesSets() {
		if s.Name != name {
			continue
		}
		parts, err := s.Load(ctx, catalog.Options{Validation: -1, Test: -1})
		return func(w io.Writer) error { return writeSeriesRows(w, parts.Train) }, err
	}
	for _, s := range labelledSets() {
		if s.Name == name {
			parts, err := s.Load(ctx, catalog.Options{Validation: -1, Test: -1})
			return func(w io.Writer) error { return writeLabelled(w, parts.Train, parts.Validation, parts.Test) }, err
		}
	}
	pairs, err := pairsOf(ctx, name)
	return func(w io.Writer) error { return writePairs(w, pairs) }, err
}

// pairsOf are all pairs of a data set.
func pairsOf(ctx context.Context, name string) (catalog.Pairs, error) {
	info, err := findSet(name)
	if err != nil {
		return catalog.Pairs{}, err
	}
	var set catalog.PairSet
	language, tatoeba := strings.CutPrefix(info.Name, "tatoeba-")
	switch {
	case info.Name == catalog.CMUdict.Name:
		set = catalog.CMUdict
	case info.Name == catalog.Multi30k.Name:
		set = catalog.Multi30k
	case tatoeba:
		set = catalog.Tatoeba(language)
	default:
		return catalog.Pairs{}, usage(
			"%s is neither a series nor texts with labels nor pairs; of the data sets, %s, %s, tatoeba-vie and so on are pairs",
			info.Name, catalog.CMUdict.Name, catalog.Multi30k.Name)
	}
	parts, err := set.Load(ctx, catalog.Options{Validation: -1, Test: -1})
	return catalog.Pairs{
		Source: slices.Concat(parts.Train.Source, parts.Validation.Source, parts.Test.Source),
		Target: slices.Concat(parts.Train.Target, parts.Validation.Target, parts.Test.Target),
	}, err
}

// writePairs writes a pair a line. White space within a text is a single blank: neither a tab nor a line's end may be in it.
func writePairs(w io.Writer, p catalog.Pairs) error {
	b := bufio.NewWriter(w)
	for i, source := range p.Source {
		fmt.Fprintf(b, "%s\t%s\n", strings.Join(strings.Fields(source), " "), strings.Join(strings.Fields(p.Target[i]), " "))
	}
	return b.Flush()
}

// writeLabelled writes a row for each text of the parts.
func writeLabelled(to io.Writer, parts ...catalog.Labelled) error {
	w := csv.NewWriter(to)
	_ = w.Write([]string{"text", "label"}) // an error stays, and Flush tells it
	for _, p := range parts {
		for i, text := range p.Texts {
			_ = w.Write([]string{text, p.Classes[p.Labels[i]]})
		}
	}
	w.Flush()
	return errors.WithStack(w.Error())
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
