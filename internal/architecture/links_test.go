package architecture

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// Tests that a page names are there.
func TestNamedTestsExist(t *testing.T) {
	root := filepath.Join("..", "..")
	there := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`).FindAllStringSubmatch(string(raw), -1) {
			there[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, path := range append(pages, filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w+`).FindAllString(fence.ReplaceAllString(string(raw), ""), -1) {
			named++
			if !there[name] {
				t.Errorf("%s names %s, which is not there", path, name)
			}
		}
	}
	if named < 10 {
		t.Errorf("only %d names of tests were found", named)
	}
}

// page is a file of Markdown.
type page struct {
	links   []string // as they are written
	anchors []string // of its headings
}

var (
	fence   = regexp.MustCompile("(?ms)^```.*?^```")
	link    = regexp.MustCompile(`\]\(<?([^)\s>]*)>?(?: "[^"]*")?\)`)
	image   = regexp.MustCompile(`<img[^>]*src="([^"]*)"`)
	code    = regexp.MustCompile("`[^`]*`")
	heading = regexp.MustCompile(`^#{1,6} +(.*?) *#*$`)
)

// Links between pages lead to files that are there, and to headings that they have.
func TestLinks(t *testing.T) {
	root := filepath.Join("..", "..")
	pages := map[string]page{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !d.IsDir() && strings.HasSuffix(path, ".md") {
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			pages[path] = parsePage(string(raw))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	links, outside := 0, 0
	for path, p := range pages {
		for _, l := range p.links {
			if strings.Contains(l, "://") || strings.HasPrefix(l, "mailto:") {
				if outside++; !strings.HasPrefix(l, "https://") && !strings.HasPrefix(l, "http://localhost") && !strings.HasPrefix(l, "mailto:") {
					t.Errorf("%s: the link to %s is not one by https", path, l)
				}
				continue
			}
			links++
			file, anchor, _ := strings.Cut(l, "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link to %s leads nowhere", path, l)
				continue
			}
			if anchor != "" && !slices.Contains(pages[target].anchors, anchor) {
				t.Errorf("%s: the link to %s: there are the headings %v", path, l, pages[target].anchors)
			}
		}
	}
	if links < 350 {
		t.Errorf("only %d links were found", links)
	}
	t.Logf("%d pages, %d links to other places of the repository, %d to others", len(pages), links, outside)
	reachable(t, pages, filepath.Join(root, "README.md"))
	onTheMap(t, pages, filepath.Join(root, "docs"))
}

// onTheMap fails for pages of a folder that its README does not name itself.
func onTheMap(t *testing.T, pages map[string]page, dir string) {
	t.Helper()
	named := map[string]bool{}
	for _, l := range pages[filepath.Join(dir, "README.md")].links {
		file, _, _ := strings.Cut(l, "#")
		named[filepath.Join(dir, filepath.FromSlash(file))] = true
	}
	for path := range pages {
		if filepath.Dir(path) == dir && filepath.Base(path) != "README.md" && !named[path] {
			t.Errorf("the map of %s does not lead to %s", dir, path)
		}
	}
}

// reachable fails for pages of the documentation to which no link leads from the first one, by way of others.
func reachable(t *testing.T, pages map[string]page, first string) {
	seen, next := map[string]bool{first: true}, []string{first}
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		for _, l := range pages[path].links {
			file, _, _ := strings.Cut(l, "#")
			target := filepath.Join(filepath.Dir(path), filepath.FromSlash(file))
			if _, ok := pages[target]; ok && !seen[target] {
				seen[target], next = true, append(next, target)
			}
		}
	}
	for path := range pages {
		if !seen[path] && strings.Contains(filepath.ToSlash(path), "/docs/") {
			t.Errorf("no link leads from %s to %s", first, path)
		}
	}
}

func parsePage(text string) (p page) {
	fenced := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
			continue
		}
		if fenced {
			continue
		}
		if m := heading.FindStringSubmatch(line); m != nil {
			p.anchors = append(p.anchors, anchorOf(m[1]))
		}
		plain := code.ReplaceAllString(line, "`x`")
		for _, m := range slices.Concat(link.FindAllStringSubmatch(plain, -1), image.FindAllStringSubmatch(plain, -1)) {
			p.links = append(p.links, m[1])
		}
	}
	return p
}

// anchorOf is the name that GitHub gives a heading: small letters, digits, hyphens for spaces.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
}
