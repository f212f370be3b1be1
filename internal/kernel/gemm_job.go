package kernel

// job is a product for a team: blocks of rows·cols of C, across of them side by side.
type job[T Float] struct {
	product            product[T]
	rows, cols, across int
}

func (j *job[T]) part(i int, s *scratch) {
	r, c := i/j.across*j.rows, i%j.across*j.cols
	j.product.block(s, r, min(r+j.rows, j.product.m), c, min(c+j.cols, j.product.n))
}

// Jobs that nobody uses, kept for the next caller.
var (
	jobs32 = make(spares[job[float32]], 16)
	jobs64 = make(spares[job[float64]], 16)
)

func freeJobs[T Float]() spares[job[T]] {
	if s, ok := any(jobs32).(spares[job[T]]); ok {
		return s
	}
	return any(jobs64).(spares[job[T]])
}

func jobOf[T Float]() *job[T] { return freeJobs[T]().take() }

// free gives j back, without what it points to.
func (j *job[T]) free() {
	*j = job[T]{}
	freeJobs[T]().give(j)
}
