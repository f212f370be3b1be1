package command

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/internal/testutil"
)

// inParts predicts a file in n parts, and joins them.
func inParts(t *testing.T, n int, model, in string, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out.jsonl")
	var got bytes.Buffer
	for i := range n {
		must(t, append([]string{"predict", "--model", model, "--part", fmt.Sprintf("%d/%d", i, n), "--out", out, in}, flags...)...)
		got.Write(testutil.Read(t, strings.TrimSuffix(out, ".jsonl")+fmt.Sprintf("-%05d-of-%05d.jsonl", i, n)))
	}
	return got.String()
}

// Every kind of model predicts a file in parts, which are the bytes of one run.
func TestPredictPartsOfAllKinds(t *testing.T) {
	t.Chdir(t.TempDir())
	for kind, train := range map[string]func(t *testing.T) (model string, inputs []string, flags []string){
		"tagger": trainParsed, "forecaster of quantiles": trainSales("quantile"), "forecaster of a distribution": trainSales("gaussian", "--paths", "7"),
		"sequences": trainWindows, "recogniser": trainWhistles,
	} {
		t.Run(kind, func(t *testing.T) {
			model, inputs, flags := train(t)
			for _, in := range inputs {
				want, _ := must(t, append([]string{"predict", "--model", model, in}, flags...)...)
				if strings.Count(want, "\n") < 20 {
					t.Fatalf("%s: %s", in, want)
				}
				parts := []int{16}
				if kind == "sequences" { // whose parts are cut by ids; how files are cut, TestPredictParts tells, also into more than there are rows
					parts = []int{16, 70}
				}
				for _, n := range parts {
					if got := inParts(t, n, model, in, flags...); got != want {
						t.Errorf("%s in %d parts: other rows than in one\n%.300s\n%.300s", in, n, got, want)
					}
				}
			}
		})
	}
}

// A part of what is nothing, or of rows that come one after the other, is refused.
func TestPredictPartsMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	model, inputs, _ := trainWindows(t)
	for want, flags := range map[string][]string{
		"--stream prints as rows come": {"--stream", "--part", "1/2", "--out", "x", inputs[0]},
		"--part 2/2; want 0/2 to 1/2":  {"--part", "2/2", "--out", "x", inputs[0]},
		"--part goes with a file":      {"--part", "0/2", "--out", "x"},
		"no such file or directory":    {"--part", "0/2", "--out", "nowhere/x", inputs[0]},
		"would overwrite " + inputs[0]: {"--out", inputs[0], "--force", inputs[0]},
	} {
		if status, _, said := capture(t, context.Background(), append([]string{"predict", "--model", model}, flags...)...); status == 0 || !strings.Contains(said, want) {
			t.Errorf("%v: want %q in %q", flags, want, said)
		}
	}
}

