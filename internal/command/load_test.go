package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/recurrent/models"
)

// trained makes a small model of each kind.
func trained(t *testing.T, dir string) (language, class string) {
	t.Helper()
	language, class = filepath.Join(dir, "language.safetensors"), filepath.Join(dir, "class.safetensors")
	table := filepath.Join(dir, "reviews.csv")
	writeReviews(t, table)
	must(t, small(writeText(t, dir), language)...)
	must(t, quick(table, class, "--epochs", "1", "--tokens", "word")...)
	return language, class
}

// must runs a command that has to succeed, and returns what it printed.
func must(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	status, stdout, stderr := capture(t, context.Background(), args...)
	if status != 0 {
		t.Fatalf("%v: status %d\n%s%s", args, status, stdout, stderr)
	}
	return stdout, stderr
}

// edited copies a file with other metadata and tensors.
func edited(t *testing.T, path string, edit func(list []graph.Named, metadata map[string]string) []graph.Named) string {
	t.Helper()
	list, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		t.Fatal(err)
	}
	list = edit(list, metadata)
	out := filepath.Join(t.TempDir(), "edited.safetensors")
	if err := graph.WriteSafetensors(out, list, metadata); err != nil {
		t.Fatal(err)
	}
	return out
}

// withEntry copies a file with one field of a JSON object in its metadata set to a value, or, without a field, all of it.
func withEntry(t *testing.T, path, key, field, value string) string {
	t.Helper()
	return edited(t, path, func(list []graph.Named, metadata map[string]string) []graph.Named {
		if field == "" {
			metadata[key] = value
			return list
		}
		metadata[key] = testutil.WithField(t, metadata[key], field, value)
		return list
	})
}

// readers are the commands that read a model of a kind.
func readers(path, out string, kind models.Kind) [][]string {
	all := [][]string{
		{"eval", "--model", path}, {"predict", "--model", path}, {"train", "--resume", path}, {"export", "--model", path, "--out", out + ".safetensors"},
		{"plot", "--model", path, "--out", out + ".svg"}, {"import", out + ".weights.h5", "--model", path, "--out", out + ".imported"},
	}
	if kind == models.KindClassifier {
		return append(all, []string{"plot", "--confusion", "--model", path, "--out", out + ".svg"}, []string{"train", "--from", path, "--table", out})
	}
	return append(all, []string{"generate", "--model", path, "--length", "3"}, []string{"train", "--from", path, "--text", out})
}

// Every command that reads a model refuses one whose metadata do not fit, in the same way.
func TestCommandsRefuseDamagedModels(t *testing.T) {
	dir := t.TempDir()
	language, class := trained(t, dir)
	for _, c := range []struct {
		path, key, field, value, want string
		kind                          models.Kind
	}{
		{language, "config", "hidden", "-5", "its configuration has hidden -5; want at least 1", models.KindLanguage},
		{language, "config", "hidden", "100000000000000", "hidden 100000000000000, its weights gru.weight_ih_l0 have the shape [36 6]", models.KindLanguage},
		{language, "config", "layers", "1000000000", "layers 1000000000, its weights are those of 2", models.KindLanguage},
		{language, "config", "", "null", "its config is null", models.KindLanguage},
		{language, "vocabulary", "", "null", "its vocabulary is null", models.KindLanguage},
		{language, "train.loop", "", "null", "train.loop: want an object with step, epoch and batch", models.KindLanguage},
		{class, "classifier", "header", `"maybe"`, `its configuration has header "maybe"; want yes, no or auto`, models.KindClassifier},
		{class, "classifier", "delimiter", `"ab"`, `its configuration has delimiter "ab"; want comma`, models.KindClassifier},
		{class, "classifier", "encoding", `"klingon"`, `its configuration has encoding "klingon"; want the name`, models.KindClassifier},
		{class, "classifier", "test_part", "-1e300", "test_part -1e+300; want 0 to 0.5", models.KindClassifier},
		{class, "classifier", "test_part", "5", "test_part 5; want 0 to 0.5", models.KindClassifier},
		{class, "labels", "", `["a","a"]`, `its labels have "a" before "a"; want each once, in order`, models.KindClassifier},
		{class, "labels", "", `["a","b","c"]`, "labels 3, its weights head.bias have the shape [2]", models.KindClassifier},
		{class, "tokens", "", "null", "its tokens is null", models.KindClassifier},
		{class, "labels", "", `"positive"`, "its labels cannot be read", models.KindClassifier},
	} {
		path := withEntry(t, c.path, c.key, c.field, c.value)
		for _, args := range readers(path, filepath.Join(dir, "out"), c.kind) {
			stdin(t, "a\n")
			status, out, errs := capture(t, context.Background(), args...)
			if status != 1 || !strings.Contains(errs, path) || !strings.Contains(errs, c.want) {
				t.Errorf("%s %s %s: unroll %v: status %d; want 1 and %q\n%s%s", c.key, c.field, c.value, args, status, c.want, out, errs)
			}
		}
	}
	// Sizes that only the data can refuse.
	for _, field := range []string{"seq", "batch", "epochs", "steps"} {
		path := withEntry(t, language, "config", field, "1000000000")
		for _, args := range readers(path, filepath.Join(dir, "out2"), models.KindLanguage) {
			if args[0] == "train" && (field == "epochs" || field == "steps") {
				continue // a long training, which one may want
			}
			stdin(t, "a\n")
			if used := testutil.Allocated(func() { capture(t, context.Background(), args...) }); used > 256<<20 {
				t.Errorf("%s 1e9: unroll %v took %d MiB", field, args, used>>20)
			}
			for _, made := range []string{".safetensors", ".svg"} {
				os.Remove(filepath.Join(dir, "out2"+made))
			}
		}
	}
}

