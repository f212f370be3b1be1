package atomicfile

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// Probe tells whether Write to path could succeed: better now than after an hour of training. It leaves nothing behind.
func Probe(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return errors.Errorf("%s is a folder; want the name of a file", path)
	case err == nil && !info.Mode().IsRegular():
		return nil
	}
	target, err := resolve(path)
	if err != nil {
		return err
	}
	dir, name := filepath.Split(target)
	if dir == "" {
		dir = "."
	}
	if name == "" {
		return errors.Errorf("%q is no name of a file", path)
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return errors.Errorf("%s: the folder %s does not exist", path, filepath.Clean(dir))
	}
	f, err := temporary(target)
	if err != nil {
		return about(path, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

// Claim takes the name path for a later Write, with an empty file, so that no other process takes it meanwhile. If
// something is there already, the error is an os.ErrExist; but an empty file that no process holds is what one left that
// died before it wrote, and is free. Release gives the name back: it removes the file unless it was written.
func Claim(path string) (release func(), err error) {
	target, err := resolve(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(target, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil && errors.Is(err, os.ErrExist) {
		f = abandoned(target)
	}
	if f == nil {
		return nil, about(path, err)
	}
	claimed, err := f.Stat()
	if err != nil {
		f.Close()
		os.Remove(target)
		return nil, about(path, err)
	}
	held := hold(f)
	if now, err := os.Lstat(target); !held || err != nil || !os.SameFile(claimed, now) { // another process took it a moment ago
		f.Close()
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrExist}
	}
	return func() {
		if now, err := os.Lstat(target); err == nil && now.Size() == 0 && os.SameFile(claimed, now) {
			os.Remove(target)
		}
		f.Close()
	}, nil
}
