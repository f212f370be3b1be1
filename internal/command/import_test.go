package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/torch"
)

// imported is a tagger of letters, as PyTorch has it, and its vocabulary.
func imported(t *testing.T, dir string) (weights, letters string) {
	t.Helper()
	var tensors []graph.Named
	for _, w := range []struct {
		name  string
		shape []int
	}{
		{"embed.weight", []int{4, 3}}, {"lstm.weight_ih_l0", []int{8, 3}}, {"lstm.weight_hh_l0", []int{8, 2}}, {"lstm.bias_ih_l0", []int{8}},
		{"lstm.bias_hh_l0", []int{8}}, {"out.weight", []int{2, 2}}, {"out.bias", []int{2}},
	} {
		size := 1
		for _, d := range w.shape {
			size *= d
		}
		data := make([]float32, size)
		for i := range data {
			data[i] = float32((i*31+len(tensors)*17)%13)/6 - 1
		}
		tensors = append(tensors, graph.Named{Name: w.name, Value: graph.Floats(data, w.shape...)})
	}
	weights, letters = filepath.Join(dir, "names.pt"), filepath.Join(dir, "letters.json")
	if err := torch.Write(weights, tensors); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(letters, []byte(`{"a": 1, "b": 2, "c": 3, "<PAD>": 0}`), 0o644); err != nil {
		t.Fatal(err)
	}
	return weights, letters
}

// A model is made of a file of weights, says what was guessed, predicts, and trains on.
func TestImportMakesAModel(t *testing.T) {
	dir := t.TempDir()
	weights, letters := imported(t, dir)
	at := func(name string) string { return filepath.Join(dir, name) }
	_, said := must(t, "import", weights, "--vocabulary", letters, "--labels", "no,yes", "--out", at("m.safetensors"))
	for _, want := range []string{"embedding of 4 tokens, width 3, 1 x lstm of width 2", "classifier of texts, as it looks (another: --as)", "does not say how its layers compute"} {
		if !strings.Contains(strings.Join(strings.Fields(said), " "), want) {
			t.Errorf("want %q in %s", want, said)
		}
	}
	if err := os.WriteFile(at("line.txt"), []byte("abc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, _ := must(t, "predict", "--model", at("m.safetensors"), at("line.txt")); !strings.Contains(out, "yes") && !strings.Contains(out, "no") {
		t.Errorf("it predicts %s", out)
	}
	if err := os.WriteFile(at("table.csv"), []byte("text,label\n"+strings.Repeat("abc,yes\ncba,no\nab,yes\ncc,no\n", 8)), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, "train", "--from", at("m.safetensors"), "--table", at("table.csv"), "--epochs", "1", "--out", at("on.safetensors"))
	for want, args := range map[string][]string{
		"does not say what its 4 tokens are: want a vocabulary (--vocabulary FILE)": {"import", weights},
		`--as "book"; want language, classifier, tagger or sequences`:               {"import", weights, "--as", "book"},
		"3 labels; the head has rows for 2":                                         {"import", weights, "--vocabulary", letters, "--labels", "a,b,c"},
		"--vocabulary has no meaning with --model":                                  {"import", weights, "--vocabulary", letters, "--model", at("m.safetensors")},
		"one layer too many": {"import", kerasModel(t, "merged.keras")},
		"would overwrite":    {"import", weights, "--vocabulary", letters, "--out", letters, "--force"},
	} {
		if args[len(args)-1] != "--force" {
			args = append(args, "--out", at("none.safetensors"))
		}
		if status, _, said := capture(t, context.Background(), args...); status == 0 || !strings.Contains(said, want) {
			t.Errorf("%v: want a message with %q, got status %d, %s", args, want, status, said)
		}
	}
}

// Of a model of Keras, what is made must compute what the file's own layers compute.
func TestImportCompares(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "m.safetensors")
	if _, said := must(t, "import", "../../nn/keras/testdata/labels.keras", "--vocabulary", "../../nn/keras/testdata/labels.txt", "--out", out); !strings.Contains(said, "it computes what the file's network computes") {
		t.Error(said)
	}
	letters := filepath.Join(dir, "letters.txt")
	if err := os.WriteFile(letters, []byte("a\nb\nc\nd\ne\nf\ng\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, said := must(t, "import", "../../nn/onnx/testdata/torch/tagger.onnx", "--as", "tagger", "--vocabulary", letters, "--out", filepath.Join(dir, "t.safetensors")); !strings.Contains(said, "it computes what the file's network computes") {
		t.Error(said)
	}
	status, _, said := capture(t, context.Background(), "import", "../../nn/keras/testdata/labels_hard.keras", "--vocabulary", "../../nn/keras/testdata/labels.txt", "--out", filepath.Join(dir, "n.safetensors"))
	if status == 0 || !strings.Contains(said, "computes something else than the classifier of texts") {
		t.Errorf("status %d: %s", status, said)
	}
}
