package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// There is a manual page for every command, with its flags.
func TestManualPages(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man1")
	must(t, "man", dir)
	for _, c := range rootCommand().Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			continue
		}
		page, err := os.ReadFile(filepath.Join(dir, "unroll-"+c.Name()+".1"))
		if err != nil {
			t.Fatal(err)
		}
		if c.Name() == "train" && (!strings.Contains(string(page), "zoneout") || !strings.Contains(string(page), "test_bleu") || !strings.HasPrefix(string(page), ".")) {
			t.Errorf("%s", page)
		}
	}
	if status, _, errs := capture(t, t.Context(), "man", filepath.Join(dir, "unroll-train.1")); status != 1 || !strings.Contains(errs, "not a directory") {
		t.Errorf("%d %s", status, errs)
	}
}
