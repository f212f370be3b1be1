package command

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// logLines are lines like those of docs/anomalies.md: of a service in which all is well, or, where strange is above 0, a line of
// so many is not. Truth tells which.
func logLines(seed uint64, n, strange int) (lines []string, truth []bool) {
	rng := rand.New(rand.NewPCG(seed, 5))
	one := func(of ...string) string { return of[rng.IntN(len(of))] }
	for i := range n {
		line := fmt.Sprintf("INFO %s GET %s %d", one("web1", "web2"), one("/index.html", "/login", "/items"), 200)
		if i%4 == 3 {
			line = fmt.Sprintf("INFO user %s signed in", one("anna", "bo", "carl"))
		}
		odd := strange > 0 && i%strange == strange-1
		if odd {
			line = one(strings.Replace(line, "INFO", "FAIL", 1), line[:len(line)-6], "WARN disk is nearly full", strings.Replace(line, " ", " 7 ", 1))
		}
		lines, truth = append(lines, line), append(truth, odd)
	}
	return lines, truth
}

func writeLines(t *testing.T, path string, lines []string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// trainedOnLog trains a model on a clean log.
func trainedOnLog(t *testing.T, dir string) string {
	t.Helper()
	clean, _ := logLines(1, 1500, 0)
	text, model := filepath.Join(dir, "clean.log"), filepath.Join(dir, "log.safetensors")
	writeLines(t, text, clean)
	if status, _, errs := capture(t, context.Background(), "train", "--text", text, "--out", model, "--hidden", "32", "--embed", "16", "--layers", "1",
		"--batch", "16", "--seq", "40", "--epochs", "2", "--lr", "0.02", "--sample", "0"); status != 0 {
		t.Fatal(errs)
	}
	return model
}

// What is strange has higher scores than what is not, nearly always, and is what is flagged; the threshold is kept.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	model := trainedOnLog(t, dir)
	calm, _ := logLines(2, 400, 0)
	mixed, truth := logLines(3, 400, 10)
	calmFile, mixedFile := filepath.Join(dir, "calm.log"), filepath.Join(dir, "mixed.log")
	writeLines(t, calmFile, calm)
	writeLines(t, mixedFile, mixed)
	ctx := context.Background()

	status, out, errs := capture(t, ctx, "watch", "--model", model, mixedFile)
	if status != 0 || strings.Contains(out, "!") || !strings.Contains(errs, "no threshold is known") || strings.Count(out, "\n") != 400 {
		t.Errorf("status %d\n%s", status, errs)
	}
	status, out, errs = capture(t, ctx, "watch", "--model", model, "--calibrate", calmFile, "--quantile", "0.99")
	if status != 0 || out != "" || !strings.Contains(errs, "log.safetensors.watch.json: lines above") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	status, out, errs = capture(t, ctx, "watch", "--model", model, "--json", mixedFile)
	if status != 0 {
		t.Fatal(errs)
	}
	var scores []float64
	missed, alarms := 0, 0
	for line := range strings.Lines(out) {
		var w watched
		if err := json.Unmarshal([]byte(line), &w); err != nil || w.Line != len(scores)+1 || w.Text != mixed[w.Line-1] {
			t.Fatal(line, err)
		}
		strange := truth[w.Line-1]
		if strange && !w.Flag {
			missed++
		}
		if !strange && w.Flag {
			alarms++
		}
		scores = append(scores, float64(w.Score))
	}
	if area := areaUnder(scores, truth); area < 0.99 || missed > 4 || alarms > 12 {
		t.Errorf("area under the curve %.4f, %d of 40 missed, %d of 360 false alarms", area, missed, alarms)
	}

	stdin(t, strings.Join(mixed, "\n")+"\n")
	status, out, errs = capture(t, ctx, "watch", "--model", model, "--flagged")
	if n := strings.Count(out, "\n"); status != 0 || n < 36 || n > 52 || strings.Count(out, " ! ") != n || !strings.Contains(errs, "Lines   400, flagged above") {
		t.Errorf("status %d, %d lines\n%s%s", status, n, out, errs)
	}
	status, out, _ = capture(t, ctx, "watch", "--model", model, "--threshold", "0", mixedFile)
	if status != 0 || strings.Count(out, " ! ") != 400 {
		t.Errorf("status %d, %d lines above 0", status, strings.Count(out, " ! "))
	}
}

// areaUnder is the area under the ROC curve, pair by pair.
func areaUnder(scores []float64, truth []bool) float64 {
	right, pairs := 0.0, 0.0
	for i, a := range scores {
		for j, b := range scores {
			if !truth[i] || truth[j] {
				continue
			}
			pairs++
			switch {
			case a > b:
				right++
			case a == b:
				right += 0.5
			}
		}
	}
	return right / pairs
}

