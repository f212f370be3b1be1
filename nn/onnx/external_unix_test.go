//go:build unix

package onnx

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Opening a pipe waits for whoever writes into it, which may be for ever.
func TestPipesAreNotOpened(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Skip(err)
	}
	path := beside(t, folder, "pipe")
	done := make(chan error, 1)
	go func() {
		_, err := Read(path)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("found %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("the reader waits for the pipe")
	}
}
