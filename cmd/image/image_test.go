package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// buildBinary builds a small command of the main module.
func buildBinary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "unroll")
	build := exec.Command("go", "build", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// The same files give the same digest, and the layout is a valid one.
func TestImageIsReproducible(t *testing.T) {
	dir := t.TempDir()
	model := filepath.Join(dir, "m.safetensors")
	if err := os.WriteFile(model, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	i := image{binary: buildBinary(t), models: []string{model}, os: "linux", arch: "amd64"}
	first, err := i.write(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := i.write(filepath.Join(dir, "b"))
	if err != nil || first != second {
		t.Errorf("%v: digests %s and %s", err, first, second)
	}
	index, err := layout.ImageIndexFromPath(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	if _, err := i.write(filepath.Join(dir, "a")); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("error %v", err)
	}
	sbom, err := sbomOf(i.binary)
	if err != nil || !strings.Contains(string(sbom), "github.com/google/go-containerregistry") || !strings.Contains(string(sbom), `"bomFormat": "CycloneDX"`) {
		t.Errorf("%v: %s", err, sbom)
	}
}

func TestImageRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no program"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, i := range map[string]image{
		"built by Go":              {binary: text},
		"no such file":             {binary: "nowhere"},
		"two models are called m.": {binary: buildBinary(t), models: []string{"a/m.x", "b/m.x"}},
	} {
		if _, err := i.write(filepath.Join(t.TempDir(), "out")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v; want %q", err, want)
		}
	}
}
