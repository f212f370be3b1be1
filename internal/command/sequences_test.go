package command

import (
	"context"
	"encoding/json"
	"fmt"
	"github.com/unroll-go/unroll/internal/record"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeWindows writes a table like that of docs/sequences.md: windows of a motor's current and temperature, some of them
// missing, with what the motor does and how much it carries.
func writeWindows(t *testing.T, path string, windows int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, 2))
	var b strings.Builder
	b.WriteString("window,second,current,temperature,place,state,load\n")
	for i := range windows {
		state, speed := "steady", 0.4
		if i%2 == 1 {
			state, speed = "worn", 1.1
		}
		load, phase := 1+2*rng.Float64(), 6*rng.Float64()
		second := 0.0
		for range 8 + rng.IntN(5) {
			current := fmt.Sprintf("%.3f", load*math.Sin(phase+speed*second))
			temperature := fmt.Sprintf("%.2f", 50+3*load+rng.NormFloat64())
			if rng.Float64() < 0.2 {
				temperature = "NA"
			}
			if rng.Float64() < 0.1 {
				current = ""
			}
			fmt.Fprintf(&b, "w%03d,%.1f,%s,%s,hall,%s,%.3f\n", i, second, current, temperature, state, load)
			second += float64(1 + rng.IntN(2))
		}
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// quickly are the flags of a model of sequences that trains in a blink.
func quickly(table, out string, more ...string) []string {
	return append([]string{"train", "--sequences", table, "--out", out, "--hidden", "8", "--epochs", "2", "--patience", "0"}, more...)
}

// A class and a number, from a table that is found out about; judged, predicted and drawn.
func TestSequences(t *testing.T) {
	dir := t.TempDir()
	table, model := filepath.Join(dir, "w.csv"), filepath.Join(dir, "class.safetensors")
	writeWindows(t, table, 120)
	ctx := context.Background()
	status, out, errs := capture(t, ctx, quickly(table, model, "--cell", "grud", "--pool", "last", "--epochs", "15", "--lr", "0.02")...)
	for _, want := range []string{
		`120 sequences in "window", classes in "state" (steady, worn)`, `rows each, by the times in "second"`,
		"Values  current, temperature, load; ", "left out, as they have no numbers: place", "1 x GRUD, forward", "Beside  most frequent class", "logistic regression",
	} {
		if status != 0 || !strings.Contains(errs, want) {
			t.Errorf("status %d, want %s in\n%s%s", status, want, out, errs)
		}
	}
	var accuracy, f1, base, loss float64
	if n, err := fmt.Sscanf(out, "test_accuracy=%f test_macro_f1=%f baseline=%f val_loss=%f", &accuracy, &f1, &base, &loss); n != 4 || err != nil || accuracy < 0.8 {
		t.Errorf("%v: %s", err, out)
	}
	status, out, errs = capture(t, ctx, "eval", "--model", model, "--json")
	var r judged
	if err := json.Unmarshal([]byte(out), &r); status != 0 || err != nil || r.Rows != 12 || math.Abs(float64(r.Accuracy)-accuracy) > 1e-4 {
		t.Errorf("status %d, %v\n%s%s", status, err, out, errs)
	}
	for _, args := range [][]string{{"eval", "--model", model, "--sequences", table}, {"plot", "--model", model, "--confusion", "--out", filepath.Join(dir, "c.svg")},
		{"plot", "--model", model, "--out", filepath.Join(dir, "l.png")}, {"inspect", model}, {"export", "--model", model, "--out", filepath.Join(dir, "x.safetensors")}} {
		if status, out, errs := capture(t, ctx, args...); status != 0 {
			t.Errorf("%v: status %d\n%s%s", args, status, out, errs)
		}
	}

	number := filepath.Join(dir, "number.safetensors")
	status, out, errs = capture(t, ctx, quickly(table, number, "--target", "load", "--features", "current,temperature,place", "--huber", "1")...)
	if status != 0 || !strings.HasPrefix(out, "test_mae=") || !strings.Contains(out, "baseline=") || !strings.Contains(errs, "numbers in \"load\" (1.0") ||
		!strings.Contains(errs, "place (1 words)") || !strings.Contains(errs, "ridge regression") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	status, out, errs = capture(t, ctx, "eval", "--model", number)
	if status != 0 || !strings.HasPrefix(out, "12 sequences: mean absolute error") {
		t.Errorf("status %d\n%s%s", status, out, errs)
	}
	status, out, errs = capture(t, ctx, "predict", "--model", number, table)
	var p record.Sequence
	if err := json.Unmarshal([]byte(strings.SplitN(out, "\n", 2)[0]), &p); status != 0 || err != nil || p.ID != "w000" || p.Number == nil || strings.Count(out, "\n") != 120 {
		t.Errorf("status %d, %v\n%s%s", status, err, out, errs)
	}
}

// Predictions after each row end with that for all rows.
func TestSequencesStream(t *testing.T) {
	dir := t.TempDir()
	table, model := filepath.Join(dir, "w.csv"), filepath.Join(dir, "m.safetensors")
	writeWindows(t, table, 40)
	ctx := context.Background()
	if status, _, errs := capture(t, ctx, quickly(table, model, "--cell", "grud", "--pool", "last")...); status != 0 {
		t.Fatal(errs)
	}
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	_, whole, _ := capture(t, ctx, "predict", "--model", model, table)
	stdin(t, string(data))
	status, rows, errs := capture(t, ctx, "predict", "--model", model, "--stream")
	if status != 0 || strings.Count(rows, "\n") != strings.Count(string(data), "\n")-1 {
		t.Fatalf("status %d, %d predictions\n%s", status, strings.Count(rows, "\n"), errs)
	}
	last := map[string]float64{}
	for line := range strings.Lines(rows) {
		var s record.Sequence
		if err := json.Unmarshal([]byte(line), &s); err != nil || s.Row == 0 {
			t.Fatal(line, err)
		}
		last[s.ID] = s.Probabilities["worn"]
	}
	for line := range strings.Lines(whole) {
		var s record.Sequence
		if err := json.Unmarshal([]byte(line), &s); err != nil || math.Abs(last[s.ID]-s.Probabilities["worn"]) > 1e-5 {
			t.Errorf("%s: %v at the end of the stream; %v", line, last[s.ID], err)
		}
	}
	stdin(t, string(data))
	if status, out, errs := capture(t, ctx, "predict", "--model", model); status != 0 || out != whole {
		t.Errorf("status %d: the standard input gives other predictions than the file\n%s", status, errs)
	}
	// What is to be predicted has no targets yet.
	unlabelled := filepath.Join(dir, "new.csv")
	fresh := strings.Replace(string(data), "state", "note", 1)
	if err := os.WriteFile(unlabelled, []byte(fresh), 0o600); err != nil || fresh == string(data) {
		t.Fatal(err)
	}
	if status, out, errs := capture(t, ctx, "predict", "--model", model, unlabelled); status != 0 || out != whole {
		t.Errorf("status %d: without targets\n%s", status, errs)
	}
	stdin(t, fresh)
	if status, out, errs := capture(t, ctx, "predict", "--model", model, "--stream"); status != 0 || out != rows {
		t.Errorf("status %d: a stream without targets\n%s", status, errs)
	}
}

// A run that was stopped goes on to the same bytes; weights are taken over for other targets.
func TestSequencesResume(t *testing.T) {
	dir := t.TempDir()
	table, whole, part := filepath.Join(dir, "w.csv"), filepath.Join(dir, "whole"), filepath.Join(dir, "part")
	writeWindows(t, table, 60)
	ctx := context.Background()
	if status, _, errs := capture(t, ctx, quickly(table, whole, "--marks", "--fill", "forward")...); status != 0 {
		t.Fatal(errs)
	}
	stopped, stop := context.WithCancel(ctx)
	stop()
	if status, _, errs := capture(t, stopped, quickly(table, part, "--marks", "--fill", "forward")...); status != 1 || !strings.Contains(errs, "--resume "+part) {
		t.Fatal(errs)
	}
	if status, _, errs := capture(t, ctx, "train", "--resume", part); status != 0 {
		t.Fatal(errs)
	}
	same(t, whole, part)
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.csv")
	if err := os.WriteFile(other, []byte(strings.ReplaceAll(string(data), "worn", "broken")), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, errs := capture(t, ctx, "train", "--from", whole, "--sequences", other, "--out", filepath.Join(dir, "next"), "--epochs", "1")
	if status != 0 || !strings.Contains(errs, "Rows    ") {
		t.Errorf("status %d\n%s", status, errs)
	}
}

// What new users get wrong first, and what they are told.
func TestSequenceMistakes(t *testing.T) {
	dir := t.TempDir()
	file := func(name, contents string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	table, model := filepath.Join(dir, "w.csv"), filepath.Join(dir, "m.safetensors")
	writeWindows(t, table, 40)
	data, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	if status, _, errs := capture(t, context.Background(), quickly(table, model)...); status != 0 {
		t.Fatal(errs)
	}
	text := writeText(t, dir)
	out := filepath.Join(dir, "out")
	train := func(more ...string) []string { return quickly(table, out, more...) }
	on := func(name, contents string, more ...string) []string {
		return quickly(file(name, contents), out, more...)
	}
	long := "id,x,y\n" + strings.Repeat("a,1,p\n", 30) + "b,2,q\n"
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, `has no column "widow" (--id); it has window, second`, train("--id", "widow")},
		{1, `has no column "moment" (--time)`, train("--time", "moment")},
		{1, `has no column "stat" (--target)`, train("--target", "stat")},
		{1, `has no column "amps" (--features)`, train("--features", "amps")},
		{1, "has one column only", train("--delimiter", "semicolon")},
		{2, `--delimiter "comma or tab"; want comma`, train("--delimiter", "comma or tab")},
		{1, "no such file", quickly(filepath.Join(dir, "none.csv"), out)},
		{2, "want a table, a file that ends in .csv, .tsv or .jsonl", quickly(text, out)},
		{1, "is empty", on("empty.csv", "")},
		{1, "has no rows", on("header.csv", "window,x,state\n", "--header", "yes")},
		{1, "say with --id which of them tells the sequence", on("noid.csv", "name,x,state\na,1,p\na,2,p\n")},
		{1, "say with --target which of them is to be predicted, or with --labels", on("notarget.csv", "window,x,z\na,1,p\na,2,p\n")},
		{1, "want one target for all rows of an id (--id, --target)", on("two.csv", "window,x,state\na,1,p\na,2,q\n")},
		{1, `id "b": it has no target (--target, --labels)`, on("gap.csv", "window,x,state\na,1,p\nb,2,\n")},
		{1, "name it with --missing", on("marks.csv", "window,x,state\na,1,p\na,?,p\nb,2,q\n")},
		{1, "is no time (--time; none for rows without)", on("time.csv", "window,time,x,state\na,soon,1,p\nb,late,2,q\n")},
		{1, "are too few to train on some and to stop by others", on("few.csv", "window,x,state\na,1,p\na,2,p\n")},
		{1, `has one class only, "p"`, on("one.csv", "window,x,state\na,1,p\nb,2,p\nc,3,p\nd,3,p\n")},
		{1, "different classes of", on("many.csv", "window,x,state\na,1,p\nb,2,q\nc,3,r\nd,3,s\ne,3,t\nf,3,u\n")},
		{1, `is "id" the column of the ids (--id)? Thin the rows out`, on("long.csv", long, "--max-rows", "20")},
		{1, `column "x": "21,5" is not a number; if its comma is a decimal one, --decimal comma says so`,
			on("decimal.csv", "window;x;state\na;21,5;p\nb;20,1;q\n", "--decimal", "point")},
		{1, `its target: "21,5" is not a number; if its comma is a decimal one`, on("decimal2.csv", "window;x;state\na;1;21,5\nb;2;20,1\n", "--decimal", "point")},
		{1, `column "x" mixes decimals: "21,5" in line 2 has a comma, "20.1" in line 3 a point`, on("decimal3.csv", "window;x;state\na;21,5;p\nb;20.1;q\n")},
		{1, "has no columns of numbers", on("words.csv", "window,x,state\na,up,p\nb,down,q\n")},
		{1, "is not UTF-8; is the file in another encoding?", on("latin.csv", "window,x,note,state\na,1,caf\xe9,p\nb,2,x,q\n", "--header", "yes")},
		{1, "its target: \"p\" is no finite number", on("words2.csv", "window,x,state\na,1,p\nb,2,q\n", "--target-kind", "number")},
		{2, `--target-kind "kind"; want class or number`, train("--target-kind", "kind")},
		{2, `--fill "last"; want mean or forward`, train("--fill", "last")},
		{2, "--max-rows 0; want 1 to", train("--max-rows", "0")},
		{2, "--huber 1; want 0: classes have no distance", train("--huber", "1", "--target-kind", "class")},
		{2, "rows of numbers have no tokens", train("--tokens", "word")},
		{2, "rows of numbers are not embedded", train("--embed", "8")},
		{2, `--cell "grd"; want`, train("--cell", "grd")},
		{2, `--cell "grud"; want another for a classifier of texts: it reads numbers`, []string{"train", "--table", table, "--cell", "grud"}},
		{2, "--text-column goes with --table", train("--text-column", "x")},
		{2, "--table and --sequences; want one", append(train(), "--table", table)},
		{1, "no such file", train("--labels", filepath.Join(dir, "none.csv"))},
		{1, `the target "q", and "p" before`, train("--labels", file("twice.csv", "window,state\nw000,p\nw000,q\n"))},
		{1, "it has no target", train("--labels", file("short.csv", "window,state\nw000,p\n"))},
		{1, "a sequence is in one part only", train("--valid", table)},
		{1, `has no column "current" (--features)`, []string{"predict", "--model", model, file("less.csv", strings.ReplaceAll(good, "current", "volts"))}},
		{1, `has no column "window" (--id)`, []string{"predict", "--model", model, file("other.csv", strings.ReplaceAll(good, "window", "who"))}},
		{1, "it has the label \"broken\"; the model knows steady, worn", []string{"eval", "--model", model, "--sequences", file("new.csv", strings.ReplaceAll(good, "worn", "broken"))}},
		{2, "--labels goes with --sequences", []string{"eval", "--model", model, "--labels", table}},
		{2, "want one that reads forward alone", []string{"predict", "--model", model, "--stream", table}},
		{2, "is a model of sequences: want --sequences", []string{"eval", "--model", model, "--table", table}},
		{1, "is a model of sequences; want a language model", []string{"generate", "--model", model}},
		{1, "is not a usable safetensors file", []string{"predict", "--model", table, table}},
	} {
		status, _, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%q: status %d, want %d with %q:\n%s", c.args, status, c.status, c.want, errs)
		}
		for line := range strings.Lines(errs) {
			if strings.Contains(line, "models:") || strings.Contains(line, "Config.") || strings.Contains(line, "SequenceTable") {
				t.Errorf("%q speaks of the library: %s", c.args, line)
			}
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%q left a file", c.args)
		}
	}
	// Lines that end in CRLF, a byte order mark, semicolons and the ids of another table are no mistakes.
	for name, contents := range map[string]string{"crlf.csv": strings.ReplaceAll(good, "\n", "\r\n"), "bom.csv": "\ufeff" + good,
		"semicolon.csv": strings.ReplaceAll(good, ",", ";"), "tab.tsv": strings.ReplaceAll(good, ",", "\t")} {
		if status, _, errs := capture(t, context.Background(), append(on(name, contents), "--force")...); status != 0 {
			t.Errorf("%s: status %d\n%s", name, status, errs)
		}
	}
	var labels strings.Builder
	labels.WriteString("window,kind\n")
	for i := range 40 {
		fmt.Fprintf(&labels, "w%03d,%d\n", i, i%3)
	}
	status, _, errs := capture(t, context.Background(), append(train("--labels", file("labels.csv", labels.String())), "--force")...)
	if status != 0 || !strings.Contains(errs, `classes in "kind" (0, 1, 2)`) || !strings.Contains(errs, "few whole numbers are taken for classes") {
		t.Errorf("status %d\n%s", status, errs)
	}
	// Files of their own for the parts, with the targets of all in one table.
	first, last, cut := strings.Builder{}, strings.Builder{}, "w030"
	for i, line := range strings.SplitAfter(good, "\n") {
		if i == 0 || line < cut {
			first.WriteString(line)
		}
		if i == 0 || line >= cut {
			last.WriteString(line)
		}
	}
	status, _, errs = capture(t, context.Background(), append(quickly(file("first.csv", first.String()), out),
		"--test", file("last.csv", last.String()), "--labels", file("labels.csv", labels.String()), "--force")...)
	if status != 0 || !strings.Contains(errs, "27 to train on, 3 to stop by, 10 to test") {
		t.Errorf("status %d\n%s", status, errs)
	}
}
