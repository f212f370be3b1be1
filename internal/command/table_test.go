package command

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tableOf writes a file of that name.
func tableOf(t *testing.T, name, contents string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// opinionRows are rows of a table, a text and a label in the given format, half of them with each label.
func opinionRows(format string) string {
	var b strings.Builder
	for i := range 20 {
		for _, label := range []string{"positive", "negative"} {
			text := fmt.Sprintf("the %s film, number %d", map[string]string{"positive": "good", "negative": "bad"}[label], i)
			b.WriteString(strings.NewReplacer("TEXT", text, "LABEL", label, "N", fmt.Sprint(i)).Replace(format))
		}
	}
	return b.String()
}

func wantOpinions(t *testing.T, what string, table *labelledTable, err error, text, label string) {
	t.Helper()
	switch {
	case err != nil:
		t.Errorf("%s: %v", what, err)
	case table.columns != tableColumns{text, label}:
		t.Errorf("%s: texts in %q, labels in %q; want %q, %q", what, table.columns.text, table.columns.label, text, label)
	case !reflect.DeepEqual(table.count(), map[string]int{"positive": 20, "negative": 20}):
		t.Errorf("%s: rows %v", what, table.count())
	case !strings.HasPrefix(table.Texts[0], "the "):
		t.Errorf("%s: text %q", what, table.Texts[0])
	}
}

// A column with a name that tells what it is never becomes the other one, wherever it stands and whatever the other is
// called, in tables of every kind.
func TestColumnsAreChosenTogether(t *testing.T) {
	type pair struct{ text, label string }
	var pairs []pair
	for _, label := range append([]string{"Label", "gold tag"}, labelNames...) {
		for _, text := range []string{"text", "Phrase (raw)", "sms.message"} {
			pairs = append(pairs, pair{text, label})
		}
	}
	for _, text := range textNames {
		pairs = append(pairs, pair{text, "y"}, pair{text, "label"})
	}
	for _, p := range pairs {
		for name, contents := range map[string]string{
			"text first.csv":  p.text + "," + p.label + "\n" + opinionRows("\"TEXT\",LABEL\n"),
			"label first.csv": p.label + "," + p.text + "\n" + opinionRows("LABEL,\"TEXT\"\n"),
			"text first.tsv":  p.text + "\t" + p.label + "\n" + opinionRows("TEXT\tLABEL\n"),
			"label first.tsv": p.label + "\t" + p.text + "\n" + opinionRows("LABEL\tTEXT\n"),
			"objects.jsonl":   opinionRows(`{"` + p.label + `":"LABEL","` + p.text + "\":\"TEXT\"}\n"),
		} {
			path := tableOf(t, name, contents)
			table, err := readTable(path, tableColumns{}, tableFormat{})
			wantOpinions(t, fmt.Sprint(name, p), table, err, p.text, p.label)
			table, err = readTable(path, tableColumns{label: p.label}, tableFormat{})
			wantOpinions(t, fmt.Sprint(name, p, " by its label"), table, err, p.text, p.label)
			table, err = readTable(path, tableColumns{text: p.text}, tableFormat{})
			wantOpinions(t, fmt.Sprint(name, p, " by its text"), table, err, p.text, p.label)
		}
	}
}

// Tables as other programs write them.
func TestTablesOfOthers(t *testing.T) {
	for _, c := range []struct{ what, contents, text, label string }{
		{"no header", opinionRows("\"TEXT\",LABEL\n"), "0", "1"},
		{"no header, label first", opinionRows("LABEL,\"TEXT\"\n"), "1", "0"},
		{"an index without a name", ",text,label\n" + opinionRows("N,\"TEXT\",LABEL\n"), "text", "label"},
		{"an index and no known names", ",x y,z\n" + opinionRows("N,\"TEXT\",LABEL\n"), "x y", "z"},
		{"commas at the end", "v1,v2,,,\n" + opinionRows("LABEL,\"TEXT\",,,\n"), "v2", "v1"},
		{"other columns", "id,text,date,label\n" + opinionRows("N,\"TEXT\",2020,LABEL\n"), "text", "label"},
		{"semicolons", "text;label\n" + opinionRows("TEXT;LABEL\n"), "text", "label"},
		{"bars, no header", opinionRows("TEXT|LABEL\n"), "0", "1"},
		{"tabs in a .csv", "label\ttext\n" + opinionRows("LABEL\tTEXT\n"), "text", "label"},
		{"carriage returns", strings.ReplaceAll("text,label\n"+opinionRows("\"TEXT\",LABEL\n"), "\n", "\r"), "text", "label"},
		{"carriage returns too many", strings.ReplaceAll("text,label\n"+opinionRows("\"TEXT\",LABEL\n"), "\n", "\r\r\n"), "text", "label"},
		{"blanks around labels", "text,label\n" + opinionRows("\"TEXT\", LABEL \n"), "text", "label"},
	} {
		table, err := readTable(tableOf(t, "t.csv", c.contents), tableColumns{}, tableFormat{})
		wantOpinions(t, c.what, table, err, c.text, c.label)
	}
}

// What is found out can be said.
func TestTableFormatIsSaid(t *testing.T) {
	header, rows := "Review Text,gold\n", opinionRows("\"TEXT\",LABEL\n")
	for _, c := range []struct {
		contents string
		format   tableFormat
		columns  string
		rows     int
		says     string
	}{
		{header + rows, tableFormat{}, "Review Text gold", 40, "commas between, the first row has the names"},
		{header + rows, tableFormat{Header: "no"}, "0 1", 41, "commas between, columns without names"},
		{rows, tableFormat{Header: "yes"}, "the good film, number 0 positive", 39, "the first row has the names"},
		{"a;b\n1;x,y\n2;x,z\n3;x,y\n4;x,y\n5;x,z\n6;x,z", tableFormat{Delimiter: "semicolon"}, "a b", 6, "semicolons between"},
		{"caf\xe9 x,b c\n\xe9 1,y\n\xe9 2,y\n", tableFormat{Encoding: "windows-1252", Header: "yes"}, "café x b c", 2, "commas between"},
		{"sep=;\na;b\n1;x,y\n2;x,z\n3;x,y\n4;x,y\n5;x,z\n6;x,z", tableFormat{}, "a b", 6, "semicolons between"},
		{"axb\n1xy\n2xz\n3xy\n4xz\n", tableFormat{Delimiter: "x", Header: "yes"}, "a b", 4, "'x' between"},
	} {
		table, err := readTable(tableOf(t, "t.csv", c.contents), tableColumns{}, c.format)
		if err != nil {
			t.Errorf("%+v: %v", c.format, err)
			continue
		}
		if got := table.columns.text + " " + table.columns.label; got != c.columns || len(table.Texts) != c.rows || !strings.Contains(table.format, c.says) {
			t.Errorf("%+v: columns %s, %d rows, %s; want %s, %d, %s", c.format, got, len(table.Texts), table.format, c.columns, c.rows, c.says)
		}
	}
}

// A missing label is no class: tables of every kind refuse it with its line, or leave the row out.
func TestMissingLabels(t *testing.T) {
	for name, c := range map[string]struct{ format, empty, mark string }{
		"t.csv":   {"\"TEXT\",LABEL\n", "\"no label\",\n", "\"no label\", ? \n"},
		"t.tsv":   {"TEXT\tLABEL\n", "no label\t \n", "no label\t?\n"},
		"t.jsonl": {"{\"text\":\"TEXT\",\"label\":\"LABEL\"}\n", "{\"text\":\"no label\",\"label\":null}\n", "{\"text\":\"no label\",\"label\":\"?\"}\n"},
		"n.jsonl": {"{\"text\":\"TEXT\",\"label\":\"LABEL\"}\n", "{\"text\":\"no label\",\"label\":NaN}\n", "{\"text\":\"no label\",\"label\":\"?\"}\n"},
		"b.jsonl": {"{\"text\":\"TEXT\",\"label\":\"LABEL\"}\n", "{\"text\":\"no label\",\"label\":\"\"}\n", "{\"text\":\"no label\"}\n"},
	} {
		header := map[string]string{".csv": "text,label\n", ".tsv": "text\tlabel\n"}[filepath.Ext(name)]
		lines := header + opinionRows(c.format)
		_, err := readTable(tableOf(t, name, lines+c.empty), tableColumns{}, tableFormat{})
		want := fmt.Sprintf("%s, line %d: no label in column \"label\"", name, strings.Count(lines, "\n")+1)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", name, err, want)
		}
		table, err := readTable(tableOf(t, name, lines+c.empty+c.mark), tableColumns{}, tableFormat{Missing: []string{"", "?"}})
		wantOpinions(t, name, table, err, "text", "label")
		if err == nil && table.skipped != 2 {
			t.Errorf("%s: %d rows left out", name, table.skipped)
		}
	}
}

