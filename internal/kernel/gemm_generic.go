package kernel

// gemmGeneric is Gemm in Go loops: its definition, and what runs where there is no assembly. The operands are
// checked already; m and n are positive. Products are converted to T, as in the loops of the element-wise kernels, so
// that every machine rounds alike.
func gemmGeneric[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	for i := range m {
		scaleRow(c[i*ldc:i*ldc+n], beta)
	}
	if k <= 0 || alpha == 0 {
		return
	}
	switch {
	case transB && !transA:
		gemmNT(m, n, k, alpha, a, lda, b, ldb, c, ldc)
	case transB:
		gemmTT(m, n, k, alpha, a, lda, b, ldb, c, ldc)
	case transA:
		gemmRows(m, n, k, alpha, a, 1, lda, b, ldb, c, ldc)
	default:
		gemmRows(m, n, k, alpha, a, lda, 1, b, ldb, c, ldc)
	}
}

func scaleRow[T Float](c []T, beta T) {
	switch beta {
	case 0:
		fillGeneric(c, 0)
	case 1:
	default:
		for j := range c {
			c[j] *= beta
		}
	}
}

// gemmRows is C += alpha·A·B where A's element (i, l) is a[i*rowA+l*colA]. It adds four rows of B at a time to two
// rows of sums, in blocks of columns that stay in the first-level cache. Sums are complete before they meet C, as in the
// assembly, so that adding a product to C gives the bits of adding it as a matrix.
func gemmRows[T Float](m, n, k int, alpha T, a []T, rowA, colA int, b []T, ldb int, c []T, ldc int) {
	const block = 512
	var sums [2 * block]T
	for j0 := 0; j0 < n; j0 += block {
		w := min(block, n-j0)
		s0, s1 := sums[:w], sums[block:block+w]
		for i := 0; i < m; i += 2 {
			clear(sums[:])
			rows := min(2, m-i)
			rowPass(rows, k, alpha, a[i*rowA:], rowA, colA, b[j0:], ldb, s0, s1)
			addToGeneric(c[i*ldc+j0:][:w], s0)
			if rows == 2 {
				addToGeneric(c[(i+1)*ldc+j0:][:w], s1)
			}
		}
	}
}

// rowPass adds op(A)·B to one or two rows of sums.
func rowPass[T Float](rows, k int, alpha T, a []T, rowA, colA int, b []T, ldb int, c0, c1 []T) {
	w := len(c0)
	at := func(i, l int) T {
		if l >= k {
			return 0
		}
		return alpha * a[i*rowA+l*colA]
	}
	row := func(l int) []T { return b[min(l, k-1)*ldb:][:w] }
	// The last four terms are made up with zeros, so that a sum which ends in zeros has the bits of the shorter one:
	// attention over a source does not depend on how far that is padded.
	for l := 0; l < k; l += 4 {
		b0, b1, b2, b3 := row(l), row(l+1), row(l+2), row(l+3)
		x0, x1, x2, x3 := at(0, l), at(0, l+1), at(0, l+2), at(0, l+3)
		if rows == 1 {
			for j := range c0 {
				c0[j] += T(x0*b0[j]) + T(x1*b1[j]) + T(x2*b2[j]) + T(x3*b3[j])
			}
			continue
		}
		y0, y1, y2, y3 := at(1, l), at(1, l+1), at(1, l+2), at(1, l+3)
		c1 = c1[:w]
		for j := range c0 {
			p, q, r, s := b0[j], b1[j], b2[j], b3[j]
			c0[j] += T(x0*p) + T(x1*q) + T(x2*r) + T(x3*s)
			c1[j] += T(y0*p) + T(y1*q) + T(y2*r) + T(y3*s)
		}
	}
}

// gemmNT is C += alpha·A·Bᵀ: dot products, four rows of B at a time against two of A.
func gemmNT[T Float](m, n, k int, alpha T, a []T, lda int, b []T, ldb int, c []T, ldc int) {
	for j := 0; j < n; j += 4 {
		if j+4 > n {
			for ; j < n; j++ {
				for i := range m {
					c[i*ldc+j] += T(alpha * plainDot(a[i*lda:i*lda+k], b[j*ldb:]))
				}
			}
			return
		}
		b0, b1, b2, b3 := b[j*ldb:][:k], b[(j+1)*ldb:][:k], b[(j+2)*ldb:][:k], b[(j+3)*ldb:][:k]
		i := 0
		for ; i+2 <= m; i += 2 {
			a0, a1 := a[i*lda:][:k], a[(i+1)*lda:][:k]
			var s0, s1, s2, s3, t0, t1, t2, t3 T
			for l, x := range a0 {
				y, p, q, r, s := a1[l], b0[l], b1[l], b2[l], b3[l]
				s0 += T(x * p)
				s1 += T(x * q)
				s2 += T(x * r)
				s3 += T(x * s)
				t0 += T(y * p)
				t1 += T(y * q)
				t2 += T(y * r)
				t3 += T(y * s)
			}
			out, next := c[i*ldc+j:][:4], c[(i+1)*ldc+j:][:4]
			out[0] += T(alpha * s0)
			out[1] += T(alpha * s1)
			out[2] += T(alpha * s2)
			out[3] += T(alpha * s3)
			next[0] += T(alpha * t0)
			next[1] += T(alpha * t1)
			next[2] += T(alpha * t2)
			next[3] += T(alpha * t3)
		}
		for ; i < m; i++ {
			row := a[i*lda:][:k]
			out := c[i*ldc+j:][:4]
			out[0] += T(alpha * plainDot(row, b0))
			out[1] += T(alpha * plainDot(row, b1))
			out[2] += T(alpha * plainDot(row, b2))
			out[3] += T(alpha * plainDot(row, b3))
		}
	}
}

// plainDot is Σ a[l]·b[l], one after the other.
func plainDot[T Float](a, b []T) (s T) {
	b = b[:len(a)]
	for l, v := range a {
		s += T(v * b[l])
	}
	return s
}

// gemmTT is C += alpha·Aᵀ·Bᵀ, which no derivative needs; it is here to complete the set.
func gemmTT[T Float](m, n, k int, alpha T, a []T, lda int, b []T, ldb int, c []T, ldc int) {
	for i := range m {
		for j := range n {
			var s T
			for l := range k {
				s += T(a[l*lda+i] * b[j*ldb+l])
			}
			c[i*ldc+j] += T(alpha * s)
		}
	}
}
