// Package timing is what the commands that measure training over MPI have in common.
package timing

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/unroll-go/unroll/mpi"
)

// Main runs a command in all processes, and ends them.
func Main(run func(w *mpi.World) error) {
	w, err := mpi.Init(mpi.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := run(w); err != nil {
		w.Abort(err)
	}
	if err := w.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	mpi.Exit(0)
}

// Since is the time from t on, in milliseconds.
func Since(t time.Time) float64 { return float64(time.Since(t).Microseconds()) / 1000 }

// Median is the middle one of times, the first of which, of a step that compiles, does not count.
func Median(times []float64) float64 {
	v := slices.Sorted(slices.Values(times[1:]))
	return v[len(v)/2]
}
