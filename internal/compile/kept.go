package compile

import (
	"sync"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
)

// Packs are the packed copies of a store's weights. All programs over the store share them, whatever function they are of, so
// a weight is packed once until the store says that it has changed, and not by each program and run. There is one for
// each matrix and way to read it: at most two copies of the weights.
//
// A weight that somebody else has in his hands, see Leaf.Lent, may have changed without a word. Each run packs it anew, into
// memory of its function, or does without.
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

// kept is a packed weight.
type kept[T kernel.Float] struct {
	mu      sync.Mutex // held while it is packed; it is read by runs that asked for it before
	packed  op.Packed[T]
	made    bool
	version uint64 // of the store when it was made
}

func (k *kept[T]) bytes() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.packed.Bytes()
}

// keptPacked finds or makes the copy of a weight.
func keptPacked[T kernel.Float](p *Packs, m packable[T]) *kept[T] {
	key := m.key()
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, ok := p.kept[key].(*kept[T]); ok {
		return k
	}
	if p.kept == nil {
		p.kept = map[packKey]keptPack{}
	}
	k := &kept[T]{packed: op.NewPacked[T](m.format)}
	p.kept[key] = k
	return k
}

// fresh packs the weight if the store has changed since that was last done. It returns the copy, and whether there was
// nothing to do.
func (k *kept[T]) fresh(p *Packs, weight *Leaf, m packable[T]) (packed op.Packed[T], idle bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	idle = k.made && k.version == p.version
	if !idle {
		k.made = false // should packing panic
		weight.lend(func() { m.pack(k.packed) })
		k.made, k.version = true, p.version
	}
	return k.packed, idle
}

// weightPack is a packed weight as one function sees it: the store's copy, or, of a weight that is lent, its own.
type weightPack[T kernel.Float] struct {
	now op.Packed[T] // what this run's products read
	own op.Packed[T]
}

// weightPackOf finds or makes a function's view of a weight.
func weightPackOf[T kernel.Float](mem *Memory, m packable[T], keep bool) *weightPack[T] {
	key := viewKey{m.key(), keep}
	if w, ok := mem.weights[key].(*weightPack[T]); ok {
		return w
	}
	if mem.weights == nil {
		mem.weights = map[viewKey]any{}
	}
	w := &weightPack[T]{own: op.NewPacked[T](m.format)}
	mem.weights[key] = w
	return w
}

// viewKey tells copies that products need from those that they can do without.
type viewKey struct {
	packKey
	keep bool
}

// task sees to it that products read the weight as it is. If a copy for one run does not pay, those of a lent weight get
// none.
func (w *weightPack[T]) task(p *Packs, weight *Leaf, m packable[T], keep bool, idle *bool) op.Task {
	k := keptPacked(p, m)
	return func() error {
		switch {
		case !weight.Lent.Load():
			w.now, *idle = k.fresh(p, weight, m)
		case keep:
			w.now, *idle = op.Packed[T]{}, true
		default:
			m.pack(w.own)
			w.now, *idle = w.own, false
		}
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

func (m packable[T]) key() packKey {
	return packKey{first: &m.src[0], shape: [2]int{m.rows, m.cols}, ld: m.ld, trans: m.trans, format: m.format}
}

func (m packable[T]) pack(to op.Packed[T]) {
	k, n := m.rows, m.cols
	if m.trans {
		k, n = n, k
	}
	to.Pack(m.trans, k, n, m.src, m.ld)
}