// Marks stand around the strangest token, at the end where the line ends too early, and nowhere if it cannot be found.
func TestMarked(t *testing.T) {
	for want, s := range map[string]watched{
		"a »bc« d": {Token: " bc", At: 1},
		"»a« bc d": {Token: "a", At: 0},
		"a bc »d«": {Token: "d", At: 5},
		"a bc d»«": {Token: "\n", At: 6},
		"a bc d":   {Token: "x", At: 2},
	} {
		if got := markedToken("a bc d", s.Token, s.At); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	for share, want := range map[float64]float64{0.001: 1, 0.1: 1, 0.11: 2, 0.5: 5, 0.9: 9, 0.91: 10, 1: 10} {
		numbers := []float64{3, 1, 2, 10, 9, 8, 7, 6, 5, 4}
		if got := quantileOf(slices.Clone(numbers), share); got != want {
			t.Errorf("%g of ten numbers do not exceed %g; want %g", share, got, want)
		}
	}
}

// What is asked for wrongly, and what has changed since.
func TestWatchMistakes(t *testing.T) {
	dir := t.TempDir()
	model := trainedOnLog(t, dir)
	text := filepath.Join(dir, "clean.log")
	empty := filepath.Join(dir, "empty.log")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	latin := filepath.Join(dir, "latin.log")
	if err := os.WriteFile(latin, []byte("INFO caf\xe9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	table, sequences := filepath.Join(dir, "w.csv"), filepath.Join(dir, "s.safetensors")
	writeWindows(t, table, 20)
	if status, _, errs := capture(t, t.Context(), quickly(table, sequences)...); status != 0 {
		t.Fatal(errs)
	}
	record := model + ".watch.json"
	for _, c := range []struct {
		record string // what is beside the model
		status int
		want   string
		args   []string
	}{
		{"", 2, "--threshold and --calibrate; want one of them", []string{"--threshold", "1", "--calibrate", text}},
		{"", 2, `--score "sum"; want worst or mean`, []string{"--score", "sum", text}},
		{"", 2, "--quantile 1.5; want above 0", []string{"--quantile", "1.5"}},
		{"", 2, "--quantile 0; want above 0", []string{"--quantile", "0"}},
		{"", 2, "--quantile 0.5; want --calibrate with it", []string{"--quantile", "0.5", text}},
		{"", 1, "is a folder; want a file", []string{dir}},
		{"", 2, "--threshold NaN; want a number", []string{"--threshold", "NaN"}},
		{"", 2, "found 2 files", []string{text, text}},
		{"", 1, "no such file", []string{filepath.Join(dir, "none.log")}},
		{"", 1, "--calibrate: open", []string{"--calibrate", filepath.Join(dir, "none.log")}},
		{"", 1, "has no lines that can be scored", []string{"--calibrate", empty}},
		{"", 1, "line 1", []string{latin}},
		{"nonsense", 1, "is no record of a threshold: make it again with --calibrate", []string{text}},
		{`{"model_sha256":"other","threshold":1}`, 1, "is of another model: make it again with --calibrate", []string{text}},
		{"RECORD", 1, "is for --score mean: make it again with --calibrate", []string{text}},
		{"", 1, "is a model of sequences; want a language model or a forecaster", []string{"--model", sequences, text}},
		{"", 1, "no such file", []string{"--model", filepath.Join(dir, "none.safetensors"), text}},
		{"", 2, "--weights", []string{"--weights", "int3", text}},
	} {
		if c.record == "RECORD" {
			hash, err := hashOf(model)
			if err != nil {
				t.Fatal(err)
			}
			c.record = fmt.Sprintf(`{"model_sha256":%q,"score":"mean","threshold":1}`, hash)
		}
		if err := os.WriteFile(record, []byte(c.record), 0o600); err != nil {
			t.Fatal(err)
		}
		if c.record == "" {
			os.Remove(record)
		}
		args := append([]string{"watch", "--model", model}, c.args...)
		if status, _, errs := capture(t, t.Context(), args...); status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%q: status %d, want %d with %q:\n%s", args, status, c.status, c.want, errs)
		}
	}
}

// The pages on sequences and anomalies, from folders with their files.
func TestSequencesTranscript(t *testing.T) {
	all := sessions(t, "sequences.md")
	if len(all) < 5 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeWindows(t, "windows.csv", 300)
	play(t, all)
}

func TestAnomaliesTranscript(t *testing.T) {
	all := sessions(t, "anomalies.md")
	if len(all) < 3 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	clean, _ := logLines(1, 1500, 0)
	calm, _ := logLines(2, 400, 0)
	mixed, _ := logLines(3, 100, 10)
	writeLines(t, "clean.log", clean)
	writeLines(t, "calm.log", calm)
	writeLines(t, "mixed.log", mixed)
	for name, at := range map[string]struct{ from, hours, odd int }{"clean.csv": {0, 400, 0}, "calm.csv": {400, 200, 0}, "mixed.csv": {600, 100, 31}} {
		rows, _ := sensorRows(uint64(at.from), at.from, at.hours, at.odd)
		writeSensors(t, name, rows)
	}
	play(t, all)
}
