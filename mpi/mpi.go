// Package mpi has several machines train one model: a World is a train.Group over MPI, whatever implements it.
//
//	w, err := mpi.Init(mpi.Options{})
//	loop.Parallel = train.Parallel{Shards: 4, Group: w}
//	if _, err := loop.Run(ctx); err != nil {
//		w.Abort(err) // ends all processes
//	}
//	err = w.Close()
//	mpi.Exit(0)
//
// The library is loaded when the program runs, by purego: the standard interface of MPI 5 (libmpi_abi), Open MPI or MPICH, of
// which Intel MPI, Cray MPICH and MVAPICH have the interface. No header and no C compiler is needed to build, but the binary is
// linked with the system's C library. Processes are started by mpirun, srun or an operator of Kubernetes, one a machine: inside
// it, Go's goroutines share the work.
package mpi

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ebitengine/purego"
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/train"
)

// Options say how a World is made. The zero value finds a library by itself.
type Options struct {
	// Library is the file of the MPI library; empty to look for one.
	Library string
	// Timeout is how long a process waits for the others before it ends all; 0 for 25 s. It must be longer than what one may
	// need in a step more than another.
	Timeout time.Duration
}

// World is all processes that were started together. Its functions may be called from any goroutine, and one at a time.
type World struct {
	lib     *library
	calls   chan func() // run on the one thread that may call MPI
	timeout time.Duration
	rank    int
	size    int
	version string
	hosts   []string
}

// Init begins: it is called once in a process.
func Init(o Options) (*World, error) {
	if o.Timeout == 0 {
		o.Timeout = 25 * time.Second
	}
	w := &World{calls: make(chan func()), timeout: o.Timeout}
	ready := make(chan error)
	go w.thread(o.Library, ready)
	if err := <-ready; err != nil {
		return nil, errors.Wrap(err, "mpi")
	}
	if started := startedProcesses(); started > 1 && w.size == 1 {
		return nil, errors.Errorf("mpi: %d processes were started, but %s knows of one alone: was mpirun that of another library? "+
			"Options.Library (--mpi-library) names one", started, w.version)
	}
	return w, w.introduce()
}

// thread is the thread that calls MPI: a library that was told so (MPI_THREAD_FUNNELED) is called from no other.
func (w *World) thread(path string, ready chan<- error) {
	runtime.LockOSThread()
	lib, err := load(path)
	if err == nil {
		w.lib = lib
		err = lib.begin(w)
	}
	ready <- err
	for f := range w.calls {
		f()
	}
}

// do runs f on the thread of MPI, and returns its error.
func (w *World) do(f func() error) (err error) {
	done := make(chan struct{})
	w.calls <- func() {
		defer close(done)
		err = f()
	}
	<-done
	return err
}

// startedProcesses is how many processes the launcher says that it has started; 0 if it says nothing.
func startedProcesses() int {
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS"} {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
	}
	return 0
}

// introduce tells everybody on which host each process is.
func (w *World) introduce() error {
	const width = 64
	host, _ := os.Hostname()
	own := make([]byte, width)
	copy(own, host)
	all := make([]byte, width*w.size)
	if err := w.AllGather(own, all, slices.Repeat([]int{width}, w.size)); err != nil {
		return err
	}
	for r := range w.size {
		w.hosts = append(w.hosts, strings.TrimRight(string(all[r*width:(r+1)*width]), "\x00"))
	}
	return nil
}

// Rank is the number of this process, from 0.
func (w *World) Rank() int { return w.rank }

// Size is the number of processes.
func (w *World) Size() int { return w.size }

// Name is a process in messages: "rank 2 on node17".
func (w *World) Name(rank int) string {
	if rank < 0 || rank >= len(w.hosts) {
		return fmt.Sprint("rank ", rank)
	}
	return fmt.Sprintf("rank %d on %s", rank, w.hosts[rank])
}

// Version is what the library calls itself, and which of its interfaces is used.
func (w *World) Version() string { return w.version }

// Close ends the World when all processes have come to their end. It waits for them. After it, the process must end with Exit.
func (w *World) Close() error {
	err := w.do(func() error { return w.lib.check("MPI_Finalize", w.lib.finalize()) })
	close(w.calls)
	return err
}

// Exit ends the process as a program in C ends, which MPICH needs: it takes leave of its launcher in a function that C's exit calls,
// and Go's os.Exit does not. A launcher that hears nothing ends the processes that are still there.
func Exit(status int) {
	if address, err := purego.Dlsym(purego.RTLD_DEFAULT, "exit"); err == nil {
		var exit func(status int32)
		purego.RegisterFunc(&exit, address)
		exit(int32(status))
	}
	os.Exit(status)
}

// Abort ends all processes, because of an error in this one, which it prints. It does not return.
func (w *World) Abort(err error) {
	if w.rank > 0 { // of an error that all have, the first process tells
		time.Sleep(300 * time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", w.Name(w.rank), err)
	go func() { // the library may wait for a network that is gone
		time.Sleep(2 * time.Second)
		os.Exit(1)
	}()
	select {
	case w.calls <- func() { w.lib.abort(w.lib.abi.world, 1) }: // does not return
	case <-time.After(time.Second): // the thread waits for somebody who does not come
	}
	os.Exit(1)
}

// Reducing is the World with the library's own sums (MPI_Allreduce): less is sent, and bits depend on the number of processes and
// on the library.
func (w *World) Reducing() train.Reducer { return reducing{w} }
