package mpi

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/pkg/errors"
)

// most is how many bytes one call of MPI moves: its counts are of 32 bits. A test makes it small.
var most = math.MaxInt32

// small is how many bytes in all go through the first process, which brings them to all, with the news that all have arrived.
const small = 1 << 12

const tag = 21 // of messages between the first process and the others

// AllGather fills all with what each process brings, see train.Group. Before, it waits until all processes have come here:
// whoever does not within the timeout is named.
func (w *World) AllGather(own, all []byte, lengths []int) error {
	total := 0
	for _, n := range lengths {
		total += n
	}
	switch {
	case len(lengths) != w.size || len(all) != total || len(own) != lengths[w.rank]:
		return errors.Errorf("mpi: AllGather: %d bytes of %d, lengths %v for %d processes", len(own), len(all), lengths, w.size)
	case w.size == 1:
		copy(all, own)
		return nil
	}
	return w.do(func() error {
		if total <= small {
			return w.meet(own, all, lengths)
		}
		if err := w.meet(nil, nil, make([]int, w.size)); err != nil {
			return err
		}
		return rounds(lengths, w.size, func(counts, starts []int32, from, to []int) error {
			mine := own[from[w.rank]:to[w.rank]]
			if sumOf(counts) == total { // all at once
				return w.gather(mine, all, counts, starts)
			}
			buffer := make([]byte, sumOf(counts))
			if err := w.gather(mine, buffer, counts, starts); err != nil {
				return err
			}
			begin := 0
			for r, n := range lengths {
				copy(all[begin+from[r]:begin+to[r]], buffer[starts[r]:])
				begin += n
			}
			return nil
		})
	})
}

func (w *World) gather(own, all []byte, counts, starts []int32) error {
	defer w.watch("MPI_Allgatherv")()
	l := w.lib
	return l.check("MPI_Allgatherv", l.allGather(pointer(own), int32(len(own)), l.abi.byteType, pointer(all), &counts[0], &starts[0],
		l.abi.byteType, l.abi.world))
}

// AllToAll sends each process a part of send, see train.Group.
func (w *World) AllToAll(send []byte, to []int, received []byte, from []int) error {
	if len(to) != w.size || len(from) != w.size || sumOf(to) != len(send) || sumOf(from) != len(received) {
		return errors.Errorf("mpi: AllToAll: %d bytes for %v, %d of %v, and %d processes", len(send), to, len(received), from, w.size)
	}
	if w.size == 1 {
		copy(received, send)
		return nil
	}
	l := w.lib
	return w.do(func() error {
		defer w.watch("MPI_Alltoallv")()
		if len(send) <= most && len(received) <= most {
			counts, starts := int32s(to)
			rcounts, rstarts := int32s(from)
			return l.check("MPI_Alltoallv", l.allToAll(pointer(send), &counts[0], &starts[0], l.abi.byteType, pointer(received), &rcounts[0], &rstarts[0],
				l.abi.byteType, l.abi.world))
		}
		return errors.Errorf("mpi: AllToAll: %d bytes to send and %d to receive; want %d at most", len(send), len(received), most)
	})
}

// rounds cuts an exchange of so many bytes of each process into calls of MPI: in each, process r moves its bytes from from[r] to
// to[r].
func rounds(lengths []int, n int, call func(counts, starts []int32, from, to []int) error) error {
	each := max(1, most/n)
	if sumOf(lengths) <= most {
		each = max(1, slices.Max(lengths))
	}
	for begin := 0; begin < slices.Max(lengths); begin += each {
		from, to, sizes := make([]int, n), make([]int, n), make([]int, n)
		for r, all := range lengths {
			from[r], to[r] = min(begin, all), min(begin+each, all)
			sizes[r] = to[r] - from[r]
		}
		counts, starts := int32s(sizes)
		if err := call(counts, starts, from, to); err != nil {
			return err
		}
	}
	return nil
}

