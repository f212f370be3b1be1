package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// overwriters are the functions of the library that may write, rename or remove files, and why none of them loses what
// somebody else wrote. Who adds one has thought of that. Functions that are called Save or Write are told where to write by
// their caller: they replace what is there, and do so at once (internal/atomicfile) or not at all.
var overwriters = map[string]string{
	"datasets EncodeFile":             "only where nothing is, or ids (TestEncodeFileOverwritesNothing)",
	"nn/train/events NewTensorBoard":  "a new file, O_EXCL",
	"nn/train/chart Save":             "",
	"graph WriteSafetensors":          "",
	"datasets Save":                   "",
	"nn/onnx Write":                   "",
	"nn/keras Write":                  "",
	"nn/numpy Write":                  "",
	"nn/torch Write":                  "",
	"nn/peft Save":                    "",
	"recurrent/pretrained saveMerged": "SaveMerged, which is told where to write",
	fetch + " openPart":               "the download's own file, NAME.part",
	fetch + " begin":                  "the note about it, NAME.part.json",
	fetch + " discard":                "both of these",
	fetch + " accept":                 "gives a download its name, where nothing was, with the lock held",
	fetch + " remember":               "NAME.sha256, where there is none (TestRecordsStay)",
	fetch + " lock":                   ".lock, never emptied",
}

const fetch = "datasets/catalog/internal/fetch"

// destructive are the functions that can change files. Of atomicfile it is all.
var destructive = map[string]bool{
	"WriteFile": true, "Create": true, "OpenFile": true, "Rename": true, "Remove": true, "RemoveAll": true, "Truncate": true, "Link": true, "Symlink": true, "CopyFS": true,
}

func TestNothingIsOverwrittenUnasked(t *testing.T) {
	root := filepath.Join("..", "..")
	found := map[string]bool{}
	for _, top := range []string{"datasets", "graph", "losses", "nn", "recurrent"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			for _, d := range file.Decls {
				if call := overwrites(d); call != "" {
					name := filepath.ToSlash(rel) + " " + nameOf(d)
					found[name] = true
					if _, ok := overwriters[name]; !ok {
						t.Errorf("%s: %s calls %s, and is not in the table of who may", path, nameOf(d), call)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 10 {
		t.Errorf("only %d writers were found: %v", len(found), found)
	}
}

func nameOf(d ast.Decl) string {
	if f, ok := d.(*ast.FuncDecl); ok {
		return f.Name.Name
	}
	return "a variable"
}

// overwrites returns the first call in a declaration that can change files.
func overwrites(d ast.Decl) string {
	call := ""
	ast.Inspect(d, func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if !ok || call != "" {
			return call == ""
		}
		if of, ok := s.X.(*ast.Ident); ok && (of.Name == "os" && destructive[s.Sel.Name] || of.Name == "atomicfile") {
			call = of.Name + "." + s.Sel.Name
		}
		return true
	})
	return call
}
