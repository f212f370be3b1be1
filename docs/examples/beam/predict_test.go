package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/textio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"

	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
)

func TestMain(m *testing.M) { ptest.Main(m) } // on prism

// bench has the command, and two models that it trains on nearly nothing.
type bench struct{ folder, unroll, classifier, language string }

func newBench(t *testing.T) bench {
	t.Helper()
	b := bench{folder: t.TempDir()}
	b.unroll, b.classifier, b.language = b.path("unroll"), b.path("c.safetensors"), b.path("l.safetensors")
	build := exec.Command("go", "build", "-o", b.unroll, "./cmd/unroll")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	table := "text,label\n" + strings.Repeat("a good film,positive\na bad one,negative\na warm end,positive\na dark plot,negative\n", 20)
	b.write(t, "t.csv", table)
	b.write(t, "t.txt", strings.Repeat("a good film and a bad one, a warm end of a dark plot\n", 40))
	b.run(t, "train", "--table", b.path("t.csv"), "--out", b.classifier, "--hidden", "8", "--epochs", "2", "--batch", "16")
	b.run(t, "train", "--text", b.path("t.txt"), "--out", b.language, "--hidden", "8", "--seq", "16", "--batch", "4", "--epochs", "1", "--sample", "0")
	return b
}

func (b bench) path(name string) string { return filepath.Join(b.folder, name) }

func (b bench) write(t *testing.T, name, contents string) {
	t.Helper()
	if err := os.WriteFile(b.path(name), []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b bench) run(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(b.unroll, args...)
	var said strings.Builder
	c.Stderr = &said
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, &said)
	}
	return string(out)
}

// rows are 1,000 JSON objects, of which some cannot be read.
func rows() string {
	words := strings.Fields("a good warm film bad dark plot one end and")
	var out strings.Builder
	for i := range 1000 {
		var text []string
		for k := range i%7 + 1 {
			text = append(text, words[(i*(k+3)+k)%len(words)])
		}
		line := fmt.Sprintf(`{"id": %d, "text": %q, "other": "<&>"}`, i, strings.Join(text, " "))
		switch i % 250 {
		case 7:
			line = fmt.Sprintf("{broken %d", i)
		case 11:
			line = fmt.Sprintf(`{"id": %d}`, i)
		case 13:
			line = fmt.Sprintf(`{"id": %d, "text": "ÿ %d"}`, i, i) // a letter that the language model does not know
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

// sorted are answers in one order. Of failures there are the columns, as their words name lines of a file, which Beam does not know.
func sorted(t *testing.T, lines string) (answers, failures []string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var f map[string]any
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if _, failed := f["error"]; failed {
			columns, _ := json.Marshal(f["columns"])
			failures = append(failures, string(columns))
		} else {
			answers = append(answers, line)
		}
	}
	slices.Sort(answers)
	slices.Sort(failures)
	return answers, failures
}

// A pipeline on prism gives the rows of `unroll predict`, to the byte, in some order.
func TestSameRowsAsTheCommand(t *testing.T) {
	b := newBench(t)
	b.write(t, "rows.jsonl", rows())
	for name, model := range map[string]string{"classifier": b.classifier, "language model": b.language} {
		want, wantFailures := sorted(t, b.run(t, "predict", "--model", model, "--text-column", "text", "--keep", "id", "--on-error", "record", b.path("rows.jsonl")))
		p := beam.NewPipeline()
		s := p.Root()
		textio.Write(s, b.path("out.jsonl"), Predict(s, Options{Model: model, Text: "text", Keep: []string{"id"}}, textio.Read(s, b.path("rows.jsonl"))))
		ptest.RunAndValidate(t, p)
		data, err := os.ReadFile(b.path("out.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		got, failures := sorted(t, string(data))
		if len(got) < 988 || !slices.Equal(got, want) {
			t.Errorf("%s: %d answers; want %d, the same", name, len(got), len(want))
		}
		if len(failures) != 1000-len(got) || len(failures) != len(wantFailures) {
			t.Errorf("%s: %d failures; want as many as the command has: %d", name, len(failures), len(wantFailures))
		}
		for _, columns := range wantFailures {
			if columns != "null" && !slices.Contains(failures, columns) {
				t.Errorf("%s: no failure with columns %s", name, columns)
			}
		}
	}
	if n := opens.Load(); n != 2 {
		t.Errorf("models were opened %d times; want each once", n)
	}
}

// A model that is not there, or of another kind, ends the pipeline with its reason.
func TestNoModel(t *testing.T) {
	p := beam.NewPipeline()
	s := p.Root()
	Predict(s, Options{Model: "nowhere.safetensors", Text: "text"}, beam.Create(s, `{"text": "a"}`))
	_, err := beam.Run(context.Background(), "prism", p)
	if err == nil || !strings.Contains(err.Error(), "nowhere.safetensors") {
		t.Errorf("%v", err)
	}
}
