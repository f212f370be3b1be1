package op

import (
	"fmt"

	"github.com/unroll-go/unroll/internal/kernel"
)

// Polygamma is derivative Order+1 of ln Γ: the digamma function for order 0.
type Polygamma struct{ Order int }

func (o Polygamma) String() string { return fmt.Sprintf("polygamma %d", o.Order) }

func (o Polygamma) Bind(b *Binding) Task {
	return pick(b, bindPolygamma[float32](o), bindPolygamma[float64](o))
}

func bindPolygamma[T kernel.Float](o Polygamma) func(*Binding) Task {
	return func(b *Binding) Task { return bindUnary(b, polygammaInto[T](o)) }
}

func polygammaInto[T kernel.Float](o Polygamma) func(dst, x []T) {
	return func(dst, x []T) { kernel.Polygamma(dst, x, o.Order) }
}

// Tiles makes it element-wise.
func (o Polygamma) Tiles() (Tile[float32], Tile[float64]) {
	return unaryTile(polygammaInto[float32](o)), unaryTile(polygammaInto[float64](o))
}
