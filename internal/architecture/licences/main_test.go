package main

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The page of licences has what is linked, each module with its version and its licence.
func TestPageHasEveryModule(t *testing.T) {
	t.Chdir("../../..")
	raw, err := os.ReadFile("docs/licences.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := linked()
	if _, listing := errors.AsType[*exec.ExitError](err); listing {
		t.Skipf("a module of another system cannot be had here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range all {
		want = append(want, m.row())
		if strings.HasSuffix(m.row(), "|  |") {
			t.Errorf("the licence of %s is not known by its words", m.path)
		}
	}
	var found []string
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| ") && strings.Contains(line, ".") && strings.Count(line, "|") == 4 {
			found = append(found, line)
		}
	}
	for _, row := range want {
		if !slices.Contains(found, row) {
			t.Errorf("docs/licences.md lacks\n%s", row)
		}
	}
	for _, row := range found {
		if !slices.Contains(want, row) && !strings.HasPrefix(row, "| module") {
			t.Errorf("docs/licences.md has what is not linked:\n%s", row)
		}
	}
}
