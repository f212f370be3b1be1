package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

func writeRows(t *testing.T, rows string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func writeOther(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func tensorsOf(t *testing.T, path string) map[string]graph.Named {
	t.Helper()
	list, _, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]graph.Named{}
	for _, w := range list {
		out[w.Name] = w
	}
	return out
}

// after gives the weights that a run began with: those after a step of next to no size.
func after(args []string) []string {
	if slices.Contains(args, "--text") {
		args = append(args, "--sample", "0")
	}
	return append(args, "--steps", "1", "--lr", "1e-30", "--dropout", "0", "--optimizer", "sgd")
}

// Training begins with the weights of a model, or of a file that import wrote, and keeps its network and vocabulary.
func TestInitFrom(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must(t, small(writeText(t, dir), at("first"), "--epochs", "2")...)
	must(t, "export", "--model", at("first"), "--out", at("w.safetensors"))
	must(t, "import", at("w.safetensors"), "--model", at("first"), "--out", at("imported"))
	other := writeOther(t, strings.Repeat("lazy dogs jump over the brown fox\n", 60))
	for _, from := range []string{"first", "imported"} {
		out := at("tuned from " + from)
		_, errs := must(t, after([]string{"train", "--init-from", at(from), "--text", other, "--out", out, "--seq", "6", "--batch", "4"})...)
		for _, want := range []string{"2 x GRU, hidden 12, embedding 6", "Begin   with the weights of " + at(from), "vocabulary 28"} {
			if !strings.Contains(errs, want) {
				t.Errorf("no %q in\n%s", want, errs)
			}
		}
		had, has := tensorsOf(t, at(from)), tensorsOf(t, out)
		for _, name := range []string{"embedding.weight", "gru.weight_hh_l1", "head.bias"} {
			if !slices.Equal(had[name].Value.Float32s(), has[name].Value.Float32s()) {
				t.Errorf("%s: %s is not that of the model", from, name)
			}
		}
		must(t, "train", "--resume", out, "--epochs", "2", "--steps", "3", "--sample", "0") // a checkpoint like any other
		if out, _ := must(t, "inspect", out); !strings.Contains(out, "the weights of "+at(from)) {
			t.Errorf("inspect does not say where it began:\n%s", out)
		}
	}
	// It is worth it: a text of the same kind is known from the first step on.
	same := writeOther(t, strings.Repeat("the lazy dog jumps over the quick brown fox\n", 40))
	loss := func(args ...string) string {
		out, _ := must(t, append(args, "--text", same, "--steps", "1", "--sample", "0", "--seq", "8", "--batch", "4")...)
		return out[:len("val_loss=2.0000")]
	}
	fresh := loss("train", "--out", at("fresh"), "--hidden", "12", "--embed", "6", "--cell", "gru")
	if tuned := loss("train", "--out", at("tuned"), "--init-from", at("first")); tuned >= fresh {
		t.Errorf("%s from a model, %s from nothing", tuned, fresh)
	}
}

// A classifier goes on with another table; labels that are others give it a new head.
func TestInitFromClassifier(t *testing.T) {
	dir := t.TempDir()
	_, class := trained(t, dir)
	rows := "text,label\n" + strings.Repeat("a dull film,negative\na lovely film,positive\n", 20)
	had := tensorsOf(t, class)
	for name, c := range map[string]struct{ rows, note string }{
		"same labels":  {rows, ""},
		"other labels": {strings.ReplaceAll(rows, "negative", "bad"), "the head is made anew"},
		"more labels":  {rows + strings.Repeat("a film,neutral\n", 9), "the head is made anew"},
	} {
		out := filepath.Join(dir, name)
		_, errs := must(t, after([]string{"train", "--init-from", class, "--table", writeRows(t, c.rows), "--out", out})...)
		has := tensorsOf(t, out)
		for _, w := range []string{"embedding.weight", "rnn.weight_hh_l0_reverse"} {
			if !slices.Equal(had[w].Value.Float32s(), has[w].Value.Float32s()) {
				t.Errorf("%s: %s is not that of the model", name, w)
			}
		}
		kept := slices.Equal(had["head.weight"].Value.Float32s(), has["head.weight"].Value.Float32s())
		if kept != (c.note == "") || !strings.Contains(errs, c.note) {
			t.Errorf("%s: the head was kept: %v\n%s", name, kept, errs)
		}
		must(t, "eval", "--model", out)
	}
}

func TestInitFromRefuses(t *testing.T) {
	dir := t.TempDir()
	language, class := trained(t, dir)
	imported := filepath.Join(dir, "imported")
	must(t, "export", "--model", language, "--out", filepath.Join(dir, "w.safetensors"))
	must(t, "import", filepath.Join(dir, "w.safetensors"), "--model", language, "--out", imported)
	text, out := filepath.Join(dir, "text.txt"), filepath.Join(dir, "x.safetensors")
	strange := writeOther(t, strings.Repeat("der schöne Fuß und der schöne Hut\n", 20))
	table := filepath.Join(dir, "reviews.csv")
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{1, `has 4 kinds of character that the vocabulary of ` + language + ` lacks: "ö" (40), "F" (20), "H" (20), "ß" (20)`, []string{"--init-from", language, "--text", strange}},
		{2, "--hidden 13: --init-from takes it from " + language + ", which has 12", []string{"--init-from", language, "--text", text, "--hidden", "13"}},
		{2, "--tokens word: --init-from takes it from", []string{"--init-from", language, "--text", text, "--tokens", "word"}},
		{2, "--pool mean: --init-from takes it from", []string{"--init-from", class, "--table", table, "--pool", "mean"}},
		{2, "is a language model: say with --text", []string{"--init-from", language}},
		{2, "is a language model: say with --text", []string{"--init-from", language, "--table", table}},
		{2, "is a classifier of texts: say with --table", []string{"--init-from", class, "--text", text}},
		{2, "--resume and --init-from; want one of them", []string{"--init-from", language, "--resume", language}},
		{2, "--lr 0.5: --resume takes it from " + language + ", which has 0.004", []string{"--resume", language, "--lr", "0.5"}},
		{1, "unroll train --init-from " + imported, []string{"--resume", imported}},
		{1, "no such file", []string{"--init-from", filepath.Join(dir, "none"), "--text", text}},
		{1, "--init-from", []string{"--resume", language, "--text", strange, "--epochs", "2"}},
	} {
		status, stdout, errs := capture(t, context.Background(), append([]string{"train", "--out", out}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d; want %d and %q\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
		if exists(out) {
			t.Fatalf("%v: a failed run left a file", c.args)
		}
	}
	status, _, errs := capture(t, context.Background(), "plot", "--model", imported, "--out", filepath.Join(dir, "x.svg"))
	if status != 1 || !strings.Contains(errs, "no record of a training") {
		t.Errorf("status %d\n%s", status, errs)
	}
	// Words that a vocabulary lacks are counted.
	words := filepath.Join(dir, "words")
	must(t, small(text, words, "--tokens", "word", "--steps", "3")...)
	_, errs = must(t, "train", "--init-from", words, "--text", writeOther(t, strings.Repeat("the slow brown fox sleeps\n", 60)), "--out", out, "--seq", "4", "--batch", "2", "--sample", "0")
	if !strings.Contains(errs, "are not in the model's vocabulary, and are read as <unk>") {
		t.Errorf("%s", errs)
	}
}
