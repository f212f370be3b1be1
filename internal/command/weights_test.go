package command

import (
	"strings"
	"testing"
)

// Labels count as --class-weights says, which a resumed run keeps, and mistakes are named.
func TestClassWeights(t *testing.T) {
	dir := t.TempDir()
	table := writeRows(t, "text,label\n"+strings.Repeat("a good film,positive\na bad film,negative\na dull film,negative\na poor film,negative\n", 10))
	out := dir + "/m.safetensors"
	args := []string{"train", "--table", table, "--epochs", "1", "--hidden", "4", "--embed", "4", "--test-part", "0", "--valid", table}
	_, errs := must(t, append(args, "--out", out, "--class-weights", "balanced")...)
	if !strings.Contains(errs, "\nWeights negative 0.667, positive 2 (--class-weights)\n") {
		t.Error(errs)
	}
	if _, errs = must(t, "train", "--resume", out, "--epochs", "2"); !strings.Contains(errs, "Weights negative 0.667, positive 2 ") {
		t.Error(errs)
	}
	if _, errs = must(t, append(args, "--out", out+"2", "--class-weights", "positive=3")...); !strings.Contains(errs, "Weights negative 1, positive 3 ") {
		t.Error(errs)
	}
	if _, errs = must(t, append(args, "--out", out+"3", "--class-weights", "none")...); strings.Contains(errs, "\nWeights ") {
		t.Error(errs)
	}
	for setting, want := range map[string]string{
		"good=3": `--class-weights the label "good"; want some of negative, positive`, "balance": `--class-weights "balance"; want none, balanced`,
	} {
		if status, _, errs := capture(t, t.Context(), append(args, "--out", out+"4", "--class-weights", setting)...); status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%d %s", status, errs)
		}
	}
	status, _, errs := capture(t, t.Context(), "train", "--class-weights", "balanced")
	if status != 2 || !strings.Contains(errs, `--class-weights "balanced"; want none: a language model's tokens are no labels`) {
		t.Errorf("%d %s", status, errs)
	}
}
