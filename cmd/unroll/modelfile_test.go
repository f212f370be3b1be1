package main

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
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
		metadata[key] = withField(t, metadata[key], field, value)
		return list
	})
}

// withField is a JSON object with one of its fields set.
func withField(t *testing.T, object, field, value string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		t.Fatal(err)
	}
	fields[field] = json.RawMessage(value)
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// allocated is how much memory f takes in all, in bytes.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// jsonNames are the names of a configuration's fields in a file.
func jsonNames(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, jsonNames(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// sensible are values of the next test that a configuration may have; what does not fit the data is found later.
var sensible = map[string]string{
	"text": `"word"`, "text_sha256": `"word"`, "init_from": `"word"`, "table": `"word"`, "text_column": `"word"`, "label_column": `"word"`,
	"valid_file": `"word"`, "test_file": `"word"`, "missing": "[]", "vocabulary": `"word"`, "one_way": "true", "dropout": "0", "test_part": "0",
	"lr": "1.5 1000000000 100000000000000", "clip": "0 1.5 1000000000 100000000000000",
	"steps": "0 1000000000", "patience": "0 1000000000", "epochs": "1000000000", "vocabulary_limit": "1000000000",
	"seed": "0 1000000000 100000000000000", "seq": "1000000000", "batch": "1000000000",
}

// Every field of a configuration, made wrong in every way, gives an error that names the file and the field; in little
// memory.
func TestConfigurationOfAFileIsInput(t *testing.T) {
	language, class := trained(t, t.TempDir())
	for _, c := range []struct {
		path, key string
		of        interface{}
	}{{language, "config", config{}}, {class, "classifier", classConfig{}}} {
		list, metadata, err := graph.ReadSafetensors(c.path)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range jsonNames(reflect.TypeOf(c.of)) {
			for _, value := range []string{"-5", "0", "1000000000", "100000000000000", "1e300", "null", `"word"`, "true", "[]", "{}", "1.5"} {
				if slices.Contains(strings.Fields(sensible[field]), value) || value == "1e300" && (field == "lr" || field == "clip") {
					continue
				}
				own := maps.Clone(metadata)
				own[c.key] = withField(t, own[c.key], field, value)
				const path = "some.safetensors"
				var err error
				used := allocated(func() { _, err = parseModelFile(path, slices.Clone(list), own) })
				if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(strings.TrimPrefix(err.Error(), path), field) {
					t.Errorf("%s %s: %v; want an error that names the file and the field", field, value, err)
				}
				var misused usageError
				var setting badSetting
				if errors.As(err, &misused) || errors.As(err, &setting) {
					t.Errorf("%s %s: %v is an error of the command line", field, value, err)
				}
				if used > 16<<20 {
					t.Errorf("%s %s: loading took %d MiB", field, value, used>>20)
				}
			}
		}
	}
}

// readers are the commands that read a model of a kind.
func readers(path, out string, kind modelKind) [][]string {
	all := [][]string{
		{"eval", "--model", path}, {"predict", "--model", path}, {"train", "--resume", path}, {"export", "--model", path, "--out", out + ".safetensors"},
		{"plot", "--model", path, "--out", out + ".svg"}, {"import", out + ".weights.h5", "--model", path, "--out", out + ".imported"},
	}
	if kind == textClassifier {
		return append(all, []string{"plot", "--confusion", "--model", path, "--out", out + ".svg"}, []string{"train", "--init-from", path, "--table", out})
	}
	return append(all, []string{"generate", "--model", path, "--length", "3"}, []string{"train", "--init-from", path, "--text", out})
}

// Every command that reads a model refuses one whose metadata do not fit, in the same way.
func TestCommandsRefuseDamagedModels(t *testing.T) {
	dir := t.TempDir()
	language, class := trained(t, dir)
	for _, c := range []struct {
		path, key, field, value, want string
		kind                          modelKind
	}{
		{language, "config", "hidden", "-5", "its configuration has hidden -5; want at least 1", languageModel},
		{language, "config", "hidden", "100000000000000", "hidden 100000000000000, its weights gru.weight_hh_l0 have the shape [36 12]", languageModel},
		{language, "config", "layers", "1000000000", "layers 1000000000, its weights are those of 2", languageModel},
		{language, "config", "", "null", "its config is null", languageModel},
		{language, "vocabulary", "", "null", "its vocabulary is null", languageModel},
		{language, "train.loop", "", "null", "its train.loop is null", languageModel},
		{class, "classifier", "test_part", "5", "test_part 5; want 0 to 0.5", textClassifier},
		{class, "labels", "", `["a","a"]`, `its labels have "a" before "a"; want each once, in order`, textClassifier},
		{class, "labels", "", `["a","b","c"]`, "labels 3, its weights head.bias have the shape [2]", textClassifier},
		{class, "tokens", "", "null", "its tokens is null", textClassifier},
		{class, "labels", "", `"positive"`, "its labels cannot be read", textClassifier},
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
		for _, args := range readers(path, filepath.Join(dir, "out2"), languageModel) {
			if args[0] == "train" && (field == "epochs" || field == "steps") {
				continue // a long training, which one may want
			}
			stdin(t, "a\n")
			if used := allocated(func() { capture(t, context.Background(), args...) }); used > 256<<20 {
				t.Errorf("%s 1e9: unroll %v took %d MiB", field, args, used>>20)
			}
			for _, made := range []string{".safetensors", ".svg"} {
				os.Remove(filepath.Join(dir, "out2"+made))
			}
		}
	}
}
