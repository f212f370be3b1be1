package graph

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Every operation of package op, those yet to come included, has a rule: its derivative, or that it has none.
func TestEveryOperationHasARule(t *testing.T) {
	ruled := map[string]bool{}
	for of := range rules {
		for of.Name() == "" {
			of = of.Elem()
		}
		ruled[of.Name()] = true
	}
	paths, err := filepath.Glob("../internal/op/*.go")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, len(paths))
	}
	found := 0
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Bind" || strings.HasSuffix(path, "_test.go") {
				continue
			}
			of := f.Recv.List[0].Type
			if p, ok := of.(*ast.StarExpr); ok {
				of = p.X
			}
			found++
			if name := of.(*ast.Ident).Name; !ruled[name] {
				t.Errorf("%s: op.%s has no rule: differentiate, or constant, in the file of the Graph method that makes it", path, name)
			}
		}
	}
	if found < 30 {
		t.Errorf("only %d operations were found", found)
	}
	for _, table := range []struct {
		name string
		has  int
	}{{"unary.go", len(unaryGrads)}, {"binary.go", len(binaryGrads)}} {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("../internal/op", table.name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		made := 0
		ast.Inspect(file, func(n ast.Node) bool {
			if c, ok := n.(*ast.CompositeLit); ok {
				if id, ok := c.Type.(*ast.Ident); ok && (id.Name == "Unary" || id.Name == "Binary") {
					made++
				}
			}
			return true
		})
		if made != table.has {
			t.Errorf("%s has %d operations, %d of them with a gradient", table.name, made, table.has)
		}
	}
}
