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

// Most is how many bytes a file may have that is read into memory as a whole: twice what a message of protobuf may, and more than
// any model of HDF5 or of a PyTorch before 1.6 has that is meant for one machine.
const Most = int64(4) << 30

// Read reads a file or a pipe to its end.
func Read(path string) ([]byte, error) {
	f, err := OpenWhole(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > Most {
		return nil, errors.Errorf("%s has %d bytes; a file of its kind is read as a whole and may have %d", path, info.Size(), Most)
	}
	data, err := io.ReadAll(io.LimitReader(f, Most+1))
	if err == nil && int64(len(data)) > Most {
		err = errors.Errorf("%s has no end within %d bytes", path, Most)
	}
	return data, err
}

// Again opens a file that is read more than once, as whoever tells its format first does. A pipe is an error: what was read of it is gone,
// and opening one waits for whoever writes.
func Again(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return nil, errors.Errorf("%s is a pipe; want a file, which can be read twice", path)
	}
	return OpenWhole(path)
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
