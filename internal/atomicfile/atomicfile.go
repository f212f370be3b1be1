// Package atomicfile is the one way in which this module writes files: they are there whole or not at all, and nothing
// is overwritten unasked.
package atomicfile

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/pkg/errors"
)

// Write lets fill write a temporary file beside path, syncs it, renames it to path and syncs the folder. A process that
// dies in between leaves the old file as it was, and one temporary file, which the next Write to the same path removes.
//
// A symbolic link stays one: its target is written. A file that is replaced keeps its permissions; a new one has 0666
// less the umask. A device or a pipe is written to as it is.
func Write(path string, fill func(io.Writer) error) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return &os.PathError{Op: "write", Path: path, Err: syscall.EISDIR}
	case err == nil && !info.Mode().IsRegular():
		return writeThrough(path, fill)
	}
	target, err := resolve(path)
	if err != nil {
		return err
	}
	return replace(target, fill)
}

// WriteBytes is Write for a file that is in memory.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// replace is Write for a path that is no link, and at which there is a regular file or nothing.
func replace(path string, fill func(io.Writer) error) (err error) {
	sweep(path)
	f, err := temporary(path)
	if err != nil {
		return about(path, err)
	}
	defer func() {
		if f != nil { // not renamed: an error, or fill panicked
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := filled(f, fill); err != nil {
		return instead(err, f.Name(), path)
	}
	if err := f.Sync(); err != nil {
		return about(path, err)
	}
	if err := rename(f, path); err != nil {
		return about(path, err)
	}
	f = nil
	dir, _ := filepath.Split(path)
	return about(path, syncFolder(dir))
}

// writeThrough is Write for what cannot be replaced: a device or a pipe.
func writeThrough(path string, fill func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() {
		if closing := f.Close(); err == nil {
			err = closing
		}
	}()
	return filled(f, fill)
}

func filled(f *os.File, fill func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 1<<20)
	if err := fill(w); err != nil {
		return err
	}
	return w.Flush()
}

// resolve follows a path that is a symbolic link to what it names, which need not be there.
func resolve(path string) (string, error) {
	for range 40 { // as many as Linux follows
		target, err := os.Readlink(path)
		if err != nil {
			return path, nil // no link, or nothing at all
		}
		if !filepath.IsAbs(target) {
			dir, _ := filepath.Split(path)
			target = dir + target // filepath.Join would cut away "a/..", which is somewhere else if a is a link
		}
		path = target
	}
	return "", errors.Errorf("%s: too many symbolic links", path)
}

// instead has an error about the temporary file, a full disk's say, name the path. Other errors are fill's own and stay.
func instead(err error, temporary, path string) error {
	var p *os.PathError
	if errors.As(err, &p) && p.Path == temporary {
		p.Path = path
	}
	return err
}

// about has an error of the operating system name the file that is written, not the temporary one.
func about(path string, err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return &os.PathError{Op: p.Op, Path: path, Err: p.Err}
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return &os.PathError{Op: l.Op, Path: path, Err: l.Err}
	}
	return err
}
