package command

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// Every command that reads a translator refuses one whose metadata do not fit, in the same way.
func TestCommandsRefuseDamagedTranslators(t *testing.T) {
	dir, numbers := numbersFile(t)
	model, out := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "out")
	must(t, little(numbers, model)...)
	for _, c := range []struct{ key, field, value, want string }{
		{"translator", "hidden", "7", "its configuration has hidden 7; want an even number"},
		{"translator", "hidden", "100000000000000", "hidden 100000000000000, its weights decoder.weight_ih_l0 have the shape"},
		{"translator", "layers", "1000000000", "layers 1000000000, its weights are those of 1"},
		{"translator", "attention", `"full"`, `its configuration has attention "full"; want general`},
		{"translator", "smoothing", "1.5", "smoothing 1.5; want at least 0 and below 1"},
		{"translator", "test_part", "5", "test_part 5; want 0 to 0.5"},
		{"translator", "header", `"maybe"`, `its configuration has header "maybe"; want yes, no or auto`},
		{"translator", "", "null", "its translator is null"},
		{"source_tokens", "", "null", "its source_tokens is null"},
		{"longest_target", "", "-3", "its longest_target is -3"},
	} {
		path := withEntry(t, model, c.key, c.field, c.value)
		for _, args := range [][]string{
			{"eval", "--model", path}, {"predict", "--model", path}, {"translate", "--model", path}, {"train", "--resume", path},
			{"train", "--from", path, "--pairs", numbers, "--out", out}, {"export", "--model", path, "--out", out + ".onnx"},
			{"plot", "--model", path, "--out", out + ".svg"}, {"import", out + ".safetensors", "--model", path, "--out", out},
		} {
			stdin(t, "one\n")
			status, stdout, errs := capture(t, context.Background(), args...)
			if status != 1 || !strings.Contains(errs, path) || !strings.Contains(errs, c.want) {
				t.Errorf("%s %s %s: unroll %v: status %d; want 1 and %q\n%s%s", c.key, c.field, c.value, args, status, c.want, stdout, errs)
			}
		}
	}
}

// What export writes, import brings back; and a damaged translator is still one to look at.
func TestTranslatorsAreExchanged(t *testing.T) {
	dir, numbers := numbersFile(t)
	t.Chdir(dir)
	must(t, little(numbers, "a.safetensors")...)
	must(t, little(numbers, "b.safetensors", "--seed", "9")...)
	translate := func(model string) string {
		stdin(t, "nine hundred and one\n")
		out, _ := must(t, "predict", "--model", model)
		return out
	}
	want := translate("a.safetensors")
	for i, file := range []string{"a.onnx", "a-weights.safetensors"} {
		back := "back" + string(rune('0'+i)) + ".safetensors"
		must(t, "export", "--model", "a.safetensors", "--out", file)
		must(t, "import", file, "--model", "a.safetensors", "--out", back)
		if got := translate(back); got != want {
			t.Errorf("%s: %s; want %s", file, got, want)
		}
		m, err := models.LoadTranslator(back)
		if err != nil || m.Trained() {
			t.Error(err)
		}
	}
	for _, format := range []string{"bf16", "int8"} {
		must(t, "eval", "--model", "a.safetensors", "--weights", format)
	}
	must(t, "plot", "--model", "a.safetensors", "--out", "a.svg")
	damaged := withEntry(t, "a.safetensors", "source_tokens", "", "[]")
	if out, _ := must(t, "inspect", damaged); !strings.Contains(out, "translator") {
		t.Error(out)
	}
}
