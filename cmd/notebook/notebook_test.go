package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const notebooks = "../../docs/notebooks"

// All cells of all notebooks run, and show what the files have.
func TestNotebooks(t *testing.T) {
	kernel := filepath.Join(t.TempDir(), "unroll-kernel")
	if err := build(kernel); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(notebooks, "*.ipynb"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d notebooks: %v", len(files), err)
	}
	out, err := exec.Command(kernel, append([]string{"run"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), " ok\n"); n != len(files) {
		t.Errorf("%d of %d notebooks ran", n, len(files))
	}
	t.Run("a cell that fails is named", func(t *testing.T) {
		failing := filepath.Join(t.TempDir(), "failing.ipynb")
		cell := `{"cells": [{"cell_type": "code", "source": ["x := 1\n", "y"], "outputs": []}], "nbformat": 4}`
		if err := os.WriteFile(failing, []byte(cell), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(kernel, "run", failing).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "cell 1: repl.go:2:1: undefined identifier: y") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("a mistake is explained", func(t *testing.T) {
		for cell, want := range map[string]string{
			"import \"fmt\"\nfmt.Printn(1)":                                     "repl.go:2:1: package fmt has no Printn (similar: Print, Printf, Println)",
			"import \"github.com/unroll-go/unroll/nn/train/chart\"\nchart.Loss": "package chart has no Loss (similar: Losses)",
			"import (\n\"fmt\"\n\"github.com/unroll-go/unroll/recurent\"\n)\nfmt.Println()": "the kernel has no such package " +
				"(similar: github.com/unroll-go/unroll/recurrent)",
			"import \"slices\"": "the kernel has no such package. It has those of Unroll, Gorgonia, tensor and of Go itself",
		} {
			text, err := json.Marshal(map[string]any{"nbformat": 4, "cells": []any{
				map[string]any{"cell_type": "code", "source": cell, "outputs": []any{}}}})
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "mistake.ipynb")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(kernel, "run", file).CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
				t.Errorf("%s: %v\n%s", cell, err, out)
			}
		}
	})
	t.Run("what is shown otherwise is an error", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "other.ipynb")
		cell := `{"cells": [{"cell_type": "code", "source": "1 + 1", "outputs": []}], "nbformat": 4}`
		if err := os.WriteFile(other, []byte(cell), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(kernel, "run", other).CombinedOutput(); err == nil || !strings.Contains(string(out), "text/plain: 2") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("install", func(t *testing.T) {
		dir := t.TempDir()
		install := exec.Command(kernel, "install")
		install.Env = append(os.Environ(), "JUPYTER_DATA_DIR="+dir)
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		text, err := os.ReadFile(filepath.Join(dir, "kernels", "unroll", "kernel.json"))
		if err != nil {
			t.Fatal(err)
		}
		var spec struct{ Argv []string }
		if err := json.Unmarshal(text, &spec); err != nil || !slices.Equal(spec.Argv, []string{kernel, "{connection_file}"}) {
			t.Errorf("%s: %v", text, err)
		}
	})
}

// Every picture of a notebook is there, and no output is an error.
func TestOutputsAreStored(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(notebooks, "*.ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `"image/svg+xml"`) || !strings.Contains(string(text), `"image/png"`) {
			t.Errorf("%s has no picture; run: unroll-kernel run -write", f)
		}
		if strings.Contains(string(text), `"output_type": "error"`) {
			t.Errorf("%s shows an error", f)
		}
	}
}

// A notebook can import every package of the library that a program can.
func TestAllPackagesAreLinked(t *testing.T) {
	cmd := exec.Command("go", "list", "-f", "{{.Name}} {{.ImportPath}}", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked, err := packagesOf("kernel/packages.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		name, path, _ := strings.Cut(line, " ")
		inside := strings.Contains(path, "/internal") || strings.Contains(path, "/benchmarks") || strings.Contains(path, "/docs/") ||
			path == library // documentation alone
		if name != "main" && !inside && !slices.Contains(linked, path) {
			t.Errorf("kernel/packages.go does not import %s", path)
		}
	}
}