// What cannot be right is refused.
func TestTablesAreDoubted(t *testing.T) {
	for _, c := range []struct {
		contents string
		columns  tableColumns
		want     string
	}{
		{"text,label\n" + opinionRows("LABEL, LABEL\n"), tableColumns{}, `every text, in column "text", is its own label, in column "label"`},
		{"text,label\n" + opinionRows("\"TEXT\",LABEL\n"), tableColumns{"label", "label"}, `both to be in column "label"`},
		{"a b,odd\n" + strings.Repeat("a b,c d\nc,e f\n", 3), tableColumns{label: "1"}, `the only one with the label "odd": say --header yes or --header no`},
		{"a b,c d\ne f,g d\n", tableColumns{text: "x"}, `has no column "x" (--text-column); it has 0, 1; the first row was taken for data (--header yes`},
		{"text,label\nx,y\n", tableColumns{text: "x"}, `has no column "x" (--text-column); it has text, label`},
		{"word\nother word\n", tableColumns{}, "t.csv has one column only, word, with commas between; is another character between? (--delimiter)"},
		{"a,b,c\nx,y,1\nz,w,2\n", tableColumns{}, "say with --text-column which of them has the texts"},
		{"text,label\n", tableColumns{}, "has no rows with a text and a label"},
		{"text,label\nx,y,z\n", tableColumns{}, "t.csv, line 2: 3 fields; want 2 as in the first row"},
	} {
		if _, err := readTable(tableOf(t, "t.csv", c.contents), c.columns, tableFormat{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v; want %s", c.contents, err, c.want)
		}
	}
	for contents, want := range map[string]string{
		"text,price\n" + opinionRows("\"TEXT\",1.N\n"):              "",
		"text,price\nx,1.5\ny,2.5\nz,3.5\n":                         "has 3 different labels in 3 rows; they are numbers, which this command cannot predict yet",
		"text,label\nx,a\ny,b\nz,3.5\n":                             "3 rows; is it the right one? (--label-column)",
		"text,label\n" + strings.Repeat("x y,same\n", 4):            `one label only, "same"`,
		"text,label\nx," + strings.Repeat("a", 30) + "\ny,\"b,\"\n": `2 different labels in 2 rows`,
	} {
		table, err := readTable(tableOf(t, "t.csv", contents), tableColumns{}, tableFormat{})
		if err == nil {
			err = table.checkLabels()
		}
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want %s", contents, err, want)
		}
	}
}

