package compile

import (
	"sync"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
)

// Packs are the packed copies of a store's weights. All programs over the store share them, whatever function they are of, so
// a weight is packed once until it changes, and not by each program and run. There is one for each matrix and way to read
// it: at most two copies of the weights.
//
// A weight that only the store can write has changed when the store says so. One that somebody else has in his hands, see
// Leaf.Lent, is looked at in every run: its checksum takes a fraction of the time that packing takes.
type Packs struct {
	mu      sync.Mutex
	version uint64 // counts the store's changes
	kept    map[packKey]keptPack
}

// Version counts the changes of the store's numbers. Whoever reads it, and every run, excludes Changed.
func (p *Packs) Version() uint64 { return p.version }

// Changed notes that the store's numbers are others now.
func (p *Packs) Changed() { p.version++ }

// Bytes is the size of all copies.
func (p *Packs) Bytes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, k := range p.kept {
		n += k.bytes()
	}
	return n
}

// keptPack is a *kept of one of two element types.
type keptPack interface{ bytes() int }

// packKey says what is packed: a matrix in a parameter's memory, and how it is read.
type packKey struct {
	first any // the address of its first element
	shape [2]int
	ld    int
	trans bool

	format kernel.Format
}

// packed is a matrix in the order in which products read it: a *kernel.Packed, or a kernel.Reduced of float32.
type packed[T kernel.Float] interface {
	Pack(transB bool, k, n int, b []T, ldb int)
	Bytes() int
}

// newPacked is an empty one.
func newPacked[T kernel.Float](f kernel.Format) packed[T] {
	if f == kernel.Full {
		return &kernel.Packed[T]{}
	}
	return kernel.NewReduced(f).(packed[T])
}

// kept is a packed weight, and what it was packed from.
type kept[T kernel.Float] struct {
	mu      sync.Mutex // held while it is packed; it is read by runs that went through pack before
	packed  packed[T]
	made    bool
	version uint64 // of the store
	summed  bool   // it was lent when it was packed, and had this sum
	sum     uint64
}

func (k *kept[T]) bytes() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.packed.Bytes()
}

// keptPacked finds or makes the copy of a weight.
func keptPacked[T kernel.Float](p *Packs, m packable[T]) *kept[T] {
	key := packKey{first: &m.src[0], shape: [2]int{m.rows, m.cols}, ld: m.ld, trans: m.trans, format: m.format}
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, ok := p.kept[key].(*kept[T]); ok {
		return k
	}
	if p.kept == nil {
		p.kept = map[packKey]keptPack{}
	}
	k := &kept[T]{packed: newPacked[T](m.format)}
	p.kept[key] = k
	return k
}

// task packs the weight if it has changed since that was last done, and notes whether it did.
func (k *kept[T]) task(p *Packs, weight *Leaf, m packable[T], idle *bool) op.Task {
	return func() error {
		lent, sum := weight.Lent.Load(), uint64(0)
		if lent {
			sum = kernel.Checksum(m.rows, m.cols, m.src, m.ld)
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		if lent {
			*idle = k.made && k.summed && k.sum == sum
		} else {
			*idle = k.made && k.version == p.version
		}
		if *idle {
			return nil
		}
		k.made = false // should packing panic
		m.pack(k.packed)
		k.made, k.version, k.summed, k.sum = true, p.version, lent, sum
		return nil
	}
}

// packable is a matrix to be packed: rows of cols elements, ld apart.
type packable[T kernel.Float] struct {
	src        []T
	rows, cols int
	ld         int
	trans      bool
	format     kernel.Format
}

func (m packable[T]) pack(to packed[T]) {
	k, n := m.rows, m.cols
	if m.trans {
		k, n = n, k
	}
	to.Pack(m.trans, k, n, m.src, m.ld)
}
