package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The page of equations has a line for every cell, beside a link to the file that has it.
func TestEquationsOfEveryCell(t *testing.T) {
	root := filepath.Join("..", "..")
	raw, err := os.ReadFile(filepath.Join(root, "docs", "equations.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(raw), "\n")
	// What wraps other cells has no equations of its own.
	wrappers := map[string]bool{"Attentive": true, "OneToMany": true, "OneToOne": true, "Stack": true, "Zoneout": true}
	cells := 0
	for _, dir := range []string{"recurrent", "recurrent/linear"} {
		for file, names := range cellsIn(t, filepath.Join(root, filepath.FromSlash(dir))) {
			for _, name := range names {
				if wrappers[name] {
					continue
				}
				cells++
				link := "](../" + dir + "/" + file + ")"
				found := false
				for _, line := range lines {
					found = found || strings.HasPrefix(line, "| `"+name+"` (") && strings.Contains(line, link)
				}
				if !found {
					t.Errorf("docs/equations.md has no line for %s of %s/%s", name, dir, file)
				}
			}
		}
	}
	if cells < 35 {
		t.Errorf("only %d cells were found", cells)
	}
}

// cellsIn are the exported types of a folder with methods Begin and Step, by file.
func cellsIn(t *testing.T, dir string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		methods := map[string]int{}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Begin" && f.Name.Name != "Step" {
				continue
			}
			// Begin(g, batch) and Step(g, x, state), with the receiver's type.
			if receiver, ok := f.Recv.List[0].Type.(*ast.Ident); ok && receiver.IsExported() && isCellMethod(f) {
				methods[receiver.Name]++
			}
		}
		for name, n := range methods {
			if n == 2 {
				out[filepath.Base(path)] = append(out[filepath.Base(path)], name)
			}
		}
	}
	return out
}

// isCellMethod tells the methods of cells from those of models, which have other arguments.
func isCellMethod(f *ast.FuncDecl) bool {
	arguments := 0
	for _, field := range f.Type.Params.List {
		arguments += max(len(field.Names), 1)
	}
	results := f.Type.Results.NumFields()
	return f.Name.Name == "Begin" && arguments == 2 && results == 1 || f.Name.Name == "Step" && arguments == 3 && results == 2
}
