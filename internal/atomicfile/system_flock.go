//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package atomicfile

import (
	stderrors "errors"
	"os"
	"syscall"

	"github.com/pkg/errors"
)

// lock marks a file as one that is being written. The mark goes with the process, however that ends. It is false if
// another process holds the mark, which then is about to remove the file. File systems without locks take none, and then
// nothing is ever swept there.
func lock(f *os.File) bool {
	return !errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// hold locks a file that Claim made, for as long as it is open. It is false if another process was faster.
func hold(f *os.File) bool { return lock(f) }

// abandoned opens and locks an empty file that no process holds; it is nil of any other.
func abandoned(path string) *os.File {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > 0 ||
		syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		f.Close()
		return nil
	}
	return f
}

// removeAbandoned removes a temporary file that nobody is writing any more. It holds the lock until the file is gone, so
// that a process which made the file a moment ago cannot begin to write it meanwhile.
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
