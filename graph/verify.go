package graph

import "github.com/unroll-go/unroll/internal/kernel"

// verify hands on x unchanged after a look at ids. It is a pointer, as functions cannot be compared.
type verify struct {
	what  string
	check func(ids [][]int) error
}

func (o *verify) String() string        { return o.what }
func (*verify) wrt(i int) bool          { return i == 0 }
func (*verify) vjp(d derivation) []Node { return append([]Node{d.grad}, make([]Node, len(d.in)-1)...) }
func (o *verify) bind(b *binding) task {
	return pick(b, bindVerify[float32](o), bindVerify[float64](o))
}

func bindVerify[T kernel.Float](o *verify) func(*binding) task {
	return func(b *binding) task {
		dst, x := vec[T](b.out), vec[T](b.in[0])
		ids := make([][]int, len(b.in)-1)
		for i, in := range b.in[1:] {
			ids[i] = in.ids
		}
		return func() error {
			if err := o.check(ids); err != nil {
				return err
			}
			copy(dst, x)
			return nil
		}
	}
}

// Verify returns x, and has every run that needs it look at ids first: an error of check, which gets the numbers of each
// node of ids in row-major order, ends the run. So a loss says in its own words what is wrong with its targets, before some
// operation does that knows less. what names the check; errors begin with it.
func (g *Graph) Verify(what string, x Node, check func(ids [][]int) error, ids ...Node) Node {
	if !g.floats("Verify", x) {
		return Node{}
	}
	if check == nil {
		return g.failf("Verify", "%s: the check is nil", what)
	}
	for _, n := range ids {
		if !g.ids("Verify", n) {
			return Node{}
		}
	}
	return g.apply(&verify{what, check}, cloneInts(x.shape()), append([]Node{x}, ids...)...)
}
