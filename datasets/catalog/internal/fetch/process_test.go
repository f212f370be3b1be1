package fetch

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestChild is not a test by itself: TestTwoProcesses runs it in programs of their own.
func TestChild(t *testing.T) {
	url := os.Getenv("FETCH_TEST_URL")
	if url == "" {
		t.Skip("run by TestTwoProcesses")
	}
	data := content(1)
	r := Request{URLs: []string{url}, Path: os.Getenv("FETCH_TEST_PATH"), SHA256: sum(data), Attempts: 1}
	if err := File(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, data)
}

func TestTwoProcesses(t *testing.T) {
	s := newServer(t, content(1))
	path := filepath.Join(t.TempDir(), "file.bin")
	var children []*exec.Cmd
	var outputs [4]bytes.Buffer
	for i := range outputs {
		c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.v")
		c.Env = append(os.Environ(), "FETCH_TEST_URL="+s.URL, "FETCH_TEST_PATH="+path)
		c.Stdout, c.Stderr = &outputs[i], &outputs[i]
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, c)
	}
	for i, c := range children {
		if err := c.Wait(); err != nil || !strings.Contains(outputs[i].String(), "--- PASS: TestChild") {
			t.Errorf("%v: %s", err, &outputs[i])
		}
	}
	if got := strings.Join(s.ranges, "|"); got != "" {
		t.Errorf("asked more than once: %q", got)
	}
	if len(s.ranges) != 1 {
		t.Errorf("fetched %d times", len(s.ranges))
	}
}
