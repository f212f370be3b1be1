package graph

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/kernel"
)

// along picks elements of the last axis by id, for every row.
type along struct{ padID }

// padID is an id that stands for nothing, if there is one: it gives 0 and no gradient.
type padID struct {
	id    int
	known bool
}

func (p padID) is(id int) bool { return p.known && id == p.id }

func (along) String() string { return "pick along the last axis" }

func (o along) bind(b *binding) task { return pick(b, bindAlong[float32](o), bindAlong[float64](o)) }

func bindAlong[T kernel.Float](o along) func(*binding) task {
	return func(b *binding) task {
		dst, x, ids := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		size, n := lastDim(b.in[0].shape), lastDim(b.out.shape)
		return func() error {
			if err := checkAlong(ids, n, size, o.padID); err != nil {
				return err
			}
			for r := range len(dst) / n {
				row, at := x[r*size:(r+1)*size], r*n%len(ids)
				for j, id := range ids[at : at+n] {
					dst[r*n+j] = 0
					if !o.is(id) {
						dst[r*n+j] = row[id]
					}
				}
			}
			return nil
		}
	}
}

func checkAlong(ids []int, n, size int, pad padID) error {
	for i, id := range ids {
		if !pad.is(id) && (id < 0 || id >= size) {
			return errors.Errorf("id %d at place %d of row %d; want 0 to %d", id, i%n, i/n, size-1)
		}
	}
	return nil
}

// scatterAlong adds the elements of each row into a row of zeros, at the places that the ids name.
type scatterAlong struct {
	size int
	padID
}

func (o scatterAlong) String() string {
	return fmt.Sprintf("scatter-add along a last axis of %d", o.size)
}

func (o scatterAlong) bind(b *binding) task {
	return pick(b, bindScatterAlong[float32](o, false), bindScatterAlong[float64](o, false))
}
func (o scatterAlong) bindAdd(b *binding) task {
	return pick(b, bindScatterAlong[float32](o, true), bindScatterAlong[float64](o, true))
}

func bindScatterAlong[T kernel.Float](o scatterAlong, onTop bool) func(*binding) task {
	return func(b *binding) task {
		dst, x, ids := vec[T](b.out), vec[T](b.in[0]), b.in[1].ids
		size, n := lastDim(b.out.shape), lastDim(b.in[0].shape)
		return func() error {
			if err := checkAlong(ids, n, size, o.padID); err != nil {
				return err
			}
			if !onTop {
				kernel.Fill(dst, 0)
			}
			for r := range len(x) / n {
				row, at := dst[r*size:(r+1)*size], r*n%len(ids)
				for j, id := range ids[at : at+n] {
					if !o.is(id) {
						row[id] += x[r*n+j]
					}
				}
			}
			return nil
		}
	}
}

// Pick takes elements of the last axis by id: x [..., V] and ids [..., S] give [..., S], the scores of given classes,
// say. The ids' leading dimensions are those of x or the last of them: ids [B, S] serve every step of x [T, B, V]. Ids
// outside 0..V-1 are an error when the program runs. (torch.gather along the last dimension.)
func (g *Graph) Pick(x, ids Node) Node { return g.pick(x, ids, padID{}) }

// PickPadded is Pick with a padding id, which gives 0 and has no gradient. It may lie outside 0..V-1, as -1 does.
func (g *Graph) PickPadded(x, ids Node, pad int) Node { return g.pick(x, ids, padID{id: pad, known: true}) }

func (g *Graph) pick(x, ids Node, pad padID) Node {
	if !g.alongRows("Pick", x, ids) {
		return Node{}
	}
	return g.apply(along{pad}, append(cloneInts(x.shape()[:x.Rank()-1]), ids.Dim(-1)), x, ids)
}

// Scatter adds elements into zeros at the places that ids name: x [..., S] and ids [..., S] give [..., size]. What has
// one id is added up: attention over source positions becomes attention over the source's words. The ids' leading
// dimensions are those of x or the last of them; ids outside 0..size-1 are an error when the program runs.
func (g *Graph) Scatter(x, ids Node, size int) Node {
	if !g.alongRows("Scatter", x, ids) {
		return Node{}
	}
	if size < 1 || ids.Dim(-1) != x.Dim(-1) {
		return g.failf("Scatter", "want x [..., S], ids [..., S] and a size above 0, found %v, %v and %d", x.shape(), ids.shape(), size)
	}
	return g.apply(scatterAlong{size: size}, append(cloneInts(x.shape()[:x.Rank()-1]), size), x, ids)
}

// alongRows checks that every row of x has its ids.
func (g *Graph) alongRows(op string, x, ids Node) bool {
	if !g.floats(op, x) || !g.ids(op, ids) {
		return false
	}
	rows := x.Rank() - ids.Rank()
	if x.Rank() < 1 || ids.Rank() < 1 || rows < 0 || !slices.Equal(ids.shape()[:ids.Rank()-1], x.shape()[rows:x.Rank()-1]) {
		g.failf(op, "want x [..., V] and ids [..., S] with its leading dimensions or the last of them, found %v and %v", x.shape(), ids.shape())
		return false
	}
	return true
}

// oneHotMax is 1 at the first maximum of every row and 0 elsewhere.
type oneHotMax struct{}

func (oneHotMax) String() string { return "one-hot of the maximum" }

func (oneHotMax) bind(b *binding) task {
	return pick(b, bindOneHotMax[float32], bindOneHotMax[float64])
}

func bindOneHotMax[T kernel.Float](b *binding) task {
	dst, x := vec[T](b.out), vec[T](b.in[0])
	n := lastDim(b.out.shape)
	return func() error {
		kernel.Fill(dst, 0)
		for r := range len(dst) / n {
			dst[argmax(x, maximum{n: n, inner: 1}, r)] = 1
		}
		return nil
	}
}

// OneHotMax is 1 at the first maximum of the last axis and 0 elsewhere, of x's shape: a model's choice, which a product
// with a table of embeddings looks up. It has no gradient.
func (g *Graph) OneHotMax(x Node) Node {
	if !g.floats("OneHotMax", x) {
		return Node{}
	}
	if x.Rank() < 1 {
		return g.failf("OneHotMax", "want at least one dimension, found a scalar")
	}
	return g.apply(oneHotMax{}, x.shape(), x)
}

func init() {
	differentiate(func(o along, d derivation) []Node {
		size := d.in[0].Dim(-1)
		return []Node{d.g.apply(scatterAlong{size, o.padID}, cloneInts(d.in[0].shape()), d.grad, d.in[1]), {}}
	}, 0)
	differentiate(func(o scatterAlong, d derivation) []Node {
		return []Node{d.g.apply(along{o.padID}, cloneInts(d.in[0].shape()), d.grad, d.in[1]), {}}
	}, 0)
	constant[oneHotMax]()
}