func writeAll(t *testing.T, files map[string]string) {
	t.Helper()
	for name, contents := range files {
		if err := os.WriteFile(name, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func trainParsed(t *testing.T) (string, []string, []string) {
	var columns, conllu, jsonl, text strings.Builder
	for i := range 60 {
		for j, word := range strings.Fields("the film was good .")[:1+i%5] {
			fmt.Fprintf(&columns, "%s %s\n", word, []string{"DET", "NOUN", "VERB", "ADJ", "."}[j])
			fmt.Fprintf(&conllu, "%d\t%s\t_\tX\t_\t_\t_\t_\t_\t_\n", j+1, word)
		}
		columns.WriteString("\n")
		conllu.WriteString("\n")
		fmt.Fprintf(&jsonl, "{\"tokens\": [\"the\", \"film\", \"%d\"]}\n", i)
		fmt.Fprintf(&text, "the film was %d .\n", i)
	}
	writeAll(t, map[string]string{"tagged.conll": columns.String(), "in.conllu": strings.ReplaceAll(conllu.String(), "\n", "\r\n"),
		"in.jsonl": strings.TrimSpace(jsonl.String()), "in.txt": text.String()})
	must(t, "train", "--tags", "tagged.conll", "--tag-column", "2", "--hidden", "4", "--epochs", "1", "--out", "tags")
	return "tags", []string{"in.conllu", "in.jsonl", "in.txt"}, nil
}

func trainSales(output string, more ...string) func(t *testing.T) (string, []string, []string) {
	return func(t *testing.T) (string, []string, []string) {
		rows := "shop,date,sales\n"
		for shop := range 25 {
			for day := range 28 {
				rows += fmt.Sprintf("s%d,2026-03-%02d,%d\n", shop, day+1, 10+shop+(day*7+shop)%5)
			}
		}
		writeAll(t, map[string]string{"sales.csv": rows})
		model := "sales." + output
		must(t, append([]string{"train", "--series", "sales.csv", "--output", output, "--horizon", "2", "--context", "6", "--hidden", "4", "--epochs", "1", "--out", model}, more...)...)
		return model, []string{"sales.csv"}, []string{"--conformal"}
	}
}

func trainWindows(t *testing.T) (string, []string, []string) {
	rows := "id,x,y,label\n"
	for i := range 6 {
		for w := range 40 { // rows of an id do not stand together
			rows += fmt.Sprintf("w%d,%d,%d,%s\n", w, i*(1-2*(w%2)), w%3, []string{"up", "down"}[w%2])
		}
	}
	writeAll(t, map[string]string{"windows.csv": rows})
	must(t, "train", "--sequences", "windows.csv", "--one-way", "--pool", "last", "--hidden", "8", "--epochs", "1", "--out", "windows")
	return "windows", []string{"windows.csv"}, nil
}

func trainWhistles(t *testing.T) (string, []string, []string) {
	writeWhistles(t)
	must(t, "train", "--speech", "whistles.tsv", "--hidden", "4", "--layers", "1", "--epochs", "1", "--out", "whistles.model")
	return "whistles.model", []string{"whistles.tsv"}, nil
}

// Processes of which some are killed, at any moment, and repeated: there is no part that is not whole, and together they are one run.
func TestPredictPartsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	exe := build(t)
	t.Chdir(t.TempDir())
	_, model := trained(t, ".")
	var rows strings.Builder
	for i := range 4000 {
		fmt.Fprintf(&rows, "%d,%s\n", i, strings.Repeat("the film was good and kind ", i%9+1))
	}
	writeAll(t, map[string]string{"in.csv": "id,review\n" + rows.String()})
	want, _ := must(t, "predict", "--model", model, "in.csv")
	start := func(i int) *exec.Cmd {
		c := exec.Command(exe, "predict", "--model", model, "--part", fmt.Sprintf("%d/16", i), "--out", "out.jsonl", "in.csv")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		return c
	}
	whole := func(i int) bool {
		part, err := os.ReadFile(fmt.Sprintf("out-%05d-of-00016.jsonl", i))
		if err == nil && (len(part) == 0 || part[len(part)-1] != '\n' || !strings.Contains(want, string(part))) {
			t.Errorf("part %d is there, and is not whole: %d bytes", i, len(part))
		}
		return err == nil
	}
	for k, i := range []int{0, 3, 8, 11, 15} {
		c := start(i)
		time.Sleep(time.Duration(k*k*5) * time.Millisecond)
		_ = c.Process.Kill()
		_ = c.Wait()
		whole(i)
	}
	var got strings.Builder
	for i := range 16 {
		if err := start(i).Wait(); err != nil || !whole(i) {
			t.Fatalf("part %d: %v", i, err)
		}
		got.Write(testutil.Read(t, fmt.Sprintf("out-%05d-of-00016.jsonl", i)))
	}
	if got.String() != want {
		t.Error("the parts are not the bytes of one run")
	}
	if left, _ := os.ReadDir("."); len(left) != 16*2+7 { // the parts, their marks, two models with configurations, their data, the input
		t.Errorf("what is left: %q", left)
	}
}
