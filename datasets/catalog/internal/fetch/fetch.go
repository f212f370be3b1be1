// Package fetch brings a file from the network to a place on disk, once: what is at the place is the whole file with
// the right hash, or nothing. A download that was cut short goes on where it stopped, also in another process.
package fetch

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
)

// Request says which file is wanted, and where.
type Request struct {
	URLs   []string // tried in order
	Path   string   // where the file is to be
	SHA256 string   // in hex; empty: the hash of the first download is kept beside the file, and holds from then on
	Bytes  int64    // 0 if it is not known

	Offline  bool                    // only what is on disk
	Client   *http.Client            // nil: http.DefaultClient
	Progress func(done, total int64) // total is -1 while it is not known
	Attempts int                     // connections for each URL, each going on where the last one broke; 0 means 3
	Pause    time.Duration           // between attempts, doubled each time; 0 means half a second
	Quiet    time.Duration           // a connection on which nothing comes for so long is broken; 0 means a minute

	open func(name string) (partFile, error) // for tests; nil opens files of the system
}

// maxBytes bounds a download of unknown size.
const maxBytes = 4 << 30

// File makes sure that the file is there, with the right hash. Errors for want of a network are *Unavailable.
func File(ctx context.Context, r Request) error {
	if done, err := r.present(); done || err != nil {
		return err
	}
	if r.Offline {
		return r.unavailable(errors.New("downloads are switched off"))
	}
	if err := os.MkdirAll(filepath.Dir(r.Path), 0o755); err != nil {
		return errors.WithStack(err)
	}
	// Programs that want the same file wait for the first of them, and then find it there.
	unlock, err := lock(ctx, filepath.Join(filepath.Dir(r.Path), ".lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if done, err := r.present(); done || err != nil {
		return err
	}
	return r.fetch(ctx)
}

// fetch tries the addresses one after the other. It is called with the lock held.
func (r *Request) fetch(ctx context.Context) error {
	var failed error // of all addresses
	for _, url := range r.URLs {
		err := r.fetchFrom(ctx, url)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Wrapf(ctx.Err(), "fetch %s", url)
		}
		var local *localError
		if errors.As(err, &local) {
			return local.err // another address would not help
		}
		if failed == nil {
			failed = err
		} else {
			failed = fmt.Errorf("%w; %w", failed, err)
		}
	}
	if failed == nil {
		failed = errors.New("no address is known")
	}
	return r.unavailable(failed)
}

func (r *Request) fetchFrom(ctx context.Context, url string) error {
	attempts, pause := r.Attempts, r.Pause
	if attempts == 0 {
		attempts = 3
	}
	if pause == 0 {
		pause = time.Second / 2
	}
	var last error
	for i := range attempts {
		if i > 0 {
			if err := sleep(ctx, pause<<(i-1)); err != nil {
				return err
			}
		}
		err := r.attempt(ctx, url)
		if err == nil {
			return r.accept()
		}
		var broken *brokenError
		if !errors.As(err, &broken) {
			return err // refused, not broken off: asking again would not help
		}
		last = broken.err
	}
	return last
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
