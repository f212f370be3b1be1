package catalog

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		"KingJames": kingJamesGzip,
	}
	for _, c := range []struct{ calls, wanted string }{
		{"catalog.Download(ctx, catalog.All()[3], o)\n\tcatalog.MNIST.Load(ctx, o)\n\tcatalog.Tatoeba(os.Args[0]).Load(ctx, o)", ""},
		{"catalog.KingJames\n\tcatalog.Digits.Load(ctx, o)", "KingJames Digits"},
	} {
		program := build(t, c.calls)
		for name, packed := range sets {
			if within := bytes.Contains(program, packed); within != slices.Contains(strings.Fields(c.wanted), name) {
				t.Errorf("a program with %q has %s in it: %v", c.calls, name, within)
			}
		}
		t.Logf("%d bytes: %q", len(program), c.calls)
	}
}

// build compiles a program that uses a value and makes calls, and returns its bytes.
func build(t *testing.T, calls string) []byte {
	t.Helper()
	folder := t.TempDir()
	source := "package main\n\nimport (\n\t\"context\"\n\t\"fmt\"\n\t\"os\"\n\n\t\"github.com/unroll-go/unroll/datasets/catalog\"\n)\n\n" +
		"func main() {\n\tctx, o := context.Background(), catalog.Options{Folder: os.Args[0]}\n\tvalue := " + calls + "\n\tfmt.Println(value)\n}\n"
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
