//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	stderrors "errors"
	"os"
	"syscall"

	"github.com/pkg/errors"
)

// lock marks a file as one that is being written. The mark goes with the process, however that ends. File systems
// without locks take none, and then nothing is ever swept there.
func lock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// abandoned tells whether nobody is writing a temporary file any more.
func abandoned(path string) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}

// rename gives a file its name, and only then the lock back.
func rename(f *os.File, path string) error {
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return f.Close()
}

// syncFolder makes a new name in a folder last. File systems that cannot do so, and folders that cannot be opened, are
// passed over: the file itself is safe.
func syncFolder(dir string) error {
	if dir == "" {
		dir = "."
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, stderrors.ErrUnsupported) {
		return err
	}
	return nil
}
