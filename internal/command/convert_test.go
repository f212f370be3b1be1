package command

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
)

const (
	recordedTorch = "../../nn/torch/testdata/"
	recordedNumPy = "../../nn/numpy/testdata/"
)

// Weights go from one format to the other and come back the same.
func TestConvert(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	_, said := must(t, "convert", recordedTorch+"checkpoint_zip.pt", in("a.safetensors"), "--state", "model_state")
	if !strings.Contains(said, "Copied  17 tensors of model_state; ") || !strings.Contains(said, "are left out (--all copies them)") {
		t.Error(said)
	}
	list, metadata, err := graph.ReadSafetensors(in("a.safetensors"))
	if err != nil || len(list) != 17 || metadata["epoch"] != "3" || metadata["labels"] != `["A","B"]` || metadata["optimizer_state.param_groups"] != "" {
		t.Fatal(len(list), metadata, err)
	}
	must(t, "convert", in("a.safetensors"), in("b.npz"))
	must(t, "convert", in("b.npz"), in("c.pt"))
	must(t, "convert", in("c.pt"), in("d.safetensors"))
	back := tensorsOf(t, in("d.safetensors"))
	if len(back) != len(list) {
		t.Errorf("%d tensors came back; want %d", len(back), len(list))
	}
	for _, w := range list {
		if got := back[w.Name].Value; got == nil || !got.Eq(w.Value) {
			t.Errorf("%s came back otherwise", w.Name)
		}
	}
	must(t, "convert", recordedTorch+"checkpoint_zip.pt", in("e.npz"), "--all")
	if _, said := must(t, "convert", recordedTorch+"script.pt", in("f.npz")); !strings.Contains(said, "Copied  17 tensors\n") {
		t.Error(said)
	}
}

func TestConvertRefuses(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.pt")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	state := recordedTorch + "state_zip.pt"
	for want, args := range map[string][]string{
		"found 1 files; want two":                                          {"convert", state},
		`"x.bin"; want a name that ends in .safetensors, .npz or .pt`:      {"convert", state, "x.bin"},
		"--state a and --all; want one of them":                            {"convert", state, "x.pt", "--state", "a", "--all"},
		`has no tensors below "nowhere"`:                                   {"convert", state, filepath.Join(dir, "x.pt"), "--state", "nowhere"},
		"exists; choose another name, or overwrite it with --force":        {"convert", state, there},
		"would overwrite " + there:                                         {"convert", there, there, "--force"},
		"it calls posix.system, which is none of the functions":            {"convert", recordedTorch + "refused_call.pt", filepath.Join(dir, "x.npz")},
		"a is quantised; b is sparse; c is of ComplexFloatStorage":         {"convert", recordedTorch + "refused_kinds.pt", filepath.Join(dir, "x.npz")},
		"words: it is an array of texts (<U2)":                             {"convert", recordedNumPy + "refused.npz", filepath.Join(dir, "x.pt")},
		"weights of a Keras model, whose layers only a model knows":        {"convert", "../../nn/keras/testdata/lstm.weights.h5", filepath.Join(dir, "x.pt")},
		"open " + filepath.Join(dir, "nothing.pt") + ": no such file or d": {"convert", filepath.Join(dir, "nothing.pt"), "x.pt"},
	} {
		if strings.Contains(want, "would overwrite") {
			if err := os.Remove(there); err != nil {
				t.Fatal(err)
			}
			must(t, "convert", state, there)
		}
		if status, _, errs := capture(t, t.Context(), args...); status == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: status %d; want %q\n%s", args, status, want, errs)
		}
		if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The session of docs/interoperability.md.
func TestInteroperability(t *testing.T) {
	all := sessions(t, "interoperability.md")
	if len(all) < 4 {
		t.Fatalf("only %d commands were found", len(all))
	}
	dir := t.TempDir()
	for from, to := range map[string]string{"module_legacy.pt": "network.pt", "cells/cells.pt": "checkpoint.pt", "refused_call.pt": "strange.pt"} {
		data, err := os.ReadFile(recordedTorch + from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	play(t, all)
}

// What a file is, its bytes tell: under another name it is opened all the same, and where a model is wanted, the message
// says what it is and which command opens it.
func TestFilesAreToldByTheirBytes(t *testing.T) {
	dir := t.TempDir()
	_, model := trained(t, dir)
	files := map[string]string{
		recordedTorch + "checkpoint_legacy.pt":                "PyTorch file, weights in model_state, arrays",
		recordedTorch + "module_zip.pt":                       "PyTorch file",
		recordedNumPy + "every.npz":                           "arrays of NumPy",
		recordedNumPy + "one.npy":                             "arrays of NumPy",
		"../../nn/keras/testdata/lstm.weights.h5":             "weights of a Keras model",
		"../../nn/onnx/testdata/torch/tagger.onnx":            "ONNX model",
		"../../nn/torch/testdata/state_protocol4.safetensors": "safetensors",
	}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "a file")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, _ := must(t, "inspect", file); !strings.HasPrefix(out, "a file: "+files[path]+"\n") {
			t.Errorf("%s: %.200s", path, out)
		}
		status, _, errs := capture(t, t.Context(), "eval", "--model", file)
		want := "and no model of this command: unroll inspect shows what is in it"
		if strings.HasSuffix(path, ".safetensors") {
			want = "is no model of this library"
		}
		if status != 1 || !strings.Contains(strings.Join(strings.Fields(errs), " "), want) {
			t.Errorf("%s: status %d, %s", path, status, errs)
		}
	}
	out, _ := must(t, "inspect", recordedTorch+"checkpoint_legacy.pt")
	for _, want := range []string{"epoch", "tagger é", "model_state.rnn.weight_ih_l0", "and 6 more"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	weights := filepath.Join(dir, "weights")
	must(t, "export", "--model", model, "--out", weights+".pt")
	if err := os.Rename(weights+".pt", weights); err != nil {
		t.Fatal(err)
	}
	must(t, "import", weights, "--model", model, "--out", filepath.Join(dir, "back.safetensors"))
}
