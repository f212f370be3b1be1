//go:build unix && !solaris && !illumos && !aix

package fetch

import (
	"os"

	"golang.org/x/sys/unix"
)

func tryLock(f *os.File) (bool, error) {
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
	case nil:
		return true, nil
	case unix.EWOULDBLOCK, unix.EINTR:
		return false, nil
	case unix.ENOLCK, unix.ENOTSUP, unix.ENOSYS:
		return true, nil // a file system without locks: programs there must not fetch at the same time
	default:
		return false, err
	}
}
