package main

import (
	"embed"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"golang.org/x/mod/modfile"
)

const (
	gophernotes = "github.com/gopherdata/gophernotes"
	library     = "github.com/unroll-go/unroll"
)

// added are the files of the kernel that are ours. They stand beside those of gophernotes, whose functions they call.
//
//go:embed kernel/*.go
var added embed.FS

// patch is what one file of gophernotes 0.7.5 needs. It was made for an older interpreter.
type patch struct {
	file, old, new string
	times          int
}

var patches = []patch{
	// The interface has this method with a map since 0.7.4; the stand-in for types of a notebook was left behind.
	{"x_package.go", "JSON_  func(interface{}) string", "JSON_  func(interface{}) map[string]interface{}", 1},
	{"x_package.go", "JSON() string {", "JSON() map[string]interface{} {", 1},
	// Our interpreter: it can be interrupted, and what is logged reaches the cell.
	{"kernel.go", "ir := interp.New()", "ir := newInterpreter()", 1},
	{"kernel.go", "vals, types, executionErr := doEval(ir, outerr, code)", "vals, types, executionErr := evaluate(ir, outerr, code)", 1},
	{"main.go", "// Parse the connection file.\n\tflag.Parse()", "if command() {\n\t\treturn\n\t}\n\tflag.Parse()", 1},
}

// build writes the kernel's binary: gophernotes, our files, and tables of the packages, compiled as a module of their own in a
// temporary folder, with the versions that this module's go.mod and go.sum name.
func build(out string) error {
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	here, err := moduleOf("")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "unroll-kernel-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyKernel(here.Dir, dir); err != nil {
		return err
	}
	if err := writeModule(here.Dir, dir); err != nil {
		return err
	}
	list, err := packagesOf(filepath.Join(dir, "packages.go"))
	if err != nil {
		return err
	}
	if err := writeTables(dir, list); err != nil {
		return err
	}
	return run(dir, "go", "build", "-tags", "kernel", "-trimpath", "-ldflags", "-s -w", "-o", out, ".")
}

// module is what `go list -m -json` tells of a module.
type module struct{ Path, Dir, Version string }

// moduleOf tells about a module that this one requires; "" is this one.
func moduleOf(path string) (module, error) {
	args := []string{"list", "-m", "-json"}
	if path != "" {
		args = append(args, path)
	}
	cmd := exec.Command("go", args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return module{}, errors.Wrapf(err, "go list -m %s", path)
	}
	var m module
	if err := json.Unmarshal(text, &m); err != nil {
		return m, errors.Wrap(err, "reading what go list wrote")
	}
	return m, nil
}

// copyKernel puts the sources of gophernotes, patched, and ours into one folder.
func copyKernel(here, dir string) error {
	if err := run(here, "go", "mod", "download", gophernotes); err != nil {
		return err
	}
	m, err := moduleOf(gophernotes)
	if err != nil {
		return err
	}
	for _, name := range []string{"complete.go", "display.go", "image.go", "kernel.go", "main.go", "messages.go", "x_package.go", "imports/a_package.go"} {
		text, err := os.ReadFile(filepath.Join(m.Dir, name))
		if err != nil {
			return err
		}
		text, err = applyPatches(name, text)
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	ours, err := added.ReadDir("kernel")
	if err != nil {
		return err
	}
	for _, f := range ours {
		text, err := added.ReadFile("kernel/" + f.Name())
		if err != nil {
			return err
		}
		if err := write(filepath.Join(dir, f.Name()), text); err != nil {
			return err
		}
	}
	return nil
}

func applyPatches(name string, text []byte) ([]byte, error) {
	s := string(text)
	for _, p := range patches {
		if p.file != name {
			continue
		}
		if n := strings.Count(s, p.old); n != p.times {
			return nil, errors.Errorf("%s of gophernotes has %q %d times, want %d: it is another version than the patches were made for",
				name, p.old, n, p.times)
		}
		s = strings.ReplaceAll(s, p.old, p.new)
	}
	return []byte(s), nil
}

// writeModule writes a go.mod with the requirements of this module. Gophernotes is the main module there; the library stays
// where it is.
func writeModule(here, dir string) error {
	text, err := os.ReadFile(filepath.Join(here, "go.mod"))
	if err != nil {
		return err
	}
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	for _, t := range f.Tool {
		if err := f.DropTool(t.Path); err != nil {
			return err
		}
	}
	if err := f.AddModuleStmt(gophernotes); err != nil {
		return err
	}
	if err := f.DropRequire(gophernotes); err != nil {
		return err
	}
	if err := f.AddReplace(library, "", filepath.Join(here, "..", ".."), ""); err != nil {
		return err
	}
	f.Cleanup()
	if text, err = f.Format(); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "go.mod"), text); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(here, "go.sum"))
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, "go.sum"), sums)
}

// packagesOf lists what a file imports.
func packagesOf(path string) ([]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, i := range f.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// run runs a command in a folder. The kernel is built without cgo, so that it runs wherever it is copied to.
func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod")
	return errors.Wrapf(cmd.Run(), "%s %s", name, strings.Join(args, " "))
}
