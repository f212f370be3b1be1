package site

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
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

// The command's page runs lessons by its server, and for pages of this machine alone.
func TestHandler(t *testing.T) {
	server := httptest.NewServer(Handler())
	defer server.Close()
	post := func(path, body string) (status int, lines []string) {
		answer, err := http.Post(server.URL+path, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, strings.Split(strings.TrimSpace(string(text)), "\n")
	}
	if status, lines := post("/lesson/weights", ""); status != 200 || !strings.Contains(lines[len(lines)-1], `"done":true`) {
		t.Errorf("%d: %v", status, lines)
	}
	if _, lines := post("/lesson/flow", `{"gain": -1}`); !strings.Contains(lines[0], `"error":"lessons: a gain of -1`) {
		t.Errorf("a bad setting: %v", lines)
	}
	if status, _ := post("/lesson/flow", strings.Repeat(" ", 5000)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", status)
	}
	for host, want := range map[string]int{"localhost:80": 200, "127.0.0.1": 200, "[::1]:1234": 200, "evil.example": 403, "192.0.2.1": 403} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %s: %d, want %d", host, w.Code, want)
		}
	}
}