// meet has all processes meet: each sends what it brings to the first, which sends all of it to everybody.
func (w *World) meet(own, all []byte, lengths []int) error {
	if w.rank > 0 {
		if err := w.sendTo(0, own); err != nil {
			return err
		}
		late, err := w.receive([]int{0}, w.timeout+w.timeout/10, func(int) []byte { return all }) // the first names the one who is missing
		if err == nil && late != nil {
			err = errors.Errorf("mpi: %s has not answered for %v", w.Name(0), w.timeout+w.timeout/10)
		}
		return err
	}
	begins := make([]int, w.size)
	for r := 1; r < w.size; r++ {
		begins[r] = begins[r-1] + lengths[r-1]
	}
	copy(all, own)
	others := make([]int, w.size-1)
	for i := range others {
		others[i] = i + 1
	}
	late, err := w.receive(others, w.timeout, func(r int) []byte { return all[begins[r] : begins[r]+lengths[r]] })
	if err != nil {
		return err
	}
	if late != nil {
		names := make([]string, len(late))
		for i, r := range late {
			names[i] = w.Name(r)
		}
		return errors.Errorf("mpi: %d of %d processes have not come for %v, to where the others are: %s (does it hang, or is it slower? "+
			"Options.Timeout, --timeout, is how long to wait)", len(late), w.size, w.timeout, strings.Join(names, ", "))
	}
	for _, r := range others {
		if err := w.sendTo(r, all); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) sendTo(rank int, b []byte) error {
	return w.lib.check("MPI_Send", w.lib.send(pointer(b), int32(len(b)), w.lib.abi.byteType, int32(rank), tag, w.lib.abi.world))
}

// receive receives a message of each of some processes, whoever is first, and returns those whose has not come in time.
func (w *World) receive(from []int, limit time.Duration, to func(rank int) []byte) (late []int, err error) {
	l := w.lib
	began := time.Now()
	waiting := slices.Clone(from)
	var s status
	for turn := 0; len(waiting) > 0; turn++ {
		rest := waiting[:0]
		for _, r := range waiting {
			var there int32
			if err := l.check("MPI_Iprobe", l.probe(int32(r), tag, l.abi.world, &there, &s)); err != nil {
				return nil, err
			}
			if there == 0 {
				rest = append(rest, r)
				continue
			}
			b := to(r)
			if err := l.check("MPI_Recv", l.recv(pointer(b), int32(len(b)), l.abi.byteType, int32(r), tag, l.abi.world, &s)); err != nil {
				return nil, err
			}
		}
		waiting = rest
		if turn < 1000 || len(waiting) == 0 {
			continue
		}
		if time.Since(began) > limit {
			return waiting, nil
		}
		time.Sleep(min(time.Duration(turn/50)*time.Microsecond, 500*time.Microsecond)) // another process may want the processor
	}
	return nil, nil
}

// watch ends the process if a call of MPI does not return: the launcher then ends the others. Done is called after it.
func (w *World) watch(call string) (done func()) {
	limit := w.timeout + w.timeout/10
	t := time.AfterFunc(limit, func() {
		fmt.Fprintf(os.Stderr, "%s: %s has not returned for %v: another process hangs, or the network is gone\n", w.Name(w.rank), call, limit)
		os.Exit(1)
	})
	return func() { t.Stop() }
}

// reducing is a World that adds up by itself.
type reducing struct{ *World }

func (w reducing) AllReduce32(v []float32) error {
	return w.reduce(unsafe.Pointer(unsafe.SliceData(v)), len(v), w.lib.abi.float32)
}

func (w reducing) AllReduce64(v []float64) error {
	return w.reduce(unsafe.Pointer(unsafe.SliceData(v)), len(v), w.lib.abi.float64)
}

func (w reducing) reduce(v unsafe.Pointer, n int, kind uintptr) error {
	const width = 8 // of an element, at most
	return w.do(func() error {
		defer w.watch("MPI_Allreduce")()
		if n > most/width {
			return errors.Errorf("mpi: AllReduce of %d elements; want %d at most", n, most/width)
		}
		return w.lib.check("MPI_Allreduce", w.lib.allReduce(w.lib.abi.inPlace, v, int32(n), kind, w.lib.abi.sum, w.lib.abi.world))
	})
}

// int32s are lengths as MPI wants them, with where each begins. Their sum is at most MaxInt32.
func int32s(lengths []int) (counts, starts []int32) {
	at := 0
	for _, n := range lengths {
		counts, starts = append(counts, int32(n)), append(starts, int32(at))
		at += n
	}
	return counts, starts
}

func sumOf[T int | int32](v []T) int {
	n := 0
	for _, x := range v {
		n += int(x)
	}
	return n
}

// pointer is where bytes are; MPI does not look at those that are none.
func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
