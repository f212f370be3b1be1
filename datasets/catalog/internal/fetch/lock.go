package fetch

import (
	"context"
	"os"
	"time"

	"github.com/pkg/errors"
)

// lock waits until no other program, or other part of this one, holds the lock file. The system frees the lock of a
// program that dies.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	for {
		held, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, errors.Wrapf(err, "lock %s", path)
		}
		if held {
			return func() { f.Close() }, nil // closing frees it
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			f.Close()
			return nil, errors.Wrapf(err, "wait for %s, which another program holds", path)
		}
	}
}
