// Command systems type-checks the packages of the library, and those that they import, for other systems. It finds what a
// build would (files that are left out, names that are missing, numbers too large for an int) in a fraction of the time,
// because nothing is compiled, and of what is not ours only the declarations are read.
//
//	go run ./internal/architecture/systems windows/amd64 js/wasm
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

func main() {
	failed := len(os.Args) < 2
	for _, target := range os.Args[1:] {
		n, err := check(target)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", target, err)
			failed = true
			continue
		}
		fmt.Printf("%s: %d packages\n", target, n)
	}
	if failed {
		os.Exit(1)
	}
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	ImportMap       map[string]string // of packages that the standard library has copies of
	DepOnly         bool              // not ours
}

// check type-checks all packages for a target such as windows/amd64, and returns how many of them are ours.
func check(target string) (ours int, err error) {
	system, arch, ok := strings.Cut(target, "/")
	sizes := types.SizesFor("gc", arch)
	if !ok || sizes == nil {
		return 0, errors.New("want a system and an architecture such as windows/amd64")
	}
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,DepOnly", "./...")
	cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH="+arch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, err
	}
	known := map[string]*types.Package{"unsafe": types.Unsafe}
	for list := json.NewDecoder(strings.NewReader(string(out))); ; { // those that are imported come first
		var p listed
		switch err := list.Decode(&p); {
		case err == io.EOF:
			return ours, nil
		case err != nil:
			return 0, err
		case known[p.ImportPath] != nil:
			continue
		}
		if known[p.ImportPath], err = p.check(known, sizes); err != nil {
			return 0, err
		}
		if !p.DepOnly {
			ours++
		}
	}
}

func (p listed) check(known map[string]*types.Package, sizes types.Sizes) (*types.Package, error) {
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		if here, err := os.Getwd(); err == nil && !p.DepOnly {
			if path, err = filepath.Rel(here, path); err != nil {
				return nil, err
			}
		}
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	config := types.Config{Sizes: sizes, IgnoreFuncBodies: p.DepOnly, FakeImportC: true, Importer: importer{known, p.ImportMap}}
	return config.Check(p.ImportPath, set, files, nil)
}

// importer gives out packages that are checked already.
type importer struct {
	known map[string]*types.Package
	names map[string]string
}

func (i importer) Import(path string) (*types.Package, error) {
	if other, ok := i.names[path]; ok {
		path = other
	}
	if p := i.known[path]; p != nil {
		return p, nil
	}
	return nil, errors.Errorf("%s is not listed before its importer", path)
}
