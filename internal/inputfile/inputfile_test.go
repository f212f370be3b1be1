package inputfile

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestWhatIsNoFileIsRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Read(file); err != nil || string(data) != "text" {
		t.Errorf("read %q, %v", data, err)
	}
	whole := func(path string) (*os.File, error) {
		data, err := Read(path)
		if len(data) > 0 {
			t.Errorf("%s: %d bytes were read", path, len(data))
		}
		return nil, err
	}
	for _, open := range []func(string) (*os.File, error){Open, OpenWhole, whole} {
		if _, err := open(dir); err == nil || err.Error() != dir+" is a folder; want a file" {
			t.Errorf("a folder: %v", err)
		}
		if _, err := open(file + "2"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a file that is not there: %v", err)
		}
	}
	if runtime.GOOS == "windows" {
		return // devices have no paths there
	}
	for _, open := range []func(string) (*os.File, error){OpenWhole, whole} {
		if _, err := open("/dev/zero"); err == nil || !strings.Contains(err.Error(), "is a device; want a file") {
			t.Errorf("a device: %v", err)
		}
	}
	f, err := Open("/dev/null") // what reads line by line may read a terminal
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// A file of more bytes than memory has is refused by its size.
func TestLargeFilesAreNotReadWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sparse")
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, Most+1); err != nil {
		t.Skip(err) // a file system without holes
	}
	if data, err := Read(path); err == nil || !strings.Contains(err.Error(), "is read as a whole") || data != nil {
		t.Errorf("%d bytes were read, %v", len(data), err)
	}
}
