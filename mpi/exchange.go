package mpi

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/pkg/errors"
)

// most is how many bytes one message has: MPI's counts are of 32 bits. A test makes it small.
var most = math.MaxInt32

const tag = 21 // of all messages

// AllGather fills all with what each process brings, see train.Group.
func (w *World) AllGather(own, all []byte, lengths []int) error {
	if len(lengths) != w.size || len(own) != lengths[w.rank] || len(all) != sum(lengths) {
		return errors.Errorf("mpi: AllGather: %d bytes of %d, lengths %v for %d processes", len(own), len(all), lengths, w.size)
	}
	send := make([][]byte, w.size)
	for r := range send {
		send[r] = own
	}
	return w.exchange(send, split(all, lengths))
}

// AllToAll sends each process a part of send, see train.Group.
func (w *World) AllToAll(send []byte, to []int, received []byte, from []int) error {
	if len(to) != w.size || len(from) != w.size || sum(to) != len(send) || sum(from) != len(received) {
		return errors.Errorf("mpi: AllToAll: %d bytes for %v, %d of %v, and %d processes", len(send), to, len(received), from, w.size)
	}
	return w.exchange(split(send, to), split(received, from))
}

func sum(v []int) int {
	n := 0
	for _, x := range v {
		n += x
	}
	return n
}

// split cuts bytes into parts of given lengths.
func split(b []byte, lengths []int) [][]byte {
	var out [][]byte
	for _, n := range lengths {
		out, b = append(out, b[:n]), b[n:]
	}
	return out
}

// exchange sends send[r] to every process r, and receives received[r] of it. MPI's collective functions would do the same, but
// wait for ever if a process does not come, and not say for which.
func (w *World) exchange(send, received [][]byte) error {
	copy(received[w.rank], send[w.rank])
	if w.size == 1 {
		return nil
	}
	return w.do(func() error {
		p := pending{world: w}
		defer p.pin.Unpin()
		for k := 1; k < w.size; k++ { // not all to the same process first
			if err := p.receive((w.rank+w.size-k)%w.size, received); err != nil {
				return err
			}
		}
		for k := 1; k < w.size; k++ {
			if err := p.send((w.rank+k)%w.size, send); err != nil {
				return err
			}
		}
		return p.wait()
	})
}

// pending are messages that are on their way.
type pending struct {
	world *World
	pin   runtime.Pinner
	list  []*message
}

// message is a part of what is sent to a process or received of it.
type message struct {
	request uintptr // a handle, of 4 or 8 bytes
	peer    int
}

// post begins to move bytes, in messages that MPI can count.
func (p *pending) post(peer int, b []byte, begin func(at unsafe.Pointer, n int32, m *message) int32) error {
	for {
		n := min(len(b), most)
		m := &message{peer: peer}
		p.pin.Pin(m)
		at := unsafe.Pointer(unsafe.SliceData(b))
		if n > 0 {
			p.pin.Pin(at)
		}
		if err := p.world.lib.check("a message to or from "+p.world.Name(peer), begin(at, int32(n), m)); err != nil {
			return err
		}
		p.list = append(p.list, m)
		if b = b[n:]; len(b) == 0 {
			return nil
		}
	}
}

func (p *pending) send(peer int, all [][]byte) error {
	l := p.world.lib
	return p.post(peer, all[peer], func(at unsafe.Pointer, n int32, m *message) int32 {
		return l.isend(at, n, l.abi.byteType, int32(peer), tag, l.abi.world, &m.request)
	})
}

func (p *pending) receive(peer int, all [][]byte) error {
	l := p.world.lib
	return p.post(peer, all[peer], func(at unsafe.Pointer, n int32, m *message) int32 {
		return l.irecv(at, n, l.abi.byteType, int32(peer), tag, l.abi.world, &m.request)
	})
}

// How the thread waits: at first it asks again at once, since messages move only while somebody asks; then with pauses, as another
// process may want the processor.
const (
	eager = 2 * time.Millisecond
	pause = 50 * time.Microsecond
)

// wait waits until all messages have come and gone. Whoever has not sent or taken one within the timeout, while nothing else came
// either, is named.
func (p *pending) wait() error {
	l := p.world.lib
	var s status
	moved := time.Now()
	for {
		rest := p.list[:0]
		for _, m := range p.list {
			var done int32
			if err := l.check("MPI_Test", l.test(&m.request, &done, &s)); err != nil {
				return err
			}
			if done == 0 {
				rest = append(rest, m)
			}
		}
		if len(rest) == 0 {
			return nil
		}
		if len(rest) < len(p.list) {
			moved = time.Now()
		}
		p.list = rest
		switch idle := time.Since(moved); {
		case idle > p.world.timeout:
			return p.late()
		case idle > eager:
			time.Sleep(pause)
		}
	}
}

// late names those for whom the process waits.
func (p *pending) late() error {
	missing := map[int]bool{}
	var names []string
	for _, m := range p.list {
		if !missing[m.peer] {
			missing[m.peer] = true
			names = append(names, p.world.Name(m.peer))
		}
	}
	return errors.Errorf("mpi: of %d processes, this one has waited %v for %s (does it hang, or is it slower? "+
		"--timeout, Options.Timeout, is how long to wait)", p.world.size, p.world.timeout, strings.Join(names, ", "))
}

// reducing is a World that adds up by itself.
type reducing struct{ *World }

func (w reducing) AllReduce32(v []float32) error {
	return w.reduce(unsafe.Pointer(unsafe.SliceData(v)), len(v), w.lib.abi.float32)
}

func (w reducing) AllReduce64(v []float64) error {
	return w.reduce(unsafe.Pointer(unsafe.SliceData(v)), len(v), w.lib.abi.float64)
}

// reduce is MPI_Allreduce, of no more elements than an int32 counts.
func (w reducing) reduce(v unsafe.Pointer, n int, kind uintptr) error {
	if n > math.MaxInt32 {
		return errors.Errorf("mpi: AllReduce of %d elements; want %d at most", n, math.MaxInt32)
	}
	return w.do(func() error {
		limit := time.AfterFunc(w.timeout, func() { // the launcher then ends the others
			fmt.Fprintf(os.Stderr, "%s: MPI_Allreduce has not returned for %v: another process hangs, or the network is gone\n",
				w.Name(w.rank), w.timeout)
			os.Exit(1)
		})
		defer limit.Stop()
		return w.lib.check("MPI_Allreduce", w.lib.allReduce(w.lib.abi.inPlace, v, int32(n), kind, w.lib.abi.sum, w.lib.abi.world))
	})
}
