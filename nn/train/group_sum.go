package train

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/kernel"
	"gorgonia.org/tensor"
)

// groupPiece is the number of elements of the gradients that are exchanged at a time: the memory that it takes is this, times
// the shards of a process and two. It does not change bits.
const groupPiece = 1 << 20

// groupSum sums gradients in the order of the shards.
type groupSum struct {
	group Group
	parts []*part // all shards
	own   []flat  // the gradients of those of this process
	dtype tensor.Dtype

	send, received, sum, all vector // buffers, which are kept
}

// sumAcross sets the store's gradients to the sum over the shards of all processes, each times its factor.
//
// The gradients are one long vector, cut into pieces, and each piece into a slice for each process. A process gets its slice of
// all shards from the others, adds them up in the order of the shards, as addShards does, and gives all the sum. No sum
// depends on the number of processes. A Reducer adds up what addShards made of each process's shards.
func (e *groupSum) sumAcross(g Group, params *graph.Params, parts []*part, own []*shard) error {
	if r, ok := g.(Reducer); ok {
		return reduceAcross(r, params, own)
	}
	e.group, e.parts, e.own, e.dtype = g, parts, e.own[:0], params.Dtype()
	for _, c := range own {
		e.own = append(e.own, flatten(params, c.params))
	}
	total := flatten(params, params)
	for from, size := 0, total.len(); from < size; from += groupPiece {
		if err := e.piece(total, from, min(from+groupPiece, size)); err != nil {
			return err
		}
	}
	return nil
}

// reduceAcross leaves the sums to the group.
func reduceAcross(g Reducer, params *graph.Params, own []*shard) error {
	if err := addShards(params, own); err != nil {
		return err
	}
	sums := flatten(params, params)
	buffer := floats(params.Dtype(), min(groupPiece, sums.len()))
	for from := 0; from < sums.len(); from += groupPiece {
		n := min(groupPiece, sums.len()-from)
		v := buffer.part(0, n)
		sums.read(v, from)
		err := g.AllReduce32(v.f32)
		if params.Dtype() == tensor.Float64 {
			err = g.AllReduce64(v.f64)
		}
		if err != nil {
			return errors.Wrap(err, "train")
		}
		sums.write(from, v)
	}
	return nil
}

// piece sums the elements from to to.
func (e *groupSum) piece(total flat, from, to int) error {
	n, width := e.group.Size(), widthOf(e.dtype)
	cut := func(rank int) int { return from + rank*(to-from)/n } // where the slice of a process begins
	me := e.group.Rank()
	mine := cut(me+1) - cut(me)
	e.send = e.send.sized(e.dtype, len(e.own)*(to-from))
	e.received = e.received.sized(e.dtype, len(e.parts)*mine)
	e.sum, e.all = e.sum.sized(e.dtype, mine), e.all.sized(e.dtype, to-from)

	at := 0
	sends, receives, slices := make([]int, n), make([]int, n), make([]int, n)
	for rank := range n {
		a, b := cut(rank), cut(rank+1)
		for _, c := range e.own {
			c.read(e.send.part(at, at+b-a), a)
			at += b - a
		}
		first, last := owned(e.group, rank, len(e.parts))
		sends[rank], receives[rank], slices[rank] = width*len(e.own)*(b-a), width*(last-first)*mine, width*(b-a)
	}
	if err := e.group.AllToAll(e.send.bytes(), sends, e.received.bytes(), receives); err != nil {
		return errors.Wrap(err, "train")
	}
	pieces := (mine + sumPiece - 1) / sumPiece
	kernel.Share(pieces, func(k int, _ []float64) {
		a, b := k*sumPiece, min((k+1)*sumPiece, mine)
		for i, p := range e.parts {
			e.sum.part(a, b).join(i, p.factor, e.received.part(i*mine+a, i*mine+b))
		}
	})
	if err := e.group.AllGather(e.sum.bytes(), e.all.bytes(), slices); err != nil {
		return errors.Wrap(err, "train")
	}
	total.write(from, e.all)
	return nil
}

// flat are the gradients of the trained parameters as one long vector.
type flat []vector

// flatten lists the gradients that are in a store, of the parameters that the run trains.
func flatten(params, store *graph.Params) flat {
	var out flat
	for i := range trained(params) {
		out = append(out, vectorOf(store.At(i).Grad()))
	}
	return out
}

func (f flat) len() int {
	n := 0
	for _, v := range f {
		n += v.len()
	}
	return n
}

// read fills dst with the elements that begin at from.
func (f flat) read(dst vector, from int) {
	f.stretches(from, dst.len(), func(at int, v vector) { dst.part(at, at+v.len()).set(v) })
}

// write replaces the elements that begin at from.
func (f flat) write(from int, src vector) {
	f.stretches(from, src.len(), func(at int, v vector) { v.set(src.part(at, at+v.len())) })
}

// stretches calls a function with each piece of memory of n elements, and where it begins in them.
func (f flat) stretches(from, n int, visit func(at int, v vector)) {
	at := -from
	for _, v := range f {
		if a, b := max(0, -at), min(v.len(), n-at); a < b {
			visit(at+a, v.part(a, b))
		}
		at += v.len()
	}
}
