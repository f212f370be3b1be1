package command

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/explain.md, from a folder with its two files.
func TestExplainTranscript(t *testing.T) {
	all := sessions(t, "explain.md")
	if len(all) < 6 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeReviews(t, "reviews.csv")
	if err := os.WriteFile("notes.txt", []byte(strings.Repeat("he said \"yes\" and she \"no\"\nthen (as ever) all went home\n", 60)), 0o600); err != nil {
		t.Fatal(err)
	}
	play(t, all)
	page, err := os.ReadFile("page.html")
	if err != nil || !strings.Contains(string(page), "wonderful") || strings.Contains(string(page), "http") {
		t.Errorf("page.html is not complete in itself: %v\n%s", err, page)
	}
	for _, picture := range []string{"units.png", "flow.svg"} {
		if info, err := os.Stat(picture); err != nil || info.Size() < 2000 {
			t.Errorf("%s: %v, %v", picture, info, err)
		}
	}
}

var escape = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestExplain(t *testing.T) {
	dir := t.TempDir()
	language, class := trained(t, dir)
	const text = "the <b>film</b> was lovely & warm, not dull"
	plain, _ := must(t, "explain", "--model", class, text)
	if escape.MatchString(plain) {
		t.Errorf("colours without a terminal:\n%q", plain)
	}
	coloured, _ := must(t, "explain", "--model", class, text, "--color", "always")
	bare := escape.ReplaceAllString(coloured, "")
	if !escape.MatchString(coloured) || !strings.Contains(bare, text) || !strings.Contains(bare, "against") {
		t.Errorf("%q", coloured)
	}
	// JSON has all that is printed, and its scores add up.
	for _, c := range []struct{ model, label string }{{class, "negative"}, {language, "z"}} {
		out, _ := must(t, "explain", "--model", c.model, "--json", "--label", c.label, "the lazy dog")
		var e explained
		if err := json.Unmarshal([]byte(out), &e); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, p := range e.Pieces {
			sum += float64(p.Score)
		}
		odds := func(p number) float64 { return math.Log(float64(p) / (1 - float64(p))) }
		if whole := odds(e.Probability) - odds(e.Baseline); e.Label != c.label || math.Abs(sum-whole) > 1e-4*math.Abs(whole) {
			t.Errorf("%s: %q adds up to %g; want %g", c.model, e.Label, sum, whole)
		}
	}
	// A file's lines, a page of all of them, where markup of the texts is none of the page's.
	lines := filepath.Join(dir, "lines.txt")
	if err := os.WriteFile(lines, []byte(text+"\n<script>alert(1)</script>\n\x1b[2J\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(dir, "page.html")
	out, _ := must(t, "explain", "--model", class, "--file", lines, "--html", page, "--color", "always", "--method", "occlusion")
	if strings.Count(out, "by occlusion (") != 3 || strings.Contains(out, "\x1b[2J") {
		t.Errorf("%q", out)
	}
	data, err := os.ReadFile(page)
	if err != nil || strings.Contains(string(data), "<script>") || strings.Contains(string(data), "<b>") || strings.Count(string(data), "<h2>") != 3 {
		t.Errorf("%v\n%s", err, data)
	}
}

// The mistakes that one makes first.
func TestExplainRefuses(t *testing.T) {
	dir := t.TempDir()
	language, class := trained(t, dir)
	at := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty, binary, short := at("empty.txt", ""), at("binary", "PK\x03\x04\xfa\xff\x80"), at("short.txt", "ab\n")
	there := at("there.html", "mine")
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "found 2 texts; want one, between quotes", []string{"--model", class, "a", "film"}},
		{2, `--method "shap"; want integrated, occlusion or gradient`, []string{"--model", class, "--method", "shap", "a"}},
		{2, `--color "yes"; want auto, always or never`, []string{"--model", class, "--color", "yes", "a"}},
		{2, "a text and --file; want one of them", []string{"--model", class, "--file", short, "a"}},
		{2, "--units and --gradients; want one of them", []string{"--model", class, "--units", "--gradients"}},
		{2, "--out goes with --units or --gradients", []string{"--model", class, "a", "--out", "x.png"}},
		{2, "--html goes without --units", []string{"--model", class, "--units", "--html", "x.html"}},
		{2, "--length 0; want 4 or more", []string{"--model", class, "--units", "--length", "0"}},
		{2, "--units wants a long text: name one with --file", []string{"--model", class, "--units"}},
		{2, "unknown flag: --methd; did you mean --method?", []string{"--methd", "a"}},
		{1, `the model knows the labels negative, positive: "good" is not among`, []string{"--model", class, "--label", "good", "a"}},
		{1, `"good" is no label of the model; it knows negative, positive`, []string{"--model", class, "--gradients", "--label", "good", "a"}},
		{1, "no such file", []string{"--model", filepath.Join(dir, "none"), "a"}},
		{1, "no such file", []string{"--model", class, "--file", filepath.Join(dir, "none")}},
		{1, "safetensors", []string{"--model", filepath.Join(dir, "reviews.csv"), "a"}},
		{1, "has no lines to explain", []string{"--model", class, "--file", empty}},
		{1, "UTF", []string{"--model", class, "--file", binary}},
		{1, `character "?"`, []string{"--model", language, "really?"}},
		{1, "short.txt, line 1: ", []string{"--model", language, "--file", at("short.txt", "A?\n")}},
		{1, "no tokens", []string{"--model", language, ""}},
		{1, "3 characters; that is too short", []string{"--model", language, "--units", "dog"}},
		{1, "want two at least", []string{"--model", language, "--gradients", "a"}},
		{1, "--html " + there + " exists", []string{"--model", class, "a", "--html", there}},
		{1, "--html " + class + " would overwrite", []string{"--model", class, "a", "--html", class, "--force"}},
		{1, `found ".gif"`, []string{"--model", language, "--gradients", "the dog", "--out", filepath.Join(dir, "x.gif")}},
	} {
		status, stdout, errs := capture(t, context.Background(), append([]string{"explain"}, c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%q: status %d; want %d and %q\n%s%s", c.args, status, c.status, c.want, stdout, errs)
		}
	}
	// A file of Windows is a file of lines.
	crlf := at("crlf.txt", "\ufeffthe lazy dog\r\nthe fox\r\n")
	if out, _ := must(t, "explain", "--model", language, "--file", crlf, "--method", "gradient"); strings.Count(out, "probability") != 2 {
		t.Errorf("%s", out)
	}
}
