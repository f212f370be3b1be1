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

// creators are the functions of package os that make or replace files.
var creators = []string{"WriteFile", "Create", "CreateTemp", "Rename", "OpenFile", "Link", "Symlink", "Truncate"}

// writers are the files that may call them, and why they cannot use atomicfile.
var writers = map[string]string{
	"internal/atomicfile/":                      "it is the one way for all others",
	"nn/train/events/tensorboard.go":            "TensorBoard reads a log while it grows",
	"internal/command/train_log.go":             "a log grows",
	"internal/damage/":                          "its files are damaged on purpose, in a folder of its own",
	"datasets/catalog/internal/fetch/part.go":   "a download that goes on where it broke off",
	"datasets/catalog/internal/fetch/lock.go":   "a lock, without contents",
	"datasets/catalog/internal/fetch/accept.go": "a whole download gets its name",
}

// Files are written through internal/atomicfile: whole or not at all.
func TestFilesAreWrittenInOneWay(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || slices.Contains([]string{"testdata", "benchmarks", "docs"}, d.Name()) || hasModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		for w := range writers {
			if strings.HasPrefix(rel, w) {
				return nil
			}
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(creators, s.Sel.Name) {
				return true
			}
			if from, ok := s.X.(*ast.Ident); ok && from.Name == "os" {
				t.Errorf("%s: os.%s; want internal/atomicfile, which writes files whole or not at all", set.Position(s.Pos()), s.Sel.Name)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