// What looks strange is noted.
func TestTablesAreNoted(t *testing.T) {
	for _, c := range []struct{ contents, want string }{
		{opinionRows("\"TEXT\",LABEL\n"), `texts in "text", labels in "label" (negative, positive)`},
		{opinionRows("\"negative: TEXT, Positive\",LABEL\n"), "every text has its label in it"},
		{strings.Repeat("same,a\nother,b\n", 10), `20 rows have only 2 different texts: is "text" the column of the texts?`},
		{opinionRows("\"TEXT\", LABEL\n"), "labels with blanks around them, which are taken off: 40"},
		{"x y,\"a, b\"\n" + opinionRows("\"TEXT\",LABEL\n"), `labels that only one row has: "a, b"`},
		{"x y,\n" + opinionRows("\"TEXT\",LABEL\n"), "rows left out, for their text or label is missing: 1"},
	} {
		table, err := readTable(tableOf(t, "t.csv", "text,label\n"+c.contents), tableColumns{}, tableFormat{Missing: []string{""}})
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		table.describe(&said)
		notes := map[bool]int{true: 0, false: 1}[strings.HasPrefix(c.want, "texts in")]
		if !strings.Contains(strings.ReplaceAll(said.String(), "\n        ", " "), c.want) || strings.Count(said.String(), "\nNote") != notes {
			t.Errorf("%.40q:\n%swant %s", c.contents, said.String(), c.want)
		}
	}
}

// Every command that reads a table can be told its format, and refuses what is none.
func TestFormatFlags(t *testing.T) {
	for _, command := range []*cobra.Command{trainCommand(), evalCommand(), predictCommand()} {
		for _, flag := range []string{"text-column", "header", "delimiter", "encoding"} {
			if command.Flags().Lookup(flag) == nil {
				t.Errorf("%s has no --%s", command.Name(), flag)
			}
		}
		for _, c := range [][]string{{"--header", "maybe"}, {"--delimiter", "ab"}, {"--delimiter", "\""}, {"--delimiter", "\xff"}, {"--encoding", "klingon"}} {
			defaults := []string{"--header", "auto", "--delimiter", "auto", "--encoding", "auto"}
			if err := command.ParseFlags(append(defaults, c...)); err != nil {
				t.Fatal(err)
			}
			value := func(flag string) string { return command.Flags().Lookup(flag).Value.String() }
			var f tableFormat
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			formatFlags(set, &f)
			for _, flag := range []string{"header", "delimiter", "encoding"} {
				if err := set.Set(flag, value(flag)); err != nil {
					t.Fatal(err)
				}
			}
			if err := f.check(); err == nil {
				t.Errorf("%s %v: no error", command.Name(), c)
			}
		}
	}
	if _, err := (tableFormat{Header: "yes"}).open("x.jsonl", nil); err == nil {
		t.Error("a header of objects")
	}
}
