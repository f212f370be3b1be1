// Package architecture checks the structure of the library.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/unroll-go/unroll/"

// common packages hold rules that are the same everywhere; any package may import them, and they import none of ours.
var common = []string{
	"internal/atomicfile", "internal/dense", "internal/inputfile", "internal/texttable", "internal/weights", "internal/archive",
	"internal/fileformat", "internal/number", "internal/parallel",
}

// allowed says which packages of the library each may import. Data flows one way. For docs and benchmarks see mayImport.
var allowed = map[string][]string{
	".":                    {}, // documentation alone
	"internal/kernel":      {},
	"internal/atomicfile":  {},
	"internal/dense":       {},
	"internal/inputfile":   {},
	"internal/texttable":   {},
	"internal/weights":     {},
	"internal/archive":     {},
	"internal/number":      {},
	"internal/parallel":    {},
	"internal/fileformat":  {},
	"datasets":             {"datasets/internal/subword"},
	"internal/idxfile":     {},
	"datasets/catalog":     {"datasets", "datasets/catalog/internal/fetch", "internal/idxfile"},
	"datasets/audio":       {"datasets"},
	"internal/op":          {"internal/kernel"},
	"internal/compile":     {"internal/kernel", "internal/op"},
	"internal/listing":     {"internal/op", "internal/compile"},
	"graph":                {"internal/kernel", "internal/op", "internal/compile", "internal/listing"},
	"graph/optim":          {"graph", "internal/kernel"},
	"graph/graphtest":      {"graph"},
	"graph/stablehlo":      {"graph", "graph/optim", "internal/listing", "internal/op", "internal/compile"},
	"internal/opcases":     {"graph", "graph/graphtest"},
	"nn":                   {"graph"},
	"nn/explain":           {"graph"},
	"nn/peft":              {"graph", "nn"},
	"losses":               {"graph", "losses/distribution"},
	"losses/distribution":  {},
	"recurrent":            {"graph", "nn"},
	"recurrent/linear":     {"graph", "nn", "recurrent"},
	"recurrent/decode":     {"graph", "nn", "recurrent"},
	"datasets/tokenizer":   {"datasets", "datasets/internal/subword"},
	"recurrent/pretrained": {"graph", "nn", "nn/torch", "recurrent", "recurrent/decode", "recurrent/linear", "datasets", "datasets/tokenizer", "losses", "nn/peft", "recurrent/pretrained/internal/gguf"},

	"recurrent/pretrained/internal/gguf": {},

	"datasets/internal/subword": {},
	"recurrent/models":          {"datasets/audio", "graph", "graph/optim", "nn", "nn/explain", "nn/train", "nn/train/calibrate", "nn/train/flow", "nn/train/metric", "nn/onnx", "nn/keras", "recurrent", "recurrent/decode", "losses", "losses/distribution", "datasets", "nn/train/metric/spans", "nn/torch", "nn/peft", "recurrent/linear"},
	"recurrent/models/zoo":      {"datasets", "datasets/catalog", "nn/train", "recurrent/models"},
	"recurrent/models/serve":    {"datasets/audio", "recurrent/pretrained", "nn/explain", "datasets/tokenizer", "graph", "internal/framework", "internal/message", "internal/record", "nn/keras", "recurrent/decode", "recurrent/models", "datasets"},
	"cmd/image":                 {},
	"internal/message":          {},
	"internal/record":           {"datasets", "nn/train/metric/spans", "recurrent/models"},
	"recurrent/celltest":        {"graph", "graph/graphtest", "recurrent"},
	"nn/train":                  {"graph", "graph/optim", "datasets", "internal/kernel"},
	"nn/train/metric":           {},
	"nn/train/baseline":         {"datasets"},
	"nn/train/calibrate":        {},
	"nn/train/flow":             {"graph"},
	"nn/train/diagnose":         {"nn/train"},
	"nn/train/events":           {"graph", "nn/train"},
	"nn/train/search":           {"graph", "nn/train"},
	"nn/train/chart":            {"nn/train", "nn/train/flow", "nn/train/metric"},
	"nn/onnx":                   {"graph", "recurrent", "nn/onnx/internal/onnxpb", "internal/listing", "internal/op", "internal/compile"},
	"nn/train/metric/spans":     {},

	"nn/onnx/internal/onnxpb":  {},
	"nn/torch":                 {"graph", "nn/torch/internal/pickle"},
	"nn/torch/internal/pickle": {},
	"nn/numpy":                 {"graph"},
	"nn/modules":               {"graph", "nn", "recurrent", "losses"},

	"nn/keras":               {"graph", "nn", "recurrent", "nn/keras/internal/hdf5"},
	"nn/keras/internal/hdf5": {},

	"datasets/catalog/internal/fetch": {},
	"cmd/unroll":                      {"internal/command"},
	"internal/command": {"docs/site", "graph", "graph/optim", "nn", "nn/explain", "nn/train", "nn/train/calibrate", "nn/train/flow", "nn/train/chart", "nn/train/diagnose", "nn/train/events", "nn/train/metric",
		"nn/onnx", "nn/keras", "recurrent", "recurrent/decode", "recurrent/models", "recurrent/models/zoo", "recurrent/pretrained", "losses", "losses/distribution", "datasets", "datasets/audio", "datasets/catalog",
		"internal/kernel", "nn/train/metric/spans", "nn/train/baseline", "nn/numpy", "nn/torch", "nn/peft", "recurrent/models/serve", "internal/framework", "internal/message", "internal/record", "nn/modules"},
	"internal/framework": {"graph", "nn/keras", "nn/onnx"},
	"internal/damage":    nil, // anything
	"internal/testutil":  {},  // and no package may import it: tests do

	"internal/architecture/external": {},
	"internal/architecture/licences": {},
	"internal/architecture/rooms":    {},
	"internal/architecture/systems":  {},
}

