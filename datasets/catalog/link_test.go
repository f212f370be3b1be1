package catalog

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A program contains the shipped sets that it mentions, and no others. The catalogue mentions none.
func TestLinkedSets(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	sets := map[string][]byte{
		"CMUdict": cmudictGzip, "Names": namesGzip, "Spam": spamGzip, "Digits": digitsGzip, "CO2": co2Gzip, "Sunspots": sunspotsGzip, "Weather": weatherGzip,
	}
	kingJames, err := os.ReadFile("../kingjames/kingjames.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	sets["KingJames"] = kingJames
	for use, wanted := range map[string]string{
		"catalog.All()": "", "catalog.Find(os.Args[0])": "", "catalog.Download(context.Background(), catalog.All()[3], catalog.Options{})": "",
		"catalog.MNIST.Load(context.Background(), catalog.Options{})":     "",
		"catalog.Digits.Load(context.Background(), catalog.Options{})":    "Digits",
		"catalog.KingJames.Load(context.Background(), catalog.Options{})": "KingJames",
	} {
		program := build(t, use)
		for name, packed := range sets {
			if within := bytes.Contains(program, packed); within != (name == wanted) {
				t.Errorf("a program with %s has %s in it: %v", use, name, within)
			}
		}
		t.Logf("%9d bytes: %s", len(program), use)
	}
}

// build compiles a program that makes one call, and returns its bytes.
func build(t *testing.T, call string) []byte {
	t.Helper()
	folder := t.TempDir()
	source := "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\t\"os\"\n\n\t\"github.com/unroll-go/unroll/datasets/catalog\"\n)\n\n" +
		"func main() {\n\t_, _ = context.Background(), os.Args\n\tfmt.Println(" + call + ")\n}\n"
	main := filepath.Join(folder, "main.go")
	if err := os.WriteFile(main, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(folder, "program")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, main).CombinedOutput(); err != nil {
		if strings.Contains(err.Error(), "executable file not found") {
			t.Skip("no go command")
		}
		t.Fatalf("%v: %s", err, out)
	}
	raw, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