// A file that a model's record names is read only if it has an end.
func TestRecordedFilesHaveAnEnd(t *testing.T) {
	const endless = "/dev/zero"
	if info, err := os.Stat(endless); err != nil || info.Mode()&os.ModeDevice == 0 {
		t.Skip("there is no endless file")
	}
	language, class := trained(t, t.TempDir())
	text, table := withEntry(t, language, "config", "text", `"/dev/zero"`), withEntry(t, class, "classifier", "table", `"/dev/zero"`)
	for want, args := range map[string][][]string{
		endless + " is no regular file": {
			{"eval", "--model", text}, {"train", "--resume", text, "--epochs", "2"},
			{"eval", "--model", table}, {"plot", "--confusion", "--model", table, "--out", text + ".svg"},
		},
		endless + " is a device; want a file": {
			{"eval", "--model", language, "--text", endless}, {"inspect", endless}, {"predict", "--model", endless},
			{"train", "--resume", endless}, {"train", "--config", endless},
		},
		filepath.Dir(language) + " is a folder; want a file": {
			{"inspect", filepath.Dir(language)}, {"train", "--config", filepath.Dir(language)},
			{"predict", "--model", class, filepath.Dir(language)}, {"explain", "--model", class, "--file", filepath.Dir(language)},
		},
		endless + ": want a table, a file that ends in .csv, .tsv or .jsonl": {{"train", "--resume", table, "--epochs", "9"}},
	} {
		for _, a := range args {
			if status, out, errs := capture(t, t.Context(), a...); status == 0 || !strings.Contains(errs, want) {
				t.Errorf("%v: status %d, %s%s; want %q", a, status, out, errs, want)
			}
		}
	}
}

// A model that a Go program trained does not tell on what. The command does not take other data for it.
func TestModelsOfOtherPrograms(t *testing.T) {
	dir := t.TempDir()
	class, language := filepath.Join(dir, "class.safetensors"), filepath.Join(dir, "language.safetensors")
	c, err := models.NewClassifier(models.Config{Hidden: 4, Embed: 4, Steps: 1}, []string{"good", "bad", "fine"}, []string{"a", "b", "a"})
	if err != nil {
		t.Fatal(err)
	}
	rows := models.Examples{Texts: []string{"good", "bad", "fine"}, Labels: []string{"a", "b", "a"}}
	if _, err := c.Fit(t.Context(), rows, rows, models.Run{Checkpoint: class}); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("the quick brown fox. ", 50)
	m, err := models.NewLanguageModel(models.Config{Hidden: 4, Embed: 4, Seq: 4, Batch: 2, Steps: 1}, text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Fit(t.Context(), text, models.Run{Checkpoint: language}); err != nil {
		t.Fatal(err)
	}
	for model, what := range map[string]string{class: "table", language: "text"} {
		for want, args := range map[string][]string{
			"does not tell which " + what + " it was trained on": {"eval", "--model", model},
			"was trained by another program":                     {"train", "--resume", model, "--epochs", "2"},
		} {
			if status, _, errs := capture(t, t.Context(), args...); status != 1 || !strings.Contains(errs, want) {
				t.Errorf("%v: status %d, %q; want 1 and %q", args, status, errs, want)
			}
		}
		if out, _ := must(t, "inspect", model); strings.Contains(out, "  "+what+" ") {
			t.Errorf("inspect tells of a %s:\n%s", what, out)
		}
	}
}
