package atomicfile_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// A file that cannot be filled leaves the old one as it was, and nothing beside it.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := atomicfile.WriteBytes(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("no more")
	err := atomicfile.Write(path, func(w io.Writer) error {
		if _, err := w.Write([]byte("second")); err != nil {
			return err
		}
		return failed
	})
	if err != failed {
		t.Errorf("want the error of the filling, found %v", err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "first" {
		t.Errorf("found %q, %v", data, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("found %v, %v", entries, err)
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "none", "file"), nil); err == nil {
		t.Error("a file in a folder that is not there")
	}
}
