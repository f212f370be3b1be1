// Package testutil has what the tests of several packages need. Only tests import it, and it imports nothing of the library.
package testutil

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Read returns the contents of a file.
func Read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Allocated is how much memory f takes in all, garbage included, in bytes. Whatever else runs meanwhile counts, too.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// WithField is a JSON object with one of its fields set to a value in JSON.
func WithField(t testing.TB, object, field, value string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &fields); err != nil {
		t.Fatal(err)
	}
	fields[field] = json.RawMessage(value)
	data, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TypesWith are the types of the package in a folder that have one of some methods, one for each such method: for tests
// that hold a table against what there is.
func TypesWith(t testing.TB, folder string, methods ...string) (out []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil {
				continue
			}
			for _, m := range methods {
				if m == f.Name.Name {
					out = append(out, strings.TrimPrefix(types.ExprString(f.Recv.List[0].Type), "*"))
				}
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("%s has no type with a method %s", folder, strings.Join(methods, " or "))
	}
	return out
}
