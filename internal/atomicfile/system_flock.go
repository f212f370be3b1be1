//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	stderrors "errors"
	"os"
	"syscall"

	"github.com/pkg/errors"
)

// lock marks a file as one that is being written, and tells whether it could: not if another process found the new file
// before it was marked, and is about to remove it. The mark goes with the process, however that ends. File systems
// without locks take none, and then nothing is ever swept there.
func lock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != syscall.EWOULDBLOCK
}

// removeAbandoned removes a temporary file that nobody is writing any more. It holds the lock until the file is gone, so
// that a process which has just made the file, and not locked it yet, sees that it lost it.
func removeAbandoned(path string) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
		os.Remove(path)
	}
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
