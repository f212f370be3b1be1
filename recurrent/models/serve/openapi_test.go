package serve

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The document has the routes that there are, and no others.
func TestDocumentHasEveryRoute(t *testing.T) {
	var doc struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(document, &doc); err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for path, methods := range doc.Paths {
		for m := range methods {
			if m != "parameters" {
				told[strings.ToUpper(m)+" "+path] = true
			}
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "routes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile(`^(GET|POST|DELETE) (/.*)$`)
	found := map[string]bool{}
	var models []string
	ast.Inspect(file, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok {
			text := strings.Trim(l.Value, `"`)
			if strings.HasPrefix(text, "/v2/models/{model}") {
				models = append(models, text)
			}
			if m := route.FindStringSubmatch(text); m != nil {
				found[m[1]+" "+strings.TrimSuffix(m[2], "{$}")] = true
			}
		}
		return true
	})
	for _, m := range models {
		for _, r := range []string{"GET %s", "GET %s/ready", "POST %s/infer"} {
			found[fmt.Sprintf(r, m)] = true
		}
	}
	if a, b := slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(found)); !slices.Equal(a, b) {
		t.Errorf("the document has\n%s\nthe service\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
}
