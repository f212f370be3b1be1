package datasets

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
)

// taggedLooksAhead is how many bytes of a file the format is found out by.
const taggedLooksAhead = 1 << 16

// lookAhead returns the beginning of a file as text, and a reader that gives it again.
func lookAhead(r io.Reader) (string, io.Reader) {
	start := make([]byte, taggedLooksAhead)
	n, err := io.ReadFull(r, start)
	start = start[:n]
	text, _ := io.ReadAll(newSource(bytes.NewReader(start), false))
	rest := r
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		rest = failing{err}
	}
	return string(text), io.MultiReader(bytes.NewReader(start), rest)
}

// failing is a reader of an error.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// formatOfTags finds out the format of a file that begins so; "" if it is none.
func formatOfTags(name, start string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".conllu":
		return FormatCoNLLU
	case ".jsonl", ".ndjson":
		return FormatJSONL
	}
	lines := strings.Split(start, "\n")
	if len(start) >= taggedLooksAhead {
		lines = lines[:len(lines)-1] // the last may be cut
	}
	tabs, treebank, seen := true, true, 0
	width := 0
	for _, line := range lines {
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "-DOCSTART-") {
			treebank = treebank && !strings.HasPrefix(line, "-DOCSTART-")
			continue
		}
		if seen == 0 && strings.HasPrefix(strings.TrimSpace(line), "{") {
			return FormatJSONL
		}
		n := strings.Count(line, "\t")
		if strings.HasPrefix(line, "#") && n != 9 && treebank {
			continue // a comment, if this is a treebank
		}
		if seen == 0 {
			width = n
		}
		seen++
		treebank = treebank && n == 9 && line[0] >= '0' && line[0] <= '9'
		tabs = tabs && n > 0 && n == width
	}
	switch {
	case seen == 0:
		return ""
	case treebank:
		return FormatCoNLLU
	case tabs:
		return FormatTSV
	}
	return FormatColumns
}
