package kernel

// Products of one to three rows take as long as it takes to read B. They read it once, in the order in which it is
// stored.

// stripRows is the number of rows up to which that is best.
const stripRows = 3

// streams tells whether p is such a product.
func (p *product[T]) streams() bool { return p.m <= stripRows && !p.packed }

// strips is slab for B as it is, in strips. It returns the column up to which it got; what is left is narrower.
func (p *product[T]) strips(i0, i1, j0, j1, l0, l1 int) int {
	rows := i1 - i0
	width := stripCols[T](rows)
	for ; j0+width <= j1; j0 += width {
		strip(rows, l1-l0, p.alpha, &p.a[i0*p.rowA+l0*p.colA], p.rowA, p.colA, &p.b[l0*p.ldb+j0], p.ldb, p.betaAt(l0),
			&p.c[i0*p.ldc+j0], p.ldc)
	}
	return j0
}

// dotDepth is the length of the pieces that dot products are made of.
const dotDepth = 4096

// dotBlock is block for B transposed: each element of C is a dot product of rows.
func (p *product[T]) dotBlock(s *scratch, i0, i1, j0, j1 int) {
	rows := scratchOf[T](s.a)
	for l0 := 0; l0 < p.k; l0 += dotDepth {
		n := min(dotDepth, p.k-l0)
		for i := i0; i < i1; i++ {
			packPart(rows[(i-i0)*dotDepth:], 1, p.a[i*p.rowA+l0*p.colA:], p.colA, n, 1)
		}
		for j := j0; j < j1; j += 4 {
			for i := i0; i < i1; i++ {
				p.dots(i, j, min(4, j1-j), rows[(i-i0)*dotDepth:][:n], l0)
			}
		}
	}
}

// dots adds to up to four elements of a row of C the products of a, from l0 on, with rows of B.
func (p *product[T]) dots(i, j, count int, a []T, l0 int) {
	var s [4]T
	if count == 4 {
		dots(len(a), &a[0], &p.b[j*p.ldb+l0], p.ldb, &s)
	} else {
		for x := range count {
			var same [4]T
			dots(len(a), &a[0], &p.b[(j+x)*p.ldb+l0], 0, &same)
			s[x] = same[0]
		}
	}
	beta := p.betaAt(l0)
	c := p.c[i*p.ldc+j:][:count]
	for x := range c {
		if beta == 0 {
			c[x] = p.alpha * s[x]
		} else {
			c[x] = T(p.alpha*s[x]) + T(beta*c[x])
		}
	}
}
