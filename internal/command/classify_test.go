package command

import (
	"context"
	"encoding/json"
	"github.com/unroll-go/unroll/internal/record"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// quick are the flags of a classifier that trains in a blink.
func quick(table, out string, more ...string) []string {
	return append([]string{"train", "--table", table, "--out", out, "--hidden", "8", "--embed", "8", "--vocabulary", "300", "--patience", "0"}, more...)
}

// A classifier that was stopped in the middle of a pass and resumed ends with the bytes of one that was not.
func TestClassifierResumes(t *testing.T) {
	dir := t.TempDir()
	table, whole, part := filepath.Join(dir, "r.csv"), filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	writeReviews(t, table)
	ctx := context.Background()
	if status, _, errs := capture(t, ctx, quick(table, whole, "--epochs", "3")...); status != 0 {
		t.Fatal(errs)
	}
	// A context that ends by itself stands for Ctrl-C: the display writes a line for each pass.
	stopped, stop := context.WithCancel(ctx)
	stop()
	if status, _, errs := capture(t, stopped, quick(table, part, "--epochs", "3")...); status != 1 || !strings.Contains(errs, "unroll train --resume "+part) {
		t.Fatalf("status %d\n%s", status, errs)
	}
	if status, _, errs := capture(t, ctx, "train", "--resume", part); status != 0 {
		t.Fatal(errs)
	}
	same(t, whole, part)
}

// Tables of all kinds, tokens of all kinds; the machine-readable outputs.
func TestClassifierKinds(t *testing.T) {
	dir := t.TempDir()
	csv := filepath.Join(dir, "r.csv")
	writeReviews(t, csv)
	data, err := os.ReadFile(csv)
	if err != nil {
		t.Fatal(err)
	}
	var tsv, jsonl strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		at := strings.LastIndexByte(line, ',')
		text, label := strings.Trim(line[:at], `"`), line[at+1:]
		tsv.WriteString(text + "\t" + label + "\n")
		if i > 0 {
			row, err := json.Marshal(map[string]string{"body": text, "label": label})
			if err != nil {
				t.Fatal(err)
			}
			jsonl.Write(append(row, '\n'))
		}
	}
	for _, c := range []struct{ name, contents, tokens, pool string }{
		{"a.tsv", tsv.String(), "word", "mean"}, {"b.jsonl", jsonl.String(), "character", "last"}, {"c.csv", string(data), "bpe", "attention"},
	} {
		path, model := filepath.Join(dir, c.name), filepath.Join(dir, c.name+".safetensors")
		if err := os.WriteFile(path, []byte(c.contents), 0o600); err != nil {
			t.Fatal(err)
		}
		args := quick(path, model, "--epochs", "2", "--tokens", c.tokens, "--pool", c.pool, "--layers", "2", "--test-part", "0.2")
		if status, out, errs := capture(t, context.Background(), args...); status != 0 || !strings.Contains(out, "test_accuracy=") {
			t.Fatalf("%s: status %d\n%s%s", c.name, status, out, errs)
		}
		status, out, errs := capture(t, context.Background(), "eval", "--model", model, "--json")
		var r judged
		if err := json.Unmarshal([]byte(out), &r); status != 0 || err != nil || r.Rows != 120 || len(r.Labels) != 2 {
			t.Errorf("%s: status %d, %v\n%s%s", c.name, status, err, out, errs)
		}
		status, out, errs = capture(t, context.Background(), "predict", "--model", model, path)
		if lines := strings.Count(out, "\n"); status != 0 || lines != 600 {
			t.Errorf("%s: status %d, %d predictions of 600\n%s", c.name, status, lines, errs)
		}
		// What a table's text gives does not depend on those beside it.
		first, _, _ := strings.Cut(out, "\n")
		var p record.Label
		if err := json.Unmarshal([]byte(first), &p); err != nil {
			t.Fatal(err)
		}
		stdin(t, p.Text+"\n")
		_, out, errs = capture(t, context.Background(), "predict", "--model", model)
		var alone record.Label
		if err := json.Unmarshal([]byte(out), &alone); err != nil || alone.Label != p.Label || math.Abs(alone.Probability-p.Probability) > 1e-6 {
			t.Errorf("%s: alone %s, beside others %s\n%s", c.name, out, first, errs)
		}
	}
}

