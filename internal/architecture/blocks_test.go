package architecture

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every block of Go that a page shows compiles. Most are parts of a program, so a block stands in a function, after the
// declarations of everywhere and of its page in given; packages are imported by their names. Variables and imports that nobody
// uses are allowed there.
func TestGoBlocksCompile(t *testing.T) {
	root := filepath.Join("..", "..")
	packages := exportsOf(t, root)
	pages, blocks := 0, 0
	for _, file := range markdown(t, root) {
		raw, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		found := goBlock.FindAllSubmatchIndex(raw, -1)
		if len(found) > 0 {
			pages++
		}
		if _, translated := originalOf(file); translated {
			continue // its blocks are those of the original
		}
		needs := given[file]
		for _, m := range found {
			blocks++
			block := string(raw[m[2]:m[3]])
			line := strings.Count(string(raw[:m[2]]), "\n") + 1
			declares, errs := packages.check(block, needs)
			for _, err := range errs {
				t.Errorf("%s:%d: %v", file, line, err)
			}
			if declares {
				needs += "\n" + block // for what follows on the page
			}
		}
	}
	t.Logf("%d blocks of %d pages compile", blocks, pages)
	if blocks < 60 {
		t.Errorf("only %d blocks were found", blocks)
	}
}

// A block that does not compile is found.
func TestGoBlocksMustCompile(t *testing.T) {
	packages := exportsOf(t, filepath.Join("..", ".."))
	for _, block := range []string{
		"y := g.NoSuchOperation(x)",
		"y := undeclared",
		"recurrent.Unroll(g, cell, x)",
		"func (c Cell) Begin() { return nope }",
		"y :=",
	} {
		if _, errs := packages.check(block, ""); len(errs) == 0 {
			t.Errorf("%q compiles", block)
		}
	}
	if _, errs := packages.check("s := recurrent.LSTM{Hidden: 3} // not used", ""); len(errs) > 0 {
		t.Error(errs)
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// markdown are the pages of the repository, by their paths in it.
func markdown(t *testing.T, root string) (out []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			f, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, filepath.ToSlash(f))
		}
	}
	return out
}

// exports are the packages that a block may use.
type exports struct {
	files  map[string]string // what the compiler wrote of a package, by import path
	byName map[string]string // the import paths of those that a user may import, by package name
}

// standard are the packages of Go that pages use.
var standard = []string{"context", "fmt", "log", "math", "net/http", "os", "strings", "testing"}

// exportsOf has the go command compile all packages, which is quick where tests have just done so.
func exportsOf(t *testing.T, root string) exports {
	t.Helper()
	all := append([]string{"list", "-export", "-deps", "-f", "{{.Name}} {{.ImportPath}} {{.Export}}"}, standard...)
	for _, dir := range []string{"datasets", "graph", "losses", "nn", "recurrent"} {
		all = append(all, "./"+dir+"/...")
	}
	list := exec.Command("go", all...)
	list.Dir = root
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	e := exports{map[string]string{}, map[string]string{"tensor": "gorgonia.org/tensor", "gorgonia": "gorgonia.org/gorgonia"}}
	for _, p := range standard {
		e.byName[path.Base(p)] = p
	}
	for line := range strings.Lines(string(out)) {
		part := strings.Fields(line)
		if len(part) != 3 {
			continue // unsafe has no file
		}
		e.files[part[1]] = part[2]
		if strings.HasPrefix(part[1], "github.com/unroll-go/unroll/") && !strings.Contains(part[1], "internal/") {
			if other, ok := e.byName[part[0]]; ok {
				t.Fatalf("two packages have the name %s: %s and %s", part[0], other, part[1])
			}
			e.byName[part[0]] = part[1]
		}
	}
	return e
}

var qualified = regexp.MustCompile(`\b([a-z]\w*)\.[A-Z]`)

var declaresFunc = regexp.MustCompile(`(?m)^\s*func [A-Z(]`)

// check type-checks a block after the declarations that it needs. A block may be a whole file, or declarations; all else
// stands in a function.
func (e exports) check(block, needs string) (declares bool, errs []error) {
	fset := token.NewFileSet()
	source := e.imports(needs+block) + needs + "\n" + block
	if strings.HasPrefix(block, "package ") {
		source = block
	}
	file, err := parser.ParseFile(fset, "block", source, 0)
	declares = err == nil && source != block
	if err != nil {
		outside := everywhere // of the function
		if declaresFunc.MatchString(needs) {
			outside, needs = outside+needs, ""
		}
		source = e.imports(outside+needs+block) + outside + "\nfunc _() {\n" + needs + "\n{\n" + block + "\n}\n}\n"
		if file, err = parser.ParseFile(fset, "block", source, 0); err != nil {
			return false, []error{err}
		}
	}
	config := types.Config{
		Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
			name, ok := e.files[path]
			if !ok {
				return nil, fmt.Errorf("%s is no package of this library, nor of those that it uses", path)
			}
			return os.Open(name)
		}),
		Error: func(err error) {
			if e, ok := err.(types.Error); ok && !e.Soft {
				at := strings.Split(source, "\n")[fset.Position(e.Pos).Line-1]
				errs = append(errs, fmt.Errorf("%s: %s", strings.TrimSpace(at), e.Msg))
			}
		},
	}
	_, _ = config.Check("block", fset, []*ast.File{file}, nil) // its errors came one by one
	return declares, errs
}

// imports begins a file, with the packages whose names it has.
func (e exports) imports(code string) string {
	var paths []string
	for _, m := range qualified.FindAllStringSubmatch(code, -1) {
		if p, ok := e.byName[m[1]]; ok {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	var b strings.Builder
	b.WriteString("package block\n")
	for _, p := range slices.Compact(paths) {
		fmt.Fprintf(&b, "import %q\n", p)
	}
	return b.String()
}
