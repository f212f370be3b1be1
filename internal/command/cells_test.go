package command

import (
	"context"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

func TestListOfCells(t *testing.T) {
	for _, args := range [][]string{{"train", "--cell", "list", "--hidden", "64"}, {"bench", "--cell", "list"}} {
		out, _ := must(t, args...)
		for _, c := range models.Cells() {
			if !strings.Contains(out, "\n"+c+" ") {
				t.Errorf("%v lacks %s:\n%s", args, c, out)
			}
		}
		for line := range strings.Lines(out) {
			if len(line) > columns {
				t.Errorf("%d columns: %s", len(line), line)
			}
		}
	}
	if out, _ := must(t, "train", "--cell", "list", "--hidden", "64"); !strings.Contains(out, "gru         25.0 k   ") { // 3·64·(64+64+2)
		t.Error(out)
	}
	status, _, errs := capture(t, t.Context(), "train", "--cell", "convlstm")
	if status != 2 || !strings.Contains(errs, `--cell "convlstm"; want another: its inputs are rows of places`) {
		t.Errorf("%d %s", status, errs)
	}
}

// Settings of the recurrent layers are in the description of the network, are refused where the cell lacks them, and a
// model that training goes on from keeps those that are its network.
func TestSettingsOfLayers(t *testing.T) {
	dir := t.TempDir()
	text, out := writeText(t, dir), dir+"/m"
	_, errs := must(t, small(text, out, "--cell", "gru", "--layer-norm", "--residual", "--layers", "2", "--recurrent-dropout", "0.2", "--steps", "2")...)
	if !strings.Contains(errs, "2 x GRU") || !strings.Contains(errs, "layer norm, residual") {
		t.Error(errs)
	}
	must(t, "train", "--resume", out, "--steps", "3", "--sample", "0")
	must(t, "train", "--from", out, "--text", text, "--seq", "8", "--batch", "4", "--steps", "1", "--sample", "0", "--out", out+"2")
	for _, c := range []struct {
		want string
		args []string
	}{
		{`--layer-norm true; want false: the cell rnn has no layer normalization, as lstm, gru or ligru have`, []string{"--cell", "rnn", "--layer-norm"}},
		{`--recurrent-dropout 0.1; want 0: the cell sru does not read its last output`, []string{"--cell", "sru", "--recurrent-dropout", "0.1"}},
		{`--heads 3; want a divisor`, []string{"--cell", "mlstm", "--heads", "3", "--hidden", "8"}},
		{`--zoneout 1; want at least 0 and below 1`, []string{"--zoneout", "1"}},
	} {
		if status, _, errs := capture(t, t.Context(), small(text, out+"3", c.args...)...); status != 2 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d, %s; want %s", c.args, status, errs, c.want)
		}
	}
	status, _, errs := capture(t, t.Context(), "train", "--resume", out, "--recurrent-dropout", "0.3")
	if status != 2 || !strings.Contains(errs, "--recurrent-dropout 0.3: --resume takes it from") {
		t.Errorf("%d %s", status, errs)
	}
}

// A training that is stopped after each of its first steps, and goes on each time, ends with the bytes of one that never was,
// whatever the cell carries from window to window.
func TestEveryCellResumes(t *testing.T) {
	dir := t.TempDir()
	text := writeText(t, dir)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, cell := range models.Cells() {
		if cell == "grud" { // reads numbers
			continue
		}
		whole, part := dir+"/"+cell, dir+"/"+cell+"-part"
		must(t, small(text, whole, "--cell", cell, "--steps", "4", "--layers", "1")...)
		args := small(text, part, "--cell", cell, "--steps", "4", "--layers", "1")
		for range 2 {
			if status, _, errs := capture(t, stopped, args...); status != 1 || !strings.Contains(errs, "--resume "+part) {
				t.Fatalf("%s: status %d, %s", cell, status, errs)
			}
			args = []string{"train", "--resume", part, "--sample", "0"}
		}
		must(t, args...)
		same(t, whole, part)
	}
}
