package parallel

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

func TestDo(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	for _, n := range []int{0, 1, 3, 1000} {
		done := make([]int, n)
		if err := Do(n, func(i int) error { done[i]++; return nil }); err != nil {
			t.Fatal(err)
		}
		for i, times := range done {
			if times != 1 {
				t.Errorf("of %d, number %d was done %d times", n, i, times)
			}
		}
	}
}

// Whichever fails first, the error is that of a plain loop, and what comes long after it is not begun.
func TestDoFails(t *testing.T) {
	for _, processors := range []int{1, 4} {
		before := runtime.GOMAXPROCS(processors)
		for range 50 {
			var begun atomic.Int64
			err := Do(1000, func(i int) error {
				begun.Add(1)
				if i < 20 {
					return nil
				}
				if i%2 == 0 { // the others get ahead of it
					runtime.Gosched()
				}
				return errors.New(fmt.Sprint("number ", i))
			})
			if err == nil || err.Error() != "number 20" || begun.Load() > 30 {
				t.Fatalf("%v after %d were begun; want that of number 20", err, begun.Load())
			}
		}
		runtime.GOMAXPROCS(before)
	}
}
