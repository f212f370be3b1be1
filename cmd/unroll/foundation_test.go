package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFoundation makes the folder of a tiny Mamba with random weights, as docs/foundation-models.md has it.
func writeFoundation(t *testing.T, folder string) {
	t.Helper()
	from := filepath.Join("..", "..", "recurrent", "pretrained", "testdata")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"models/mamba/config.json", "models/mamba/model.safetensors", "tokenizer.json"} {
		data, err := os.ReadFile(filepath.Join(from, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(folder, filepath.Base(name)), string(data))
	}
}

// The session of docs/foundation-models.md, see TestTranscript.
func TestFoundationTranscript(t *testing.T) {
	all := sessions(t, "foundation-models.md")
	if len(all) < 6 {
		t.Fatalf("only %d commands were found", len(all))
	}
	dir := t.TempDir()
	writeFoundation(t, filepath.Join(dir, "mamba-tiny"))
	t.Chdir(dir)
	writeFile(t, "text.txt", strings.Repeat("the rest is in the house. ", 20))
	writeFile(t, "lines.txt", "the rest\nin the house\n")
	writeFile(t, "passages.jsonl", `{"text": "the rest is in the house"}`+"\nshe has the house\n")
	play(t, all)
}

// A state goes on as if there had been no break, however often it is gone on from.
func TestFoundationStates(t *testing.T) {
	dir := t.TempDir()
	writeFoundation(t, filepath.Join(dir, "m"))
	t.Chdir(dir)
	out := func(args ...string) string {
		t.Helper()
		status, out, errs := printed(t, context.Background(), append([]string{"generate", "--model", "m"}, args...)...)
		if status != 0 {
			t.Fatalf("%v: %s", args, errs)
		}
		return out
	}
	whole := out("--prompt", "the rest", "--length", "20", "--seed", "5")
	out("--prompt", "the r", "--length", "0", "--save-state", "s.state")
	for range 2 {
		if rest := out("--state", "s.state", "--prompt", "est", "--length", "20", "--seed", "5"); "the r"+rest != whole {
			t.Errorf("from a state: %q; want the end of %q", rest, whole)
		}
	}
	for _, wrong := range []struct {
		args []string
		want string
	}{
		{[]string{"--length", "0"}, "--save-state"},
		{[]string{"--prompt", "a", "--save-state", "s.state"}, "--force"},
		{[]string{"--state", "m/config.json"}, "config.json"},
		{[]string{"--state", "none.state"}, "none.state"},
		{[]string{"--weights", "int3"}, "--weights"},
	} {
		status, _, errs := printed(t, context.Background(), append([]string{"generate", "--model", "m"}, wrong.args...)...)
		if status == 0 || !strings.Contains(errs, wrong.want) {
			t.Errorf("%v: status %d, %q; want %q", wrong.args, status, errs, wrong.want)
		}
	}
	writeFile(t, "m/config.json", `{"model_type": "gpt2"}`)
	_, _, errs := printed(t, context.Background(), "generate", "--model", "m")
	if !strings.Contains(errs, `"gpt2"`) || !strings.Contains(errs, "recurrent_gemma") {
		t.Errorf("another family: %q; want its name and those that are known", errs)
	}
}
