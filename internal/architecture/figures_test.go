package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// figure is a cell with a number, and units around it.
	figure = regexp.MustCompile(`^[*~±<>≈ ]*\d[\d,. ±()%*]*(to [\d,.]+ *)?(ms|s|µs|ns|MB|GB|kB|KB|GFLOP/s|tokens/s|nats|h|min)?[ )%*]*$`)
	// command is what a reader can call to get figures: in a block or in a span of code.
	command = regexp.MustCompile("(?s)(```[^`]*?|`[^`\n]*)(go run |go test |unroll(-xla)? [a-z]|python|\\.ci/|-bench |benchmarks/|record\\.py)")
	mark    = regexp.MustCompile(`(?m)^(#{1,6}) .*$`)
)

// Tables of figures stand beside the command that they come from: in their own section, or in one around it.
func TestFiguresHaveACommand(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	tables := 0
	for _, path := range pages {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sections(string(raw)) {
			for _, table := range figureTables(s.own) {
				tables++
				if !command.MatchString(s.around) {
					t.Errorf("%s: no command stands beside the figures of this table, or in a section around it:\n%s", path, table)
				}
			}
		}
	}
	if tables < 50 {
		t.Errorf("only %d tables of figures were found", tables)
	}
	t.Logf("%d tables of figures", tables)
}

// section is the text below a heading up to the next one, and that with what stands before it in the sections around it.
type section struct{ own, around string }

func sections(page string) (all []section) {
	type open struct {
		level int
		text  string
	}
	var stack []open
	page = "\n" + page
	hidden := fence.ReplaceAllStringFunc(page, func(s string) string { return strings.Repeat("x", len(s)) }) // # begins comments there
	starts := append([][]int{{0, 0, 0, 0}}, mark.FindAllStringSubmatchIndex(hidden, -1)...)
	for i, at := range starts {
		end := len(page)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		level, own := at[3]-at[2], page[at[0]:end]
		for len(stack) > 0 && stack[len(stack)-1].level >= level {
			stack = stack[:len(stack)-1]
		}
		stack = append(stack, open{level, own})
		around := ""
		for _, o := range stack {
			around += o.text
		}
		all = append(all, section{own, around})
	}
	return all
}

// figureTables are the tables whose cells are figures for the most part, the first column left out.
func figureTables(text string) (found []string) {
	for _, table := range regexp.MustCompile(`(?m)(^\|.*\n)+`).FindAllString(fence.ReplaceAllString(text, "")+"\n", -1) {
		cells, figures := 0, 0
		for i, row := range strings.Split(strings.TrimSpace(table), "\n") {
			if i < 2 { // the head, and the line below it
				continue
			}
			for _, c := range strings.Split(strings.Trim(row, "| "), "|")[1:] {
				if cells++; figure.MatchString(strings.TrimSpace(c)) {
					figures++
				}
			}
		}
		if figures*5 > cells*2 {
			found = append(found, table)
		}
	}
	return found
}

func TestFigureTables(t *testing.T) {
	const page = "# A\n\nwords\n\n## B\n\n```sh\n# a comment\ngo test -bench X .\n```\n\n### C\n\n| x | y |\n|---|---|\n| a | 12 ms |\n\n" +
		"## D\n\n| x | y | z |\n|---|---|---|\n| a | **1,234** ±2 % | 3.5 |\n| b | words | 7 (6 to 8) |\n\n| x | y |\n|---|---|\n| a | words |\n"
	found, without := 0, 0
	for _, s := range sections(page) {
		for range figureTables(s.own) {
			found++
			if !command.MatchString(s.around) {
				without++
			}
		}
	}
	if found != 2 || without != 1 {
		t.Errorf("%d tables of figures, %d without a command; want 2, 1", found, without)
	}
}
