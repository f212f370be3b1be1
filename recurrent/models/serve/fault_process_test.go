//go:build linux

package serve

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// childFolder has a process of the test serve the models of a folder: what is done to it is done to no other test.
const childFolder = "UNROLL_SERVE_TEST_FOLDER"

// childFileSize bounds the files that the process can write.
const childFileSize = "UNROLL_SERVE_TEST_FILE_SIZE"

// TestServeInChild is no test, but what that process does.
func TestServeInChild(t *testing.T) {
	dir := os.Getenv(childFolder)
	if dir == "" {
		t.Skip("for other tests")
	}
	if text := os.Getenv(childFileSize); text != "" {
		var most uint64
		if _, err := fmt.Sscan(text, &most); err != nil {
			t.Fatal(err)
		}
		signal.Ignore(syscall.SIGXFSZ) // a write beyond the bound is an error then, as on a full disk
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Options{Models: []ModelFile{{"text", filepath.Join(dir, "text.safetensors")}}, Sessions: SessionOptions{Path: filepath.Join(dir, "sessions.db")}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("at http://%s\n", l.Addr())
	_ = http.Serve(l, s) // until the process ends
}

// serveInChild starts a process, and returns its address and what kills it.
func serveInChild(t *testing.T, dir string, env ...string) (url string, kill func()) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^TestServeInChild$")
	child.Env = append(append(os.Environ(), childFolder+"="+dir), env...)
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = child.Process.Kill() // SIGKILL
		_ = child.Wait()
	}
	t.Cleanup(kill)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at, ok := strings.CutPrefix(lines.Text(), "at "); ok {
			return at, kill
		}
	}
	t.Fatal("the process has ended")
	return "", nil
}

// A process that is killed loses no session that it has answered for: each goes on with the same token.
func TestKilledWithManySessions(t *testing.T) {
	dir := writeModels(t)
	url, kill := serveInChild(t, dir)
	var a sessionAbout
	post(t, url+"/v1/sessions", `{"id":"fox","prompt":"the quick brown fox"}`, &a)
	post(t, url+"/v1/sessions", `{"id":"dog","prompt":"the lazy dog"}`, &a)
	const many = 10_000
	for from := 0; from < many; from += 1000 {
		for _, parent := range []string{"fox", "dog"} {
			ids := make([]string, 500)
			for i := range ids {
				ids[i] = fmt.Sprint(parent, from+i)
			}
			list, err := json.Marshal(map[string]any{"n": len(ids), "ids": ids})
			if err != nil {
				t.Fatal(err)
			}
			var forks struct{ Data []sessionAbout }
			if post(t, url+"/v1/sessions/"+parent+"/fork", string(list), &forks); len(forks.Data) != 500 {
				t.Fatalf("%d forks", len(forks.Data))
			}
		}
	}
	next := func(id string) string {
		_, text := ask(t, "GET", url+"/v1/sessions/"+id+"/next?top=3", "", "")
		_, text, found := strings.Cut(text, `"next":`)
		if !found {
			t.Fatalf("%s: %s", id, text)
		}
		return text
	}
	want := map[string]string{"fox": next("fox"), "dog": next("dog")}
	var c completion
	post(t, url+"/v1/sessions/fox7/write", `{"max_tokens":9,"temperature":0}`, &c)
	written := next("fox7")
	kill()
	url, _ = serveInChild(t, dir)
	_, metrics := ask(t, "GET", url+"/metrics", "", "")
	if !strings.Contains(metrics, fmt.Sprintf("\nunroll_sessions %d\n", many+2)) {
		t.Errorf("not %d sessions", many+2)
	}
	for i := 0; i < many; i += 97 { // every one would take seconds
		parent := []string{"fox", "dog"}[i%2]
		id := fmt.Sprint(parent, i/1000*1000+i%500)
		if got := next(id); got != want[parent] && id != "fox7" {
			t.Errorf("%s: %s; want %s", id, got, want[parent])
		}
	}
	if got := next("fox7"); got != written {
		t.Errorf("%s; want %s", got, written)
	}
}

// On a full disk, what cannot be kept is refused, what was kept before is answered, and nothing is broken once there is room.
func TestFullDisk(t *testing.T) {
	dir := writeModels(t)
	url, kill := serveInChild(t, dir, childFileSize+"=4000000")
	var a, b sessionAbout
	post(t, url+"/v1/sessions", `{"id":"a","prompt":"the quick"}`, &a)
	made, full := 1, false
	for i := 0; i < 50 && !full; i++ {
		ids := make([]string, 500)
		for j := range ids {
			ids[j] = fmt.Sprintf("%d.%d", i, j)
		}
		list, _ := json.Marshal(map[string]any{"ids": ids})
		status, text := ask(t, "POST", url+"/v1/sessions/a/fork", "", string(list))
		switch full = status == 507; {
		case status == 201:
			made += len(ids)
		case !full:
			t.Fatalf("status %d: %s", status, text)
		}
	}
	if !full {
		t.Fatal("the disk was not full")
	}
	post(t, url+"/v1/completions", `{"prompt":"the","max_tokens":3}`, &completion{})
	kill()
	url, _ = serveInChild(t, dir)
	for _, id := range []string{"a", "0.0", fmt.Sprintf("%d.499", made/500-1)} {
		post(t, url+"/v1/sessions/"+id+"/read", `{"text":" brown"}`, &b)
		if status, text := ask(t, "GET", url+"/v1/sessions/"+id, "", ""); status != 200 || !strings.Contains(text, `"tokens":15`) {
			t.Errorf("%s: status %d: %s", id, status, text)
		}
	}
}

// What a full disk refuses leaves no session behind that its memory has and the file has not.
func TestRefusedChanges(t *testing.T) {
	s := openOwn(t, SessionOptions{Path: filepath.Join(t.TempDir(), "sessions.db")})
	if err := s.create(context.Background(), "a", begun(8)); err != nil {
		t.Fatal(err)
	}
	if err := s.store.db.Close(); err != nil {
		t.Fatal(err)
	}
	err := s.with(context.Background(), "a", func(now *session) (*session, reply, error) {
		return begun(16), func() error { return nil }, nil
	})
	if status, _ := statusOf(err); status != 507 {
		t.Errorf("%v", err)
	}
	if err := s.create(context.Background(), "b", begun(8)); err == nil || s.count != 1 || s.byID["b"] != nil || len(s.byID["a"].now.state) != 8 {
		t.Errorf("%v: %d sessions", err, s.count)
	}
}
