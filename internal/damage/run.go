package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/pkg/errors"
)

// format is one kind of file that the library reads.
type format struct {
	name   string
	files  func() ([][]byte, error)                 // whole ones, to be damaged
	edit   func(rng *rand.Rand, data []byte) []byte // changes a file and keeps it well formed; may be nil
	use    func(path string, data []byte) error     // reads a file and uses what it has; an error is a refusal
	memory allowance
}

// bound is what a file of some bytes may allocate.
func (f format) bound(size int) int64 { return f.memory.fixed + int64(size)*f.memory.perByte }

// result is what came of the files of a format.
type result struct {
	files, read int
	longest     time.Duration
	memory      int64 // the most that one file allocated in all
	memoryOf    int   // its bytes
}

// run damages n files of a format and uses each. The error tells of the first that broke a rule, and where it is kept.
func run(f format, n int, seed uint64, limit time.Duration) (result, error) {
	whole, err := f.files()
	if err != nil {
		return result{}, errors.Wrap(err, f.name)
	}
	folder, err := os.MkdirTemp("", "damage")
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	for i, data := range whole {
		if err := f.use(write(folder, data), data); err != nil {
			return result{}, errors.Wrapf(err, "%s: file %d is refused before it is damaged", f.name, i)
		}
	}
	r := result{files: n}
	for i := range n {
		data := damaged(rand.New(rand.NewPCG(seed, uint64(i))), whole, f.edit)
		u := f.try(write(folder, data), data, limit)
		switch {
		case u.panicked != nil:
			return r, kept(f, i, data, "panicked: %v\n%s", u.panicked, u.stack)
		case u.took > limit:
			return r, kept(f, i, data, "took %v", u.took)
		case u.memory > f.bound(len(data)):
			return r, kept(f, i, data, "allocated %d bytes; a file of %d may %d", u.memory, len(data), f.bound(len(data)))
		case u.err == nil:
			r.read++
		}
		r.longest = max(r.longest, u.took)
		if u.memory > r.memory {
			r.memory, r.memoryOf = u.memory, len(data)
		}
	}
	return r, nil
}

// usage is how a file was used.
type usage struct {
	err      error // the refusal
	panicked any
	stack    []byte
	took     time.Duration
	memory   int64
}

// try uses one file. One that does not come to an end ends the program, with the file kept.
func (f format) try(path string, data []byte, limit time.Duration) (u usage) {
	watch := time.AfterFunc(limit, func() {
		fmt.Fprintln(os.Stderr, kept(f, -1, data, "does not end within %v", limit))
		os.Exit(2)
	})
	defer watch.Stop()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	defer func() {
		u.took = time.Since(start)
		if u.panicked = recover(); u.panicked != nil {
			u.stack = debug.Stack()
		}
		runtime.ReadMemStats(&after)
		u.memory = int64(after.TotalAlloc - before.TotalAlloc)
	}()
	u.err = f.use(path, data)
	return u
}

// write puts a file where a reader finds it.
func write(folder string, data []byte) string {
	path := filepath.Join(folder, "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		panic(err) // no place to work in
	}
	return path
}

// kept keeps a file that broke a rule, and says which.
func kept(f format, i int, data []byte, text string, args ...any) error {
	out, err := os.CreateTemp("", "damaged-*-"+f.name)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := out.Write(data); err != nil {
		return err
	}
	return errors.Errorf("%s: damaged file %d, kept in %s, "+text, append([]any{f.name, i, out.Name()}, args...)...)
}
