package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var anyBlock = regexp.MustCompile("(?ms)^```.*?^```$")

// originalOf is the page that a page is a translation of: README.vi.md is one of README.md, docs/vi/tutorial.md of
// docs/tutorial.md.
func originalOf(file string) (original string, translated bool) {
	original = strings.Replace(strings.Replace(file, ".vi.md", ".md", 1), "/vi/", "/", 1)
	return original, original != file
}

// A translation has the commands, the output and the code of its original, in the same order, to the letter.
func TestTranslationsHaveTheSameBlocks(t *testing.T) {
	root := filepath.Join("..", "..")
	blocks := func(file string) []string {
		raw, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		return anyBlock.FindAllString(string(raw), -1)
	}
	pages := 0
	for _, file := range markdown(t, root) {
		original, translated := originalOf(file)
		if !translated {
			continue
		}
		pages++
		got, want := blocks(file), blocks(original)
		if !slices.Equal(got, want) {
			t.Errorf("%s has %d blocks, %s has %d, or they differ", file, len(got), original, len(want))
		}
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("%s, block %d:\n%s\nwant\n%s", file, i+1, got[i], want[i])
				break
			}
		}
	}
	if pages < 2 {
		t.Errorf("only %d translations were found", pages)
	}
}
