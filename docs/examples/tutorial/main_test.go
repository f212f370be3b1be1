package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The tutorial shows this program, to the letter.
func TestTutorialShowsTheProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(program), "package main\n")
	if code == "" || !strings.Contains(string(page), "```go\npackage main\n"+code+"```\n") {
		t.Error("docs/tutorial.md shows another program")
	}
}

// The program learns what is easily learned, and leaves a model.
func TestLearn(t *testing.T) {
	t.Chdir(t.TempDir())
	var table strings.Builder
	table.WriteString("text,label\n")
	for i := range 200 {
		fmt.Fprintf(&table, "%cowalczyk,Polish\n%ciovannini,Italian\n", 'A'+i%26, 'A'+i%26)
	}
	if err := os.WriteFile("names.csv", []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := learn("names.csv", 2); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat("languages.safetensors"); err != nil || info.Size() < 10_000 {
		t.Errorf("%v, %v", info, err)
	}
	if err := learn("nothing.csv", 2); err == nil || !strings.Contains(err.Error(), "nothing.csv") {
		t.Errorf("a table that is not there: %v", err)
	}
}
