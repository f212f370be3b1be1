package graph

import (
	"math"
	"os"
	"sync"
	"unsafe"

	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// widening makes the numbers of a tensor of 32 bits from those of 16 bits in a mapped file, when somebody asks for them. Who only
// packs a weight borrows them, so that a model that generates text holds what is packed, and not a copy in 32 bits beside it.
type widening struct {
	kind  number.Type
	raw   []byte        // as they lie in the file
	file  *mapping      // in which that is
	room  []byte        // whole pages, in which value lies; they take memory once they are written to
	value *tensor.Dense // has the numbers while they are kept or lent

	mu   sync.Mutex
	kept bool
}

// widenings are those of tensors, by their values.
type widenings map[*tensor.Dense]*widening

// Keep makes the numbers, which stay.
func (w *widening) Keep() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.kept {
		w.widen()
		w.kept = true
	}
}

// Lend makes the numbers for as long as use runs.
func (w *widening) Lend(use func()) {
	if w == nil {
		use()
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.kept {
		w.widen()
		defer forgetPages(w.room)
	}
	use()
}

func (w *widening) widen() {
	_ = w.kind.Put(w.value, 0, w.raw) // a float always fits
	if !w.file.owned {
		forgetPages(wholePages(w.raw)) // the system has them in the file
	}
}

// fills tells whether a value lies where the numbers are put.
func (w *widening) fills(v *tensor.Dense) bool {
	return w != nil && &v.Float32s()[0] == &w.value.Float32s()[0]
}

// widens tells whether a tensor's numbers are made from ones of 16 bits.
func (e *namedEntry) widens(dtype tensor.Dtype) bool {
	kind, _ := number.Of(e.Dtype)
	return kind.Width == 2 && kind.Dtype() == tensor.Float32 && dtype == tensor.Float32 && e.n > 0 && len(e.Shape) > 0
}

// reserve takes pages for all tensors of a file that may be widened. Where there are none, tensors are widened as they are read.
func (m *mapping) reserve(entries []namedEntry, dtype tensor.Dtype) {
	var size int64
	for i := range entries {
		if entries[i].widens(dtype) {
			size += roomOf(&entries[i])
		}
	}
	if size > 0 && size <= math.MaxInt {
		m.room, _ = mapMemory(int(size))
		m.free = m.room
	}
}

// roomOf is how many bytes the pages of a tensor have.
func roomOf(e *namedEntry) int64 {
	page := int64(os.Getpagesize())
	return (4*int64(e.n) + page - 1) / page * page
}

// widening is that of a tensor whose bytes are raw; nil if there is no room for one.
func (m *mapping) widening(e *namedEntry, raw []byte, dtype tensor.Dtype) *widening {
	if !e.widens(dtype) || int64(len(m.free)) < roomOf(e) {
		return nil
	}
	n := int(roomOf(e))
	w := &widening{raw: raw, file: m, room: m.free[:n:n]}
	m.free = m.free[n:]
	w.kind, _ = number.Of(e.Dtype)
	w.value = Floats(unsafe.Slice((*float32)(unsafe.Pointer(&w.room[0])), e.n), e.Shape...)
	return w
}

// wholePages are the pages of which all bytes are in b.
func wholePages(b []byte) []byte {
	page := os.Getpagesize()
	from := int(-uintptr(unsafe.Pointer(&b[0])) % uintptr(page))
	if len(b) < from+page {
		return nil
	}
	return b[from : from+(len(b)-from)/page*page]
}
