// Package parallel does independent things on all processors.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Do calls do with the numbers from 0 to n-1, as many at a time as there are processors, and returns the error of the lowest number, which
// is that of a plain loop. After an error, no more are begun.
func Do(n int, do func(i int) error) error {
	var next, failed atomic.Int64
	failed.Store(int64(n)) // the lowest number that has
	errs := make([]error, n)
	work := func() {
		for {
			i := next.Add(1) - 1
			if i >= failed.Load() {
				return
			}
			if errs[i] = do(int(i)); errs[i] == nil {
				continue
			}
			for lowest := failed.Load(); i < lowest && !failed.CompareAndSwap(lowest, i); {
				lowest = failed.Load()
			}
		}
	}
	var others sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
	if first := int(failed.Load()); first < n {
		return errs[first]
	}
	return nil
}
