package command

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	onnxEnding  = ".onnx"
	wholeEnding = ".keras"
	kerasEnding = ".weights.h5"
	torchEnding = ".safetensors"
	savedEnding = ".pt"
)

// Whatever is exported and imported again is the model that it was, of both kinds.
func TestExportAndImport(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "reviews.csv")
	writeReviews(t, table)
	text := writeText(t, dir)
	for i, c := range []struct {
		train   []string
		endings []string
		refused string // endings that cannot be, with the reason
	}{
		{small(text, "", "--steps", "3", "--cell", "lstm"), []string{onnxEnding, wholeEnding, kerasEnding, torchEnding, savedEnding}, ""},
		{small(text, "", "--steps", "3", "--cell", "rnn"), []string{onnxEnding, wholeEnding, kerasEnding, torchEnding, savedEnding}, ""},
		{quick(table, "", "--steps", "3", "--layers", "2", "--tokens", "word"), []string{onnxEnding, wholeEnding, kerasEnding, torchEnding, savedEnding}, ""},
		{quick(table, "", "--steps", "3", "--cell", "lstm", "--one-way", "--pool", "mean"), []string{onnxEnding, wholeEnding, kerasEnding, torchEnding, savedEnding}, ""},
		{quick(table, "", "--steps", "3", "--cell", "rnn", "--pool", "last"), []string{onnxEnding, wholeEnding, kerasEnding, torchEnding, savedEnding}, ""},
		{quick(table, "", "--steps", "3", "--pool", "attention"), []string{onnxEnding, torchEnding, savedEnding}, kerasEnding + " Keras has no layer like pooling by attention"},
		{quick(table, "", "--steps", "3", "--cell", "mgu"), []string{torchEnding, savedEnding}, kerasEnding + " Keras has no layer like the cell mgu"},
		{small(text, "", "--steps", "3", "--cell", "mingru"), []string{torchEnding, savedEnding}, wholeEnding + " Keras has no layer like the cell mingru"},
	} {
		model := filepath.Join(dir, fmt.Sprint("m", i))
		c.train[slices.Index(c.train, "--out")+1] = model
		must(t, c.train...)
		had := tensorsOf(t, model)
		for _, ending := range c.endings {
			file, back := filepath.Join(dir, fmt.Sprint("e", i, ending)), filepath.Join(dir, fmt.Sprint("back", i, ending))
			must(t, "export", "--model", model, "--out", file)
			must(t, "import", file, "--model", model, "--out", back)
			for name, w := range tensorsOf(t, back) {
				if !slices.Equal(had[name].Value.Float32s(), w.Value.Float32s()) {
					t.Errorf("%v, %s: %s came back otherwise", c.train, ending, name)
				}
			}
			inspected, _ := must(t, "inspect", file)
			if !strings.Contains(inspected, "embedding") {
				t.Errorf("%s: %s", file, inspected)
			}
		}
		if ending, reason, ok := strings.Cut(c.refused, " "); ok {
			file := filepath.Join(dir, fmt.Sprint("refused", i, ending))
			status, _, errs := capture(t, context.Background(), "export", "--model", model, "--out", file)
			if status != 1 || !strings.Contains(errs, reason) || exists(file) {
				t.Errorf("status %d; want 1 and %q, and no file\n%s", status, reason, errs)
			}
		}
	}
}

func TestExportRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"export model.onnx":                 `unexpected argument "model.onnx"; --model FILE says what to read, --out FILE what to write`,
		"export":                            `--out ""; want a name that ends in .onnx, .keras, .weights.h5, .safetensors or .pt`,
		"export --out model.bin":            `--out "model.bin"; want a name`,
		"import":                            "found 0 files; want one",
		"export --out x.onnx --model a b":   `unexpected argument "b"`,
		"export --out x.onnx --mdel a.onnx": "did you mean --model?",
	} {
		if status, _, errs := capture(t, context.Background(), strings.Fields(args)...); status != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: status %d; want 2 and %q\n%s", args, status, want, errs)
		}
	}
}
