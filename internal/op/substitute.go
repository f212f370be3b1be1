package op

import "github.com/unroll-go/unroll/internal/kernel"

// Substitute solves a unit triangular system for each of a batch of matrices: x = b + L·x for a [..., C, C] and b [..., C, N],
// where L is what of a lies below its diagonal. Row by row that is x_t = b_t + Σ_{j<t} a_tj·x_j, forward substitution. With Back
// it is x = b + Lᵀ·x, from the last row to the first.
type Substitute struct{ Back bool }

func (o Substitute) String() string {
	if o.Back {
		return "substitute back"
	}
	return "substitute"
}

func (o Substitute) Bind(b *Binding) Task {
	return pick(b, bindSubstitute[float32](o), bindSubstitute[float64](o))
}

func bindSubstitute[T kernel.Float](o Substitute) func(*Binding) Task {
	return func(b *Binding) Task {
		a, x, dst := Vec[T](b.In[0]), Vec[T](b.In[1]), Vec[T](b.Out)
		c, n := matrixSize(b.In[1].Shape)
		solve := forward[T]
		if o.Back {
			solve = backward[T]
		}
		return rowsTask(len(dst)/(c*n), c*n, func(from, to int) {
			copy(dst[from*c*n:to*c*n], x[from*c*n:to*c*n])
			for i := from; i < to; i++ {
				solve(c, n, a[i*c*c:(i+1)*c*c], dst[i*c*n:(i+1)*c*n])
			}
		})
	}
}

// solved is how many rows are solved one after the other; what all rows before them contribute is one product.
const solved = 8

// forward adds L·x to x [c, n], row by row.
func forward[T kernel.Float](c, n int, a, x []T) {
	for from := 0; from < c; from += solved {
		to := min(from+solved, c)
		if from > 0 {
			kernel.GemmBias(false, false, to-from, n, from, 1, a[from*c:], c, x, n, 1, x[from*n:], n, nil)
		}
		for t := from + 1; t < to; t++ {
			for j := from; j < t; j++ {
				kernel.Axpy(x[t*n:(t+1)*n], a[t*c+j], x[j*n:(j+1)*n])
			}
		}
	}
}

// backward adds Lᵀ·x to x [c, n], from the last row to the first.
func backward[T kernel.Float](c, n int, a, x []T) {
	for to := c; to > 0; to -= solved {
		from := max(to-solved, 0)
		if to < c {
			kernel.GemmBias(true, false, to-from, n, c-to, 1, a[to*c+from:], c, x[to*n:], n, 1, x[from*n:], n, nil)
		}
		for t := to - 2; t >= from; t-- {
			for j := t + 1; j < to; j++ {
				kernel.Axpy(x[t*n:(t+1)*n], a[j*c+t], x[j*n:(j+1)*n])
			}
		}
	}
}