func TestLanguageModelIsJudged(t *testing.T) {
	dir := t.TempDir()
	text, model := writeText(t, dir), filepath.Join(dir, "m.safetensors")
	if status, _, errs := capture(t, context.Background(), small(text, model, "--epochs", "2")...); status != 0 {
		t.Fatal(errs)
	}
	_, out, errs := capture(t, context.Background(), "eval", "--model", model, "--json")
	var f fluency
	if err := json.Unmarshal([]byte(out), &f); err != nil || f.Tokens < 100 || f.Loss <= 0 {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
	stdin(t, "the quick brown\n\n")
	_, out, errs = capture(t, context.Background(), "predict", "--model", model)
	var l record.Likelihood
	if err := json.Unmarshal([]byte(strings.Split(out, "\n")[0]), &l); err != nil || l.Tokens != 14 || l.LogProb >= 0 {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
	if status, _, errs := capture(t, context.Background(), "plot", "--model", model, "--out", filepath.Join(dir, "loss.png")); status != 0 {
		t.Error(errs)
	}
}

func TestBadTables(t *testing.T) {
	dir := t.TempDir()
	file := func(name, contents string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table, out := filepath.Join(dir, "r.csv"), filepath.Join(dir, "x.safetensors")
	writeReviews(t, table)
	model := filepath.Join(dir, "m.safetensors")
	if status, _, errs := capture(t, context.Background(), quick(table, model, "--epochs", "1")...); status != 0 {
		t.Fatal(errs)
	}
	language := filepath.Join(dir, "l.safetensors")
	if status, _, errs := capture(t, context.Background(), small(writeText(t, dir), language)...); status != 0 {
		t.Fatal(errs)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "want a table, a file that ends in .csv, .tsv or .jsonl", quick(file("x.xls", "a"), out)},
		{2, `--pool "top"; want last, max, mean or attention`, quick(table, out, "--pool", "top")},
		{2, "--test-part 0.9; want 0 to 0.5", quick(table, out, "--test-part", "0.9")},
		{2, "--text and --table; want one of them", quick(table, out, "--text", "x")},
		{2, `--header "maybe"; want yes, no or auto`, quick(table, out, "--header", "maybe")},
		{2, "--test and --test-part; want one of them", quick(table, out, "--test", table, "--test-part", "0.2")},
		{2, "--valid goes with --table, --pairs", []string{"train", "--valid", table}},
		{2, `both to be in column "review"`, quick(table, out, "--text-column", "review", "--label-column", "review")},
		{2, `both to be in column "review"`, []string{"eval", "--model", model, "--table", table, "--label-column", "review"}},
		{2, "--text-column and --label-column go with --table", []string{"eval", "--model", model, "--text-column", "review"}},
		{1, "alien.csv, line 2 has the label \"mixed\"", quick(table, out, "--test", file("alien.csv", "review,sentiment\nso so,mixed\n"))},
		{1, "is a classifier of texts; want a language model", []string{"generate", "--model", model}},
		{2, "is a classifier of texts: want --table", []string{"eval", "--model", model, "--text", "x"}},
		{2, "is a language model: want --text", []string{"eval", "--model", language, "--table", table}},
		{2, "--confusion wants a classifier", []string{"plot", "--model", language, "--confusion", "--out", out + ".svg"}},
		{1, `has no column "stars" (--label-column); it has review, sentiment`, quick(table, out, "--label-column", "stars")},
		{1, "has the columns a, b, c: say with --text-column which of them has the texts", quick(file("abc.csv", "a,b,c\nx,y,1\nz,w,2\n"), out)},
		{1, "has one label only", quick(file("one.csv", "text,label\nx y,a\nz w,a\n"), out)},
		{1, "is it the right one?", quick(file("many.csv", "text,label\nx y,a\nz w,b\nv u,c\n"), out)},
		{1, "no such file", quick(filepath.Join(dir, "absent.csv"), out)},
		{1, `other.csv, line 2 has the label "mixed"; the model knows negative, positive`,
			[]string{"eval", "--model", model, "--table", file("other.csv", "review,sentiment\nfine so far,mixed\nno good,negative\n")}},
		{1, "want a name that ends in .png or .svg", []string{"plot", "--model", model, "--out", filepath.Join(dir, "x.gif")}},
		{1, "exists; choose another name, or overwrite it with --force", []string{"plot", "--model", model, "--out", table}},
		{2, `no data set is called "nonsense"`, []string{"data", "show", "nonsense"}},
		{2, "found 2 names; want one", []string{"data", "fetch", "a", "b"}},
		{2, "--seconds 0", []string{"bench", "--seconds", "0"}},
		{2, "--hidden 0; want at least 1", []string{"bench", "--hidden", "0"}},
	} {
		status, stdout, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, want %d with %q:\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
		if exists(out) {
			t.Fatalf("%v: a failed run left a file", c.args)
		}
	}
}

func TestReportsForMachines(t *testing.T) {
	for _, args := range [][]string{{"doctor", "--json"}, {"data", "--json"}, {"bench", "--json", "--seconds", "0.01", "--hidden", "8", "--layers", "1", "--seq", "4", "--batch", "2"}} {
		status, out, errs := capture(t, context.Background(), args...)
		if status != 0 || !json.Valid([]byte(out)) {
			t.Errorf("%v: status %d\n%s%s", args, status, out, errs)
		}
	}
	if status, out, errs := capture(t, context.Background(), "data", "show", "cmudict"); status != 0 || !strings.Contains(out, "Pronouncing") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	if status, out, _ := capture(t, context.Background(), "__complete", "train", "--cell", ""); status != 0 || !strings.Contains(out, "gru") {
		t.Errorf("status %d\n%s", status, out)
	}
}

// Without rows for the test, those to stop by stand in, and that is said.
func TestNoRowsToTest(t *testing.T) {
	dir := t.TempDir()
	table, model := filepath.Join(dir, "r.csv"), filepath.Join(dir, "m.safetensors")
	writeReviews(t, table)
	if _, errs := must(t, quick(table, model, "--epochs", "1", "--test-part", "0")...); !strings.Contains(errs, "Rows    540 to train on, 60 to stop by, which test it, too\n") {
		t.Error(errs)
	}
	if out, _ := must(t, "inspect", model); !strings.Contains(out, " steps, 1 pass; ") {
		t.Error(out)
	}
}

// Parts that have a table of their own are read from it, when the model is trained, resumed and judged.
func TestPartsOfTheirOwn(t *testing.T) {
	dir := t.TempDir()
	table, model, again := filepath.Join(dir, "r.csv"), filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "again.safetensors")
	writeReviews(t, table)
	part := func(name string, rows int) string {
		return tableOf(t, name, "review;sentiment\n"+strings.Repeat("a wonderful film;positive\na dull film;negative\n", rows/2))
	}
	valid, test := part("valid.csv", 8), part("test.csv", 6)
	status, out, errs := capture(t, context.Background(), quick(table, model, "--epochs", "1", "--valid", valid, "--test", test)...)
	if status != 0 || !strings.Contains(out, " texts_per_s=") || !strings.Contains(errs, "600 to train on, 8 to stop by, 6 to test") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	_, out, errs = capture(t, context.Background(), "eval", "--model", model, "--json")
	var r judged
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.Rows != 6 || r.Labels["negative"].Support != 3 {
		t.Errorf("%v\n%s%s", err, out, errs)
	}
	if status, _, errs := capture(t, context.Background(), "train", "--resume", model, "--epochs", "2", "--out", again); status != 0 || !strings.Contains(errs, "8 to stop by") {
		t.Error(errs)
	}
	if err := os.WriteFile(valid, []byte("review,sentiment\nfine,positive\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := capture(t, context.Background(), "train", "--resume", model, "--epochs", "2"); status != 1 || !strings.Contains(errs, "has changed since") {
		t.Error(errs)
	}
}
