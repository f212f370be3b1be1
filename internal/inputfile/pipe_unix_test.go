//go:build unix

package inputfile

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe that nobody writes to is refused, where it would be read twice, without waiting for who writes.
func TestPipesAreNotReadTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Again(path); err == nil || !strings.Contains(err.Error(), "is a pipe; want a file") {
		t.Errorf("found %v", err)
	}
}
