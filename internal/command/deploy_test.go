package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/unroll-go/unroll/recurrent/models"
	"github.com/unroll-go/unroll/recurrent/models/serve"
)

// codeOf are the blocks of code of a page in a language.
func codeOf(t *testing.T, page, language string) (out []string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(data), -1) {
		out = append(out, m[1])
	}
	return out
}

// deployPage is the page that TestDeployPage and TestDeployFiles read.
const deployPage = "../../docs/deploy.md"

// Every line of curl on the page does what the page says, as it stands there.
func TestDeployPage(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	blocks := codeOf(t, deployPage, "sh")
	dir := t.TempDir()
	book, table, language := filepath.Join(dir, "book.txt"), filepath.Join(dir, "reviews.csv"), filepath.Join(dir, "book.safetensors")
	reviews := filepath.Join(dir, "reviews.safetensors")
	if err := os.WriteFile(book, []byte(strings.Repeat("In the beginning God created the heaven and the earth. And God said, Let there be light.\n", 20)), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, small(book, language)...)
	writeReviews(t, table)
	must(t, quick(table, reviews, "--epochs", "1", "--tokens", "word")...)
	windows := "id,x,y,label\n"
	for i := range 20 {
		for j := range 6 {
			windows += fmt.Sprintf("w%d,%d,%d,%s\n", i, j*(1-2*(i%2)), i%3, []string{"up", "down"}[i%2])
		}
	}
	must(t, "train", "--sequences", tableOf(t, "windows.csv", windows), "--one-way", "--pool", "last", "--hidden", "8", "--epochs", "2", "--out", filepath.Join(dir, "windows.safetensors"))
	rows := strings.Repeat(`{"x":1,"y":2}`+"\n", 5)
	for name, contents := range map[string]string{"windows.csv": windows, "pump.jsonl": rows} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	offline, err := models.LoadClassifier(reviews)
	if err != nil {
		t.Fatal(err)
	}
	want, err := offline.Predict([]string{"a wonderful evening", "a waste of time", "a fine film"})
	if err != nil {
		t.Fatal(err)
	}
	address := serving(t, serve.Options{Models: []serve.ModelFile{{Name: "book", Path: language}, {Name: "reviews", Path: reviews},
		{Name: "windows", Path: filepath.Join(dir, "windows.safetensors")}}})
	// /invocations without a name is of a service of one model.
	alone := serving(t, serve.Options{Models: []serve.ModelFile{{Name: "reviews", Path: reviews}}})
	probability := func(p models.Prediction) string {
		text, err := json.Marshal(p.Probability)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	expected := []struct{ line, want string }{ // the end of a line, and a part of what comes
		{"8080/invocations", `"probability":` + probability(want[0])},
		{"/v2/models/reviews/infer", `"data":[` + probability(want[2]) + `]`},
		{"/v1/completions", "data: [DONE]"},
		{"/models/windows/invocations", "w0,"},
		{`"prompt":"In the beginning"}' localhost:8080/v1/sessions`, `"id":"a"`},
		{"/v1/sessions/a/write ", `"completion_tokens":20`},
		{"/v1/sessions/a/read ", `"log_probability":`},
		{"/v1/sessions/a/next?top=5' ", `"next":[{`},
		{"/v1/sessions/a/fork ", `"object":"list"`},
		{"/v1/sessions/a/state ", ""},
		{"DELETE localhost:8080/v1/sessions/a", `"deleted":true`},
		{`"id":"pump"}' localhost:8080/v1/sessions`, `"id":"pump"`},
		{"/v1/sessions/pump/rows", `"row":2`},
		{"cat pump.jsonl", "id: 7\n"},
		{"/v1/sessions/book-club/stream", `{"written":`},
	}
	if out, err := exec.Command("curl", "-sS", "-d", `{"model":"book","id":"book-club","prompt":"In"}`, "http://"+address+"/v1/sessions").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	n := 0
	for _, block := range blocks {
		for line := range strings.Lines(block) {
			if !strings.Contains(line, "curl") {
				continue
			}
			at, part := address, ""
			known := false
			for _, e := range expected {
				if strings.Contains(line, e.line) {
					known, part = true, e.want
				}
			}
			if strings.Contains(line, "8080/invocations") {
				at = alone
			}
			if !known {
				t.Errorf("nothing is known of %q", line)
			}
			run := exec.Command("sh", "-c", "curl() { command curl -sS --fail-with-body \"$@\"; }\n"+strings.ReplaceAll(line, "localhost:8080", at))
			run.Dir = dir
			out, err := run.CombinedOutput()
			if err != nil || !strings.Contains(string(out), part) {
				t.Errorf("%s%v: %s; want %s", line, err, out, part)
			}
			n++
		}
	}
	if n != len(expected) {
		t.Errorf("%d lines; want %d", n, len(expected))
	}
	if _, err := os.Stat(filepath.Join(dir, "a.session")); err != nil {
		t.Error(err)
	}
}

// serving serves models until the test ends, and returns where.
func serving(t *testing.T, o serve.Options) (address string) {
	t.Helper()
	fl := serveFlags{grace: time.Minute, options: o}
	var err error
	if fl.options.Log, err = (&serveFlags{logs: "off"}).logger(io.Discard); err != nil {
		t.Fatal(err)
	}
	s, err := serve.New(fl.options)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- fl.serve(ctx, s, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = s.Close()
	})
	return l.Addr().String()
}

// The tools of systemd and Kubernetes have nothing against the unit and the manifests of the page.
func TestDeployFiles(t *testing.T) {
	dir := t.TempDir()
	check := func(tool string, args []string, name, contents string) {
		t.Helper()
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Logf("there is no %s", tool)
			return
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(path, append(args, file)...).CombinedOutput(); err != nil || strings.Contains(string(out), "ignoring") {
			t.Errorf("%s: %v\n%s", tool, err, out)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	units, manifests := codeOf(t, deployPage, "ini"), codeOf(t, deployPage, "yaml")
	if len(units) != 1 || len(manifests) != 2 {
		t.Fatalf("%d units, %d manifests", len(units), len(manifests))
	}
	check("systemd-analyze", []string{"verify"}, "unroll.service", strings.Replace(units[0], "/usr/local/bin/unroll", self, 1))
	validate := "kubernetes-validate"
	if python := os.Getenv("UNROLL_SERVE_CLIENTS"); python != "" {
		validate = filepath.Join(filepath.Dir(python), validate)
	}
	check(validate, []string{"--strict"}, "deployment.yaml", manifests[0])
}
