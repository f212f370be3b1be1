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

// Claim makes an empty file at path for a later Write, so that no other process takes the name meanwhile. If something
// is there already, the error is an os.ErrExist. Release removes the file unless it was written.
func Claim(path string) (release func(), err error) {
	target, err := resolve(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, about(path, err)
	}
	claimed, err := f.Stat()
	f.Close()
	if err != nil {
		os.Remove(target)
		return nil, about(path, err)
	}
	return func() {
		if now, err := os.Lstat(target); err == nil && now.Size() == 0 && os.SameFile(claimed, now) {
			os.Remove(target)
		}
	}, nil
}
