package catalog

import (
	"os"
	"strings"
	"testing"
)

// The documents list every set, by its name.
func TestDocuments(t *testing.T) {
	raw, err := os.ReadFile("../../docs/datasets.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range All() {
		line := ""
		for l := range strings.SplitSeq(string(raw), "\n") {
			if cells := strings.Split(l, "|"); len(cells) > 2 && strings.Contains(cells[1], "`"+info.Name+"`") {
				line = l
			}
		}
		if line == "" {
			t.Errorf("%s has no line", info.Name)
			continue
		}
		if info.Shipped != strings.Contains(line, "; shipped") {
			t.Errorf("shipped or not: %s", line)
		}
		if info.Shipped && info.Rows > 0 && info.Name != "kingjames" && !strings.Contains(line, grouped(info.Rows)) {
			t.Errorf("%d rows: %s", info.Rows, line)
		}
	}
}
