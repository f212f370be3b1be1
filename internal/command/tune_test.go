package command

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The session of docs/adapters.md, from a folder with a book, another text and questions.
func TestAdaptersTranscript(t *testing.T) {
	all := sessions(t, "adapters.md")
	if len(all) < 8 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeTexts(t)
	play(t, all)
}

// writeTexts writes two texts in the same letters, and questions with answers.
func writeTexts(t *testing.T) {
	t.Helper()
	questions := ""
	for _, animal := range []string{"fox", "dog"} {
		for _, ask := range []string{"how quick is the ", "how lazy is the ", "who jumps over the ", "is it the ", "where is the "} {
			questions += `{"prompt": "` + ask + animal + `, ", "answer": "` + map[string]string{"fox": "brown", "dog": "lazy"}[animal] + `"}` + "\n"
		}
	}
	for name, text := range map[string]string{
		"book.txt":        strings.Repeat("the quick brown fox jumps over the lazy dog, is it where who?\n", 60),
		"other.txt":       strings.Repeat("who is it? the lazy dog, over the fox\n", 60),
		"questions.jsonl": questions,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// An adapter that was stopped and resumed has the bits of one that was not; all commands read it beside its model, and the
// merged model says the same.
func TestTune(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTexts(t)
	must(t, small("book.txt", "book.safetensors", "--epochs", "3")...)
	tune := []string{"tune", "other.txt", "--model", "book.safetensors", "--lora", "2", "--lora-dropout", "0.1", "--seq", "8", "--batch", "4", "--epochs", "2", "--sample", "0"}
	_, errs := must(t, append(tune, "--out", "whole.safetensors")...)
	for _, want := range []string{"Adapter rank 2, scale 1, beside all matrices of book.safetensors", "weights train", "2 x GRU, hidden 12"} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	status, _, errs := capture(t, stopped, append(tune, "--out", "part.safetensors")...)
	if status != 1 || !strings.Contains(errs, "unroll tune --resume part.safetensors") {
		t.Fatal(errs)
	}
	must(t, "tune", "--resume", "part.safetensors", "--sample", "0")
	a, b := tensorsOf(t, "whole.safetensors"), tensorsOf(t, "part.safetensors")
	for name, w := range a {
		if strings.HasPrefix(name, "train/") {
			continue
		}
		if !strings.Contains(name, ".lora_") {
			t.Errorf("the adapter has %s", name)
		}
		for i, v := range w.Value.Float32s() {
			if b[name].Value.Float32s()[i] != v {
				t.Fatalf("%s differs after a resume", name)
			}
		}
	}
	must(t, "merge", "--adapter", "whole.safetensors", "--out", "merged.safetensors")
	must(t, "merge", "--adapter", "whole.safetensors", "--peft", "folder")
	said := ""
	for _, by := range [][]string{
		{"--model", "whole.safetensors"}, {"--adapter", "whole.safetensors"}, {"--model", "book.safetensors", "--adapter", "whole.safetensors"},
		{"--model", "merged.safetensors"}, {"--model", "book.safetensors", "--adapter", "folder"},
	} {
		out, _ := must(t, append([]string{"generate", "--length", "30", "--temperature", "0", "--prompt", "the "}, by...)...)
		if said != "" && out != said {
			t.Errorf("%v says %q; want %q", by, out, said)
		}
		said = out
	}
	if out, _ := must(t, "inspect", "whole.safetensors"); !strings.Contains(out, "rank 2, beside all matrices of book.safetensors") ||
		!strings.Contains(out, "28 characters") && !strings.Contains(out, "characters") {
		t.Errorf("inspect says\n%s", out)
	}
	_, errs = must(t, append(tune, "--adapt", "gru.weight_hh_*", "--whole", "gru.bias_ih_*,head.bias", "--out", "sparing.safetensors")...)
	if want := "scale 1, beside gru.weight_hh_*, with all of gru.bias_ih_*, head.bias, of book.safetensors"; !strings.Contains(errs, want) {
		t.Errorf("no %q in\n%s", want, errs)
	}
	var names []string
	for name := range tensorsOf(t, "sparing.safetensors") {
		if !strings.HasPrefix(name, "train/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if want := []string{"gru.bias_ih_l0.lora_delta", "gru.bias_ih_l1.lora_delta", "gru.weight_hh_l0.lora_A", "gru.weight_hh_l0.lora_B",
		"gru.weight_hh_l1.lora_A", "gru.weight_hh_l1.lora_B", "head.bias.lora_delta"}; !slices.Equal(names, want) {
		t.Errorf("the adapter has %v; want %v", names, want)
	}
	out, _ := must(t, "inspect", "book.safetensors")
	about, _ := must(t, "inspect", "sparing.safetensors")
	if line := regexp.MustCompile(`vocabulary.*`).FindString(out); line == "" || !strings.Contains(about, line) {
		t.Errorf("of the model inspect says %q, and of its adapter\n%s", line, about)
	}
	if err := os.Rename("book.safetensors", "moved.safetensors"); err != nil {
		t.Fatal(err)
	}
	must(t, "tune", "--resume", "part.safetensors", "--model", "moved.safetensors", "--epochs", "3", "--sample", "0")
}

// Tables, too, are learned by an adapter.
func TestTuneClassifier(t *testing.T) {
	t.Chdir(t.TempDir())
	writeReviews(t, "reviews.csv")
	must(t, "train", "reviews.csv", "--hidden", "8", "--embed", "8", "--epochs", "1", "--out", "m.safetensors")
	out, _ := must(t, "tune", "reviews.csv", "--model", "m.safetensors", "--lora", "2", "--epochs", "1", "--recompute", "-1")
	if !strings.Contains(out, "test_accuracy=") {
		t.Errorf("%s", out)
	}
	must(t, "eval", "--model", "adapter.safetensors")
}

func TestTuneMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTexts(t)
	must(t, small("book.txt", "book.safetensors", "--epochs", "1")...)
	must(t, small("book.txt", "other.safetensors", "--epochs", "1", "--seed", "2")...)
	must(t, "tune", "other.txt", "--model", "book.safetensors", "--seq", "8", "--batch", "4", "--steps", "3", "--sample", "0", "--out", "a.safetensors")
	for name, text := range map[string]string{
		"odd.txt": strings.Repeat("ünter ", 200), "empty.jsonl": "", "wrong.jsonl": `{"text": "the"}`, "short.jsonl": `{"prompt": "the", "answer": "dog"}`,
		"letters.jsonl": `{"prompt": "the ü", "answer": "dog"}` + "\n" + `{"prompt": "a ü", "answer": "dog"}`, "table.csv": "text,label\na,b\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	tune := func(args ...string) []string {
		return append([]string{"tune", "--model", "book.safetensors", "--seq", "8", "--batch", "4", "--sample", "0"}, args...)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "book.safetensors is a language model: say with --text what to tune it on", tune()},
		{1, "nofile.txt: no such file", tune("nofile.txt")},
		{1, "no.safetensors: no such file", []string{"tune", "other.txt", "--model", "no.safetensors"}},
		{2, "--lora 0; want at least 1", tune("other.txt", "--lora", "0")},
		{2, "--lora -3; want at least 1", tune("other.txt", "--lora", "-3")},
		{2, "--alpha -1; want a number, 0 or more", tune("other.txt", "--alpha", "-1")},
		{2, "--lora-dropout 1; want at least 0 and below 1", tune("other.txt", "--lora-dropout", "1")},
		{2, `--blocks "012"; want 0 and 1 for each block`, tune("other.txt", "--blocks", "012")},
		{2, "--blocks 00; want 1 for one block at least", tune("other.txt", "--blocks", "00")},
		{1, "cannot be cut into 5 blocks", tune("other.txt", "--blocks", "11111", "--adapt", "gru")},
		{1, `target "lstm" is the name of no weight`, tune("other.txt", "--adapt", "lstm")},
		{2, `--adapt "["; want the name of a weight`, tune("other.txt", "--adapt", "[")},
		{2, `--whole "["; want the name of a weight`, tune("other.txt", "--whole", "[")},
		{1, `"nose", which is to be trained whole, is the name of no weight`, tune("other.txt", "--whole", "nose")},
		{2, "--recompute -2; want", tune("other.txt", "--recompute", "-2")},
		{2, "--freeze [head]; want none", tune("other.txt", "--freeze", "head")},
		{2, "--hidden 13; want 12: a model keeps its network", tune("other.txt", "--hidden", "13")},
		{2, `--optimizer "sparse-adam"; want another`, tune("other.txt", "--optimizer", "sparse-adam")},
		{1, `"ü" (200). Replace them in it: an adapter has the characters of its model`, tune("odd.txt")},
		{2, "book.safetensors is a language model: say with --text what to tune it on", tune("--table", "table.csv")},
		{1, "empty.jsonl", tune("empty.jsonl")},
		{1, "wrong.jsonl, line 1 has the fields text; want prompt, instruction, question or input", tune("wrong.jsonl")},
		{1, "too few prompts", tune("short.jsonl")},
		{1, "in its prompt", tune("letters.jsonl")},
		{2, "--lora is for a new adapter", []string{"tune", "--resume", "a.safetensors", "--lora", "4"}},
		{1, "a.safetensors has made all of its 3 steps", []string{"tune", "--resume", "a.safetensors"}},
		{1, "beside other weights", []string{"generate", "--model", "other.safetensors", "--adapter", "a.safetensors"}},
		{1, "is no adapter", []string{"generate", "--model", "other.safetensors", "--adapter", "book.safetensors"}},
		{1, "adapter_config.json", []string{"generate", "--model", "book.safetensors", "--adapter", "folder"}},
		{2, "want --adapter", []string{"merge", "--model", "book.safetensors"}},
		{2, "want --out, a model to save, or --peft", []string{"merge", "--adapter", "a.safetensors"}},
		{2, "want --out, a model to save, or --peft", []string{"merge", "--adapter", "a.safetensors", "--out", "x.safetensors", "--peft", "y"}},
		{2, "want a model of this command", []string{"merge", "--adapter", "a.safetensors", "--out", "x.onnx"}},
		{1, "would overwrite book.safetensors", []string{"merge", "--adapter", "a.safetensors", "--out", "book.safetensors"}},
		{1, "exists", []string{"merge", "--adapter", "a.safetensors", "--out", "other.safetensors"}},
		{2, "found 2 files", tune("a", "b")},
	} {
		status, out, errs := capture(t, context.Background(), c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d; want %d and %s\n%s%s", c.args, status, c.status, c.want, out, errs)
		}
	}
	if err := os.Remove("book.safetensors"); err != nil {
		t.Fatal(err)
	}
	status, _, errs := capture(t, context.Background(), "generate", "--model", "a.safetensors")
	if want := "a.safetensors is an adapter of book.safetensors, which is not there"; status != 1 || !strings.Contains(errs, want) {
		t.Errorf("status %d; want 1 and %s\n%s", status, want, errs)
	}
	if list, _ := filepath.Glob("adapter*"); len(list) > 0 {
		t.Errorf("mistakes left %v", list)
	}
}
