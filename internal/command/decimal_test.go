package command

import (
	"regexp"
	"strings"
	"testing"
)

// europeans write a table as spreadsheets in much of the world do: semicolons between, decimal commas.
func european(table string) string {
	table = strings.ReplaceAll(table, ",", ";")
	return regexp.MustCompile(`(\d)\.(\d)`).ReplaceAllString(table, "$1,$2")
}

// Forecasters of a table with decimal commas are those of the same with points, however the table is read later.
func TestSeriesWithDecimalCommas(t *testing.T) {
	t.Chdir(t.TempDir())
	writeSales(t, "sales.csv", 2, 90)
	halves := regexp.MustCompile(`(?m),(\d+)$`).ReplaceAllString(read(t, "sales.csv"), ",$1.5")
	writeFile(t, "points.csv", halves)
	writeFile(t, "commas.csv", european(halves))
	train := func(table, out string, more ...string) string {
		t.Helper()
		last, errs := must(t, append([]string{"train", table, "--id", "shop", "--target", "units", "--horizon", "7", "--hidden", "4", "--epochs", "1", "--out", out}, more...)...)
		if guessed := strings.Contains(errs, "decimal commas in units (--decimal)"); guessed != (table == "commas.csv") {
			t.Errorf("%s: %s", table, errs)
		}
		return lastOf(last)
	}
	want := train("points.csv", "p")
	for out, more := range map[string][]string{"c": nil, "told": {"--decimal", "comma"}} {
		if got := train("commas.csv", out, more...); got != want {
			t.Errorf("%s: %s; want %s", out, got, want)
		}
	}
	forecast := func(model, table string) string {
		out, _ := must(t, "forecast", "--model", model, table, "--json")
		return out
	}
	first := forecast("p", "points.csv")
	for _, model := range []string{"p", "c"} {
		for _, table := range []string{"points.csv", "commas.csv"} {
			if forecast(model, table) != first {
				t.Errorf("%s forecasts something else of %s", model, table)
			}
		}
	}
	if out, _ := must(t, "inspect", "c"); !strings.Contains(out, "forecaster") {
		t.Error(out)
	}
	must(t, "train", "--resume", "c", "--epochs", "2")
	must(t, "eval", "--model", "c")
	watch := func(model, rows string) string {
		stdin(t, rows)
		out, _ := must(t, "watch", "--model", model)
		return out
	}
	if a, b := watch("p", halves), watch("p", european(halves)); a != b || strings.Count(a, "\n") < 100 {
		t.Errorf("what is watched:\n%.300s\nand\n%.300s", a, b)
	}
}

// What may have thousands is refused with advice that its reader can follow.
func TestAdviceAboutDecimalCommas(t *testing.T) {
	t.Chdir(t.TempDir())
	writeSales(t, "sales.csv", 1, 60)
	must(t, "train", "sales.csv", "--id", "shop", "--target", "units", "--horizon", "7", "--hidden", "4", "--epochs", "1", "--out", "m")
	thousands := regexp.MustCompile(`(?m),\d+$`).ReplaceAllString(read(t, "sales.csv"), ",1.234")
	writeFile(t, "thousands.csv", european(thousands))
	writeFile(t, "text.jsonl", strings.Repeat(`{"units":"1,234"}`+"\n", 60))
	const flag, point = "if its comma is a decimal one, --decimal comma says so", "if its comma is a decimal one, write it as a point"
	for _, c := range []struct {
		want string
		args []string
	}{
		{flag, []string{"train", "--series", "thousands.csv", "--target", "units", "--id", "shop"}},
		{point, []string{"train", "--series", "text.jsonl", "--target", "units"}},
		{point, []string{"train", "--series", "text.jsonl", "--target", "units", "--decimal", "comma"}},
		{point, []string{"forecast", "--model", "m", "thousands.csv"}}, // it has no such flag
	} {
		if status, _, errs := capture(t, t.Context(), c.args...); status != 1 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d\n%s; want %q", c.args, status, errs, c.want)
		}
	}
}

// Models of sequences, too; a number that may have thousands is read as in the table of the training.
func TestSequencesWithDecimalCommas(t *testing.T) {
	t.Chdir(t.TempDir())
	writeWindows(t, "windows.csv", 60)
	points := read(t, "windows.csv")
	writeFile(t, "commas.csv", european(points))
	want, _ := must(t, quickly("windows.csv", "p")...)
	got, errs := must(t, quickly("commas.csv", "c")...)
	if got != want || !strings.Contains(errs, "; decimal commas in ") {
		t.Errorf("%s; want %s\n%s", got, want, errs)
	}
	predict := func(model, table string, more ...string) string {
		out, _ := must(t, append([]string{"predict", "--model", model, table}, more...)...)
		return out
	}
	if a, b := predict("p", "windows.csv"), predict("c", "commas.csv"); a != b {
		t.Errorf("%.300s\nand\n%.300s", a, b)
	}
	must(t, "eval", "--model", "c", "--sequences", "commas.csv")
	header, _, _ := strings.Cut(points, "\n")
	row := strings.Repeat("1,234;", strings.Count(header, ","))
	writeFile(t, "few.csv", strings.ReplaceAll(header, ",", ";")+"\n"+row+"1,234\n")
	if a, b := predict("c", "few.csv"), predict("p", "few.csv", "--decimal", "comma"); a == "" || b == "" {
		t.Errorf("%s and %s", a, b)
	}
	if status, _, errs := capture(t, t.Context(), "predict", "--model", "p", "few.csv"); status != 1 || !strings.Contains(errs, "--decimal comma says so") {
		t.Errorf("status %d\n%s", status, errs)
	}
}
