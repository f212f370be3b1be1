package command

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// writeReviews writes a table like that of docs/command.md.
func writeReviews(t *testing.T, path string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	one := func(words string) string {
		list := strings.Fields(words)
		return list[rng.IntN(len(list))]
	}
	const good, bad = "wonderful lovely great brilliant charming moving superb warm funny", "dull awful boring weak tedious poor messy cold slow"
	var b strings.Builder
	b.WriteString("review,sentiment\n")
	for range 600 {
		label, praise, blame := "positive", good, bad
		if rng.IntN(2) == 0 {
			label, praise, blame = "negative", bad, good
		}
		subject := one("film story cast music ending plot acting scene script")
		text := []string{
			fmt.Sprintf("the %s was %s and %s", subject, one(praise), one(praise)),
			fmt.Sprintf("a %s %s", one(praise), subject),
			fmt.Sprintf("not %s at all: the %s is %s", one(blame), subject, one(praise)),
			fmt.Sprintf("%s, %s, and the %s %s", one(praise), one(praise), subject, one(praise)),
		}[rng.IntN(4)]
		fmt.Fprintf(&b, "%q,%s\n", text, label)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// writeVectors writes vectors of some words of writeReviews.
func writeVectors(t *testing.T, path string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(2, 2))
	var b strings.Builder
	for word := range strings.FieldsSeq("the was and a not film story cast music ending plot wonderful lovely great dull awful boring weak") {
		b.WriteString(word)
		for range 8 {
			fmt.Fprintf(&b, " %.3f", rng.NormFloat64())
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// relabelled copies some lines of a table of reviews, with other labels.
func relabelled(t *testing.T, from, to string, lines int) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.SplitAfter(string(data), "\n")[:lines], "")
	text = strings.NewReplacer(",positive", ",praise", ",negative", ",blame").Replace(text)
	if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// session is a command of the document with what it says the command prints.
type session struct {
	command string
	lines   []string
}

// sessions are those of a page of docs.
func sessions(t *testing.T, page string) []session {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []session
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && strings.HasPrefix(line, "$ "):
			out = append(out, session{command: line[2:]})
		case inside && line != "":
			out[len(out)-1].lines = append(out[len(out)-1].lines, line)
		}
	}
	return out
}

// figure is what varies from machine to machine; drawings of distributions do, too.
var figure = regexp.MustCompile(`-?\d[\d.,]*(e-?\d+)?|[▁▂▃▄▅▆▇█]+`)

func withoutNumbers(s string) string {
	return strings.Join(strings.Fields(figure.ReplaceAllString(s, "#")), " ")
}

// play runs the commands of a page of docs, in the folder that the test is in: every command prints the lines that it is
// said to, but for their numbers, and fails only if the page shows an error.
func play(t *testing.T, all []session) {
	t.Helper()
	for _, s := range all {
		command := s.command
		if text, rest, ok := strings.Cut(command, " | "); ok {
			command = rest
			stdin(t, strings.Trim(strings.TrimPrefix(text, "echo "), `"`)+"\n")
		}
		status, out, errs := printed(t, context.Background(), arguments(command)[1:]...)
		lines := map[string]bool{}
		for line := range strings.SplitSeq(out+errs, "\n") {
			lines[withoutNumbers(line)] = true
		}
		for _, line := range s.lines {
			if line != "..." && !lines[withoutNumbers(line)] {
				t.Errorf("$ %s\nstatus %d, no line like\n%s\nin\n%s%s", s.command, status, line, out, errs)
			}
		}
		if failed := len(s.lines) == 1 && strings.HasPrefix(s.lines[0], "unroll: "); failed != (status != 0) {
			t.Errorf("$ %s\nstatus %d", s.command, status)
		}
		if status == 0 {
			narrow(t, s.command, out+errs)
		}
	}
}

// narrow tells whether what a command prints fits a terminal of 80 columns. JSON, a line each, does not have to.
func narrow(t *testing.T, what, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if n := uniseg.StringWidth(line); n > columns && !strings.HasPrefix(line, "{") {
			t.Errorf("%s: %d columns: %s", what, n, line)
		}
	}
}

// The session of docs/command.md, from an empty folder with a table in it.
func TestTranscript(t *testing.T) {
	all := sessions(t, "command.md")
	if len(all) < 8 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeReviews(t, "reviews.csv")
	relabelled(t, "reviews.csv", "praise.csv", 121)
	writeVectors(t, "vectors.txt")
	play(t, all)
	for _, picture := range []string{"loss.svg", "confusion.png"} {
		if info, err := os.Stat(picture); err != nil || info.Size() < 2000 {
			t.Errorf("%s: %v, %v", picture, info, err)
		}
	}
}

// arguments cuts a command at its blanks, but for those between double quotes.
func arguments(command string) []string {
	var out []string
	for i, part := range strings.Split(command, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

// stdin has the standard input give a text.
func stdin(t *testing.T, text string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	saved := os.Stdin
	os.Stdin = f
	t.Cleanup(func() {
		os.Stdin = saved
		f.Close()
	})
}
