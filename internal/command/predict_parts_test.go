package command

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/testutil"
)

// partFiles are inputs of 50 rows with all that makes cutting hard: line ends and quotation marks within quotes, blank lines, no
// line end at the end.
func partFiles(t *testing.T, dir string) []string {
	t.Helper()
	var csv, jsonl, text strings.Builder
	csv.WriteString("id,review\r\n")
	for i := range 50 {
		review := strings.Repeat("the film was good and kind ", i%4+1)
		fmt.Fprintf(&csv, "%d,\"%s\r\nand \"\"dark\"\",\n\n %d\"\r\n", i, review, i)
		fmt.Fprintf(&jsonl, "{\"id\": %d, \"review\": \"%s\\n%d\"}\n\n", i, review, i)
		fmt.Fprintf(&text, "%s %d\n", review, i)
	}
	var out []string
	for name, content := range map[string]string{"in.csv": csv.String(), "in.jsonl": strings.TrimSpace(jsonl.String()), "in.txt": strings.TrimSpace(text.String())} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		out = append(out, path)
	}
	return out
}

// The parts of a file, one after the other, are the bytes of one run; what is done is not done again.
func TestPredictParts(t *testing.T) {
	dir := t.TempDir()
	_, model := trained(t, dir)
	for _, in := range partFiles(t, dir) {
		want, _ := must(t, "predict", "--model", model, in)
		if strings.Count(want, "\n") < 50 {
			t.Fatal(want)
		}
		for _, n := range []int{1, 2, 7, 60} { // of 50 rows: a part has all, many, or none
			out := filepath.Join(dir, fmt.Sprint(n), filepath.Base(in)+".out.jsonl")
			if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
				t.Fatal(err)
			}
			path := func(i int) string {
				return strings.TrimSuffix(out, ".jsonl") + fmt.Sprintf("-%05d-of-%05d.jsonl", i, n)
			}
			predict := func(i int) string {
				_, said := must(t, "predict", "--model", model, "--part", fmt.Sprintf("%d/%d", i, n), "--out", out, in)
				return said
			}
			var got bytes.Buffer
			for i := range n {
				predict(i)
				got.Write(testutil.Read(t, path(i)))
			}
			if got.String() != want {
				t.Errorf("%s in %d parts: other rows than in one", in, n)
			}
			if n > 1 && n < 50 && len(testutil.Read(t, path(n/2))) == 0 {
				t.Errorf("%s in %d parts: part %d has no rows", in, n, n/2)
			}
			if said := predict(0); !strings.Contains(said, "is there already") {
				t.Errorf("a part that is done: %s", said)
			}
			if err := os.Remove(path(0)); err != nil { // the mark alone is left
				t.Fatal(err)
			}
			if said := predict(0); strings.Contains(said, "is there already") || !strings.HasPrefix(want, string(testutil.Read(t, path(0)))) {
				t.Errorf("a mark without its part: %s", said)
			}
		}
	}
	in := filepath.Join(dir, "in.txt")
	part := func(flags ...string) string {
		status, _, said := capture(t, context.Background(), append([]string{"predict", "--model", model}, flags...)...)
		if status == 0 {
			t.Errorf("%v: no error", flags)
		}
		return said
	}
	out := filepath.Join(dir, "7", "in.txt.out.jsonl")
	for want, said := range map[string]string{
		`--part "3"; want a part`:                   part(in, "--part", "3", "--out", "x"),
		"--part 16/16; want 0/16 to 15/16":          part(in, "--part", "16/16", "--out", "x"),
		"--part 0/0; want a part of 1 or more":      part(in, "--part", "0/0", "--out", "x"),
		`--part "1/1e9"; want a part`:               part(in, "--part", "1/1e9", "--out", "x"),
		"--out y/ is a folder":                      part(in, "--part", "1/16", "--out", "y/"),
		"is none":                                   part(dir, "--part", "1/16", "--out", filepath.Join(dir, "x")),
		"--part goes with --out":                    part(in, "--part", "1/16"),
		"--part goes with a file":                   part("--part", "1/16", "--out", "x"),
		"is done already, of another model":         part(in, "--part", "1/7", "--top", "1", "--out", out),
		"exists; choose another name, or overwrite": part(in, "--out", model),
		"--on-error \"skip\"; want stop or record":  part(in, "--on-error", "skip"),
		"--input csv is for the standard input":     part(in, "--input", "csv"),
	} {
		if !strings.Contains(said, want) {
			t.Errorf("want %q in %q", want, said)
		}
	}
}

// Parts tile whatever there is, be they more than there are bytes, or as many as there are numbers.
func TestPartsTile(t *testing.T) {
	for _, size := range []int64{0, 1, 5, 1 << 40, math.MaxInt64} {
		for _, n := range []int{1, 3, 16, 1_000_000_007, math.MaxInt} {
			at := int64(0)
			for _, i := range []int{0, n / 3, n / 2, n - 1, n} {
				if n == 1 && i == 0 {
					continue
				}
				next := cutAt(size, i, n)
				if next < at || next > size || i == n && next != size {
					t.Errorf("part %d of %d begins at %d of %d, after one at %d", i, n, next, size, at)
				}
				at = next
			}
		}
	}
	name := func(i, n int) string { return (&parting{part: "x", out: "a/b.jsonl", n: i, of: n}).path() }
	if a, b := name(9, 1_000_000), name(999_999, 1_000_000); a != "a/b-0000009-of-1000000.jsonl" || a >= b {
		t.Error(a, b)
	}
	if got := name(3, 16); got != "a/b-00003-of-00016.jsonl" {
		t.Error(got)
	}
}

// What cannot be read is recorded in its place, if it is asked for, and what follows is predicted.
func TestPredictRecordsErrors(t *testing.T) {
	dir := t.TempDir()
	_, model := trained(t, dir)
	in := filepath.Join(dir, "bad.jsonl")
	lines := []string{`{"id": 1, "review": "a kind film"}`, `{"id": 2, "review"`, `{"id": 3}`, `{"id": 4, "review": "a dark film"}`, `{"id": 5, "review": {}}`,
		`{"id": 6, "review": "` + strings.Repeat("x", 1<<21) + `"}`, "{\"id\": 7, \"review\": \"\xff\"}", `{"id": 8, "review": "a good film"}`}
	if err := os.WriteFile(in, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, got, said := capture(t, context.Background(), "predict", "--model", model, in); status == 0 || strings.Count(got, "\n") != 1 || !strings.Contains(said, "line 2") {
		t.Errorf("status %d, %s%s", status, got, said)
	}
	got, _ := must(t, "predict", "--model", model, in, "--on-error", "record", "--keep", "id")
	rows := strings.Split(strings.TrimSpace(got), "\n")
	for i, want := range []string{`"columns":{"id":1}`, `"line":2`, `"line":3`, `"columns":{"id":4}`, `"line":5`, `"line":6`, `"line":7`, `"columns":{"id":8}`} {
		if i >= len(rows) || !strings.Contains(rows[i], want) || strings.Contains(rows[i], `"error"`) != strings.HasPrefix(want, `"line"`) {
			t.Fatalf("row %d: want %s in\n%s", i, want, got)
		}
	}
	if _, err := os.Stat(in); err != nil {
		t.Error(err)
	}
}
