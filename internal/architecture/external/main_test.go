package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLinks(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"a.md":           "[x](https://b.org/1#part) [y](a.md) [again](https://b.org/1)\n```\n[no](https://no.org)\n```\n`[no](https://no.org)`\n",
		"sub/b.md":       "[z](<https://a.org/2> \"title\")",
		"testdata/c.md":  "[no](https://no.org)",
		".hidden/d.md":   "[no](https://no.org)",
		"sub/program.go": "[no](https://no.org)",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := links(root)
	if want := []string{"https://a.org/2", "https://b.org/1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("found %q, %v; want %q", got, err, want)
	}
}

func TestReport(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "/there", http.StatusFound)
		case "/gone":
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	var out strings.Builder
	dead := report(&out, server.Client(), []string{server.URL + "/there", server.URL + "/moved", server.URL + "/gone", "https://127.0.0.1:1/"})
	lines := strings.Split(out.String(), "\n")
	if dead != 2 || !strings.HasPrefix(lines[0], "200 OK\t") || !strings.HasPrefix(lines[1], "200 OK\t") || !strings.HasPrefix(lines[2], "404 ") {
		t.Errorf("%d dead:\n%s", dead, out.String())
	}
}
