package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Lines and rows are read by the readers of datasets alone, which know every way to end a line, byte order marks and
// limits, and tell the line of an error. bufio's and csv's own know only some. The catalogue reads files whose contents are
// known by their hash.
func TestLinesAreReadByDatasets(t *testing.T) {
	own := []string{"NewScanner", "ReadString", "ReadLine", "csv.NewReader"}
	root, found := filepath.Join("..", ".."), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || d.Name() == "peers") {
			if err == nil {
				err = filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		inside := strings.HasPrefix(filepath.ToSlash(path), "../../datasets/") ||
			strings.HasSuffix(filepath.ToSlash(path), "internal/command/train_log.go") || // a log of the library's own
			strings.HasSuffix(filepath.ToSlash(path), "internal/command/watch_series.go") // the first line of a table alone, as more may not have come
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			name := s.Sel.Name
			if x, ok := s.X.(*ast.Ident); ok && name == "NewReader" {
				name = x.Name + "." + name
			}
			if slices.Contains(own, name) {
				found++
				if !inside {
					t.Errorf("%s reads lines with %s; want a reader of datasets", path, name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("not even the readers of datasets were found")
	}
}
