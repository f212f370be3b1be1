package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

func dataExportCommand() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Write a data set of pairs as a source, a tab and its target a line",
		Long: `Write a data set of pairs, such as cmudict, multi30k or tatoeba-vie, as lines of
a source, a tab and its target, to the standard output or to a file: what
unroll train --pairs reads.`,
		Example: `  unroll data export cmudict --out cmudict.tsv
  unroll data export cmudict | tr -d 012 > phonemes.tsv   # without stress`,
		Args: oneName, ValidArgs: []string{catalog.CMUdict.Name, catalog.Multi30k.Name},
		RunE: func(cmd *cobra.Command, args []string) error {
			pairs, err := pairsOf(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out == "" {
				return buffered(cmd, func(w io.Writer) error { return writePairs(w, pairs) })
			}
			return saveTo(cmd, out, force, func(path string) error {
				return atomicfile.Write(path, func(w io.Writer) error { return writePairs(w, pairs) })
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write, .tsv; the standard output unless given")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
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
		return catalog.Pairs{}, usage("%s has no pairs; of the data sets, %s, %s and tatoeba-vie and so on have", info.Name,
			catalog.CMUdict.Name, catalog.Multi30k.Name)
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
