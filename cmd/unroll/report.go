package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// report is what a command found out: it prints itself for a reader, and as JSON for a machine.
type report interface {
	print(w io.Writer) error
}

// number is a figure of a report. JSON has no NaN and no infinity; they are null there.
type number float64

// MarshalJSON writes what is no number as null.
func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// show writes a report to the standard output, as JSON with --json.
func show(cmd *cobra.Command, r report) error {
	if !asJSON(cmd) {
		return r.print(printable{cmd.OutOrStdout()})
	}
	e := json.NewEncoder(cmd.OutOrStdout())
	e.SetIndent("", "  ")
	return errors.Wrap(e.Encode(r), "JSON")
}

// asJSON tells whether --json was given.
func asJSON(cmd *cobra.Command) bool {
	f := cmd.Flags().Lookup("json")
	return f != nil && f.Value.String() == "true"
}

// jsonFlag adds --json to a command.
func jsonFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("json", false, "print JSON, for other programs")
}

// table writes rows in columns; cells are separated by tabs, and cells of a column that begin with a digit or a sign are
// aligned at their ends by the caller's formats.
func table(w io.Writer, rows []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(t, strings.Join(rows, "\n")); err != nil {
		return err
	}
	return t.Flush()
}

// count writes so many of something.
func count(n int, one, more string) string {
	if n != 1 {
		one = more
	}
	return thousands(n) + " " + one
}

// thousands writes a number with a comma after every third digit.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
