package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train"
)

// A log in CSV has the same rows whether the run was stopped and resumed or not; a folder has events for TensorBoard.
func TestLog(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	text := writeText(t, dir)
	must(t, small(text, at("whole"), "--epochs", "3", "--log", at("whole.csv"))...)
	rows := func(name string) (out []string) {
		t.Helper()
		data, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if !strings.Contains(line, "tokens_per_second") { // differs from run to run
				out = append(out, line)
			}
		}
		return out
	}
	whole := rows("whole.csv")
	if len(whole) < 20 || whole[0] != "step,name,value\n" || !strings.Contains(strings.Join(whole, ""), "epoch/validation_loss") {
		t.Fatalf("%q", whole)
	}
	// A run that was killed: its log is ahead of its checkpoint, and its last line is cut.
	stopped, stop := context.WithCancel(context.Background())
	stop()
	if status, _, errs := capture(t, stopped, small(text, at("part"), "--epochs", "3", "--log", at("part.csv"))...); status != 1 {
		t.Fatal(errs)
	}
	if err := os.WriteFile(at("part.csv"), []byte(strings.Join(whole, "")+"60,tra"), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "train", "--resume", at("part"), "--log", at("part.csv"), "--sample", "0")
	if part := rows("part.csv"); !slices.Equal(part, whole) {
		t.Errorf("%q; want %q", part, whole)
	}
	must(t, small(text, at("events"), "--log", at("run"))...)
	if events, err := filepath.Glob(at("run/events.out.tfevents.*")); err != nil || len(events) != 1 {
		t.Errorf("%q, %v", events, err)
	}
	for _, c := range []struct{ log, want string }{
		{at("whole.csv"), "exists; choose another name"}, {text, "want a name that ends in .csv, or a folder"},
	} {
		if status, _, errs := capture(t, context.Background(), small(text, at("x"), "--log", c.log)...); status == 0 || !strings.Contains(errs, c.want) {
			t.Errorf("%s: status %d\n%s", c.log, status, errs)
		}
	}
	if status, _, errs := capture(t, context.Background(), small(text, at("y"), "--log", writeRows(t, "text,label\n"), "--force")...); status != 1 || !strings.Contains(errs, "but no log") {
		t.Errorf("a table that is no log was overwritten: status %d\n%s", status, errs)
	}
}

// Of a run of one step the speed is that of the whole run, not 0.
func TestSpeedOfOneStep(t *testing.T) {
	dir := t.TempDir()
	out, errs := must(t, small(writeText(t, dir), filepath.Join(dir, "m.bin"), "--steps", "1")...)
	found := regexp.MustCompile(`tokens_per_s=(\d+)\n`).FindStringSubmatch(out)
	if found == nil {
		t.Fatal(out)
	}
	if n, err := strconv.Atoi(found[1]); err != nil || n < 1 {
		t.Errorf("%s", out)
	}
	if !strings.Contains(errs, "m.bin, a safetensors file\n") || !strings.Contains(errs, "best so far") {
		t.Errorf("%s", errs)
	}
}

// The end of a run is told in the words of the command, not of the library.
func TestConclusion(t *testing.T) {
	passes := func(losses ...float64) (out []train.Pass) {
		for i := range len(losses) / 2 {
			out = append(out, train.Pass{Epoch: i + 1, TrainLoss: losses[2*i], Validation: losses[2*i+1]})
		}
		return out
	}
	for name, c := range map[string]struct {
		r    train.Result
		kept bool
		want string
	}{
		"stopped, best kept": {train.Result{Stopped: true, History: passes(2, 2, 1, 1.5, 0.5, 1.7)}, true,
			"Stopped by --patience 1: no epoch after epoch 2 was better; its weights are kept.\nOverfitting since epoch 2: the validation loss rose from 1.5 to 1.7, while"},
		"stopped, last kept": {train.Result{Stopped: true, History: passes(2, 2, 1, 1.5, 0.5, 1.7)}, false, "the weights are those of epoch 3, the last."},
		"stopped, improving": {train.Result{Stopped: true, History: passes(2, 2, 1, 1, 0.5, 1.001)}, true, "no epoch after epoch 2 was better; its weights are kept."},
		"diverged":           {train.Result{History: passes(1, 1, 2, 2)}, false, "Diverged: the training loss rose from 1 to 2. Try a lower --lr."},
		"underfitting":       {train.Result{History: passes(1, 1, 0.999, 1)}, false, "Underfitting: the training loss hardly fell, from 1 to 0.999. Try a higher --lr"},
		"improving":          {train.Result{History: passes(2, 2, 1, 1)}, false, "Still improving"},
		"one pass":           {train.Result{History: passes(2, 2)}, true, ""},
	} {
		var w bytes.Buffer
		conclusion(&w, c.r, 1, c.kept, false)
		words := strings.Join(strings.Fields(w.String()), " ")
		if !strings.Contains(words, strings.ReplaceAll(c.want, "\n", " ")) || c.want == "" && words != "" {
			t.Errorf("%s: %s\nwant %s", name, words, c.want)
		}
		if c.r.Stopped && strings.Contains(words, "More epochs") {
			t.Errorf("%s: %s", name, words)
		}
		for _, field := range []string{"KeepBest", "Patience", "ClipNorm"} {
			if strings.Contains(words, field) {
				t.Errorf("%s: %s is a name of the library: %s", name, field, words)
			}
		}
	}
}

// A run that is over says which of its limits have to be raised to go on, and then it does.
func TestResumeAtALimit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m")
	must(t, small(writeText(t, dir), path, "--steps", "2")...)
	for _, c := range []struct{ flags, want string }{
		{"", "more than --epochs 1 and --steps 2\n"},
		{"--steps 1", "more than --epochs 1 and --steps 1\n"},
		{"--steps 9 --epochs 1", "more than --epochs 1\n"},
		{"--epochs 2", "more than --steps 2\n"},
	} {
		args := append([]string{"train", "--resume", path}, strings.Fields(c.flags)...)
		if status, _, errs := capture(t, context.Background(), args...); status != 1 || !strings.HasSuffix(errs, c.want) {
			t.Errorf("%s: status %d, %q; want %q", c.flags, status, errs, c.want)
		}
	}
	must(t, "train", "--resume", path, "--epochs", "2", "--steps", "4", "--sample", "0")
	// More steps alone are enough: they take the passes that they need.
	const passSteps = 49 // of 32 tokens of 1,584
	for _, steps := range []int{60, 2*passSteps + 5, 3*passSteps + 7} {
		_, errs := must(t, "train", "--resume", path, "--steps", strconv.Itoa(steps), "--sample", "0")
		if !strings.Contains(errs, fmt.Sprintf("Train   %d steps", steps)) {
			t.Errorf("--steps %d:\n%s", steps, errs)
		}
		saved, err := train.ReadCheckpoint(path)
		if err != nil || saved.Step() != steps {
			t.Errorf("step %d, %v; want %d", saved.Step(), err, steps)
		}
	}
}
