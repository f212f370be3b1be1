package stablehlo

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"
	"testing"
)

// opTypes are the names of the types of internal/op that can be bound: those with a method Bind, and those that embed one.
func opTypes(t *testing.T) map[string]bool {
	packages, err := parser.ParseDir(token.NewFileSet(), "../../internal/op", nil, 0) //nolint:staticcheck // a single package without build tags
	if err != nil {
		t.Fatal(err)
	}
	types, embeds := map[string]bool{}, map[string][]string{}
	for _, f := range packages["op"].Files {
		for _, d := range f.Decls {
			if m, ok := d.(*ast.FuncDecl); ok && m.Name.Name == "Bind" && m.Recv != nil {
				types[nameOf(m.Recv.List[0].Type)] = true
			}
			declared, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, s := range declared.Specs {
				spec, ok := s.(*ast.TypeSpec)
				if !ok {
					continue
				}
				if fields, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range fields.Fields.List {
						if len(f.Names) == 0 {
							embeds[spec.Name.Name] = append(embeds[spec.Name.Name], nameOf(f.Type))
						}
					}
				}
			}
		}
	}
	for name, in := range embeds {
		for _, e := range in {
			if types[e] && ast.IsExported(name) {
				types[name] = true
			}
		}
	}
	return types
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return nameOf(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// Every operation of the library has a rule, or is refused with a reason, or is computed by the library itself.
func TestEveryOperationHasItsPlace(t *testing.T) {
	places := map[string]int{}
	name := func(r reflect.Type) string { return r.String()[strings.LastIndex(r.String(), ".")+1:] }
	for r := range rules {
		places[name(r)]++
	}
	for r, why := range refused {
		places[name(r)]++
		if why == "" {
			t.Errorf("%v is refused without a reason", r)
		}
	}
	for _, o := range []string{"RandomMask", "LogUniform", "FirstIDs", "LogUniformCount", "ComputeIDs"} { // onHost
		places[o]++
	}
	types := opTypes(t)
	if len(types) < 60 {
		t.Fatalf("found %d operations only", len(types))
	}
	for o := range types {
		if places[o] != 1 {
			t.Errorf("%s has %d places; want one: a rule, a reason in refused, or onHost", o, places[o])
		}
	}
	for o := range places {
		if !types[o] {
			t.Errorf("%s is no operation of internal/op", o)
		}
	}
}
