//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package atomicfile

import (
	"os"
	"time"
)

// lock does nothing: a file that is open can be neither renamed nor removed on Windows, and elsewhere its age must do.
func lock(*os.File) bool { return true }

// hold closes a file that Claim made: Windows could not replace it otherwise.
func hold(f *os.File) bool { return f.Close() == nil }

// abandoned finds nothing: there is no telling whether a process lives that claimed a name an hour ago.
func abandoned(string) *os.File { return nil }

// removeAbandoned takes a temporary file of which nothing was written for an hour for one of a process that died.
func removeAbandoned(path string) {
	if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()) > time.Hour {
		os.Remove(path)
	}
}

// rename gives a file its name. Windows wants it closed.
func rename(f *os.File, path string) error {
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// syncFolder does nothing: folders cannot be synced here.
func syncFolder(string) error { return nil }
