// Package inputfile opens the files that people name as input. What can never be one is refused before it is read, with
// what it is.
package inputfile

import (
	"io"
	"os"

	"github.com/pkg/errors"
)

// Open opens a file, a pipe or a device. A folder is an error: os.Open takes it, and reading it says less.
func Open(path string) (*os.File, error) { return open(path, os.ModeDir) }

// OpenWhole is Open for who reads all of a file before it is used. A device is an error too: it may have no end, and all
// of it would be kept in memory.
func OpenWhole(path string) (*os.File, error) { return open(path, os.ModeDir|os.ModeDevice) }

// Read reads a file or a pipe to its end.
func Read(path string) ([]byte, error) {
	f, err := OpenWhole(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func open(path string, refused os.FileMode) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		switch mode := info.Mode() & refused; {
		case mode&os.ModeDir != 0:
			err = errors.Errorf("%s is a folder; want a file", path)
		case mode&os.ModeDevice != 0:
			err = errors.Errorf("%s is a device; want a file", path)
		}
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}
