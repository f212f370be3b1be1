package atomicfile

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Temporary files are called .NAME.RANDOM.unroll-tmp, so that nothing else is ever taken for one.
const ending = ".unroll-tmp"

// beginning is how the names of a path's temporary files begin.
func beginning(path string) (dir, prefix string) {
	dir, name := filepath.Split(path)
	if len(name) > 200 { // names have a limit of 255 bytes nearly everywhere
		name = strings.ToValidUTF8(name[:200], "")
	}
	return dir, "." + name + "."
}

// temporary makes a file beside path with the permissions that path has or will have, and locks it: a temporary file
// without a lock is that of a process which died.
func temporary(path string) (*os.File, error) {
	mode, old := fs.FileMode(0o666), false
	if info, err := os.Stat(path); err == nil {
		mode, old = info.Mode().Perm(), true
	}
	dir, prefix := beginning(path)
	for {
		f, err := os.OpenFile(fmt.Sprintf("%s%s%016x%s", dir, prefix, rand.Uint64(), ending), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if old {
			err = f.Chmod(mode) // the umask may have taken some
		}
		if err == nil {
			if lock(f) && sameFile(f) { // else another process sweeps it away, or has done so, before it was locked
				return f, nil
			}
		}
		f.Close()
		os.Remove(f.Name())
		if err != nil {
			return nil, err
		}
	}
}

func sameFile(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(open, named)
}

// sweep removes the temporary files that dead processes left beside path. What cannot be removed does no harm.
func sweep(path string) {
	dir, prefix := beginning(path)
	folder := dir
	if folder == "" {
		folder = "."
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), ending) &&
			len(e.Name()) == len(prefix)+16+len(ending) {
			removeAbandoned(dir + e.Name())
		}
	}
}