func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	packages := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "peers" || hasModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		checkFile(t, filepath.ToSlash(rel), path)
		packages++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if packages < 30 {
		t.Errorf("only %d files were found", packages)
	}
}

// hasModule tells whether a folder is a module of its own, which has requirements of its own.
func hasModule(path string) bool {
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

func checkFile(t *testing.T, room, path string) {
	may := mayImport(room)
	if may == nil {
		t.Errorf("%s: the package %s is not in the table of who may import whom", path, room)
		return
	}
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	for _, spec := range file.Imports {
		target := strings.Trim(spec.Path.Value, `"`)
		if strings.HasPrefix(target, "gorgonia.org/gorgonia") && room != "graph" {
			t.Errorf("%s imports %s; only graph may", path, target)
		}
		if target == "C" {
			t.Errorf("%s uses cgo", path)
		}
		if local, ours := strings.CutPrefix(target, module); ours && !may(local) && !slices.Contains(common, local) {
			t.Errorf("%s imports %s; %s may not", path, local, room)
		}
	}
}

// mayImport tells what a package of ours may import; nil if nobody has said so.
func mayImport(room string) func(string) bool {
	list, known := allowed[room]
	switch {
	case strings.HasPrefix(room, "docs/examples/"): // they show what any program can do
		return func(p string) bool {
			return public(p) || strings.HasPrefix(p, "docs/examples/internal/") || strings.HasPrefix(p, "docs/internal/")
		}
	case room == "docs/site", strings.HasPrefix(room, "docs/site/"), strings.HasPrefix(room, "docs/internal/"):
		return func(p string) bool {
			return public(p) || p == "docs/site" || strings.HasPrefix(p, "docs/site/") || strings.HasPrefix(p, "docs/internal/")
		}
	case strings.HasPrefix(room, "benchmarks/"):
		return func(p string) bool { return public(p) || p == "internal/kernel" || strings.HasPrefix(p, "benchmarks/") }
	case !known:
		return nil
	case list == nil:
		return func(string) bool { return true }
	}
	return func(p string) bool { return slices.Contains(list, p) }
}

// public tells whether users can import a package.
func public(p string) bool {
	top, _, _ := strings.Cut(p, "/")
	return slices.Contains([]string{"graph", "nn", "recurrent", "losses", "datasets"}, top) && !slices.Contains(strings.Split(p, "/"), "internal")
}
