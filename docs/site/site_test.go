package site

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A page is one file: it names nothing outside of itself.
func TestPageIsOneFile(t *testing.T) {
	served := string(Page(nil, nil))
	alone := string(Page([]byte{1, 2, 3}, []byte("/* of Go */")))
	for name, html := range map[string]string{"served": served, "alone": alone} {
		if n := strings.Count(html, "<script"); n != strings.Count(html, "</script>") || n < 5 {
			t.Errorf("%s: %d scripts", name, n)
		}
		if found := regexp.MustCompile(`(?:src|href)="[^#"]`).FindString(html); found != "" {
			t.Errorf("%s: the page refers to something else: %s", name, found)
		}
		if strings.Contains(html, "<!--SCRIPTS-->") || strings.Contains(html, "/*STYLE*/") {
			t.Errorf("%s: a place was not filled", name)
		}
	}
	if strings.Contains(served, "const unrollWasm =") || !strings.Contains(alone, `const unrollWasm = "AQID"`) {
		t.Error("the program is in the page that computes itself, and in no other")
	}
}

// The page does in Chromium what it says. UNROLL_BROWSER is a folder with the packages playwright-core and axe-core of Node.
func TestPage(t *testing.T) {
	browser := os.Getenv("UNROLL_BROWSER")
	if browser == "" {
		t.Skip("UNROLL_BROWSER names no folder")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "rnn.html")
	build := exec.Command("go", "run", "./build", "-o", file)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	html, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(html) > 15<<20 {
		t.Errorf("the page has %d bytes", len(html))
	}
	script, err := filepath.Abs("testdata/page.mjs")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	drive := exec.Command("node", script, file, dir)
	drive.Dir, drive.Stdout, drive.Stderr = browser, &out, &out
	err = drive.Run()
	t.Log(out.String())
	if err != nil || strings.Contains(out.String(), "WRONG") {
		t.Errorf("the page: %v", err)
	}
}
