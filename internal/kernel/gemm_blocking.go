package kernel

// Sizes in bytes of the data caches of a core. Where the processor does not tell, they are these.
var (
	firstLevel  = 32 << 10
	secondLevel = 1 << 20
)

// blocking is how a block of C is cut up: outer columns of it are done before the next. For each depth of these, so
// many rows of A are packed at a time and multiplied by groups of packed columns of B.
type blocking struct {
	outer, rows, group int
	keeps              bool // groups stay packed for all rows, and are not packed again
}

const (
	// narrowBlock is the number of columns of B packed at a time when A is small or stays in the cache: rows of B are
	// read in pieces long enough to stream.
	narrowBlock = 4 * 32
	// blockRows is the number of rows of A packed at a time where B stays in the cache.
	blockRows = 128
	// depthBytes is the size of what one row or column of an operand adds to a slab, see tileShape.
	depthBytes = 2048
	// mostResident is the number of rows or columns that there is scratch memory for.
	mostResident = 768
)

// pieceOf is the number of rows in a piece of a panel: all depth of them, or half of them if those leave a quarter of
// the first-level cache to A and C.
func pieceOf(depth, rowBytes int) int {
	if half := depth / 2; half*rowBytes <= firstLevel*3/4 {
		return half
	}
	return depth
}

// resident is the number of rows of A, or columns of B, that stay in the second-level cache while all of the other
// operand goes by: it leaves room for that one and for C.
func resident() int {
	return min(max(secondLevel*5/8/depthBytes&^31, blockRows), mostResident)
}

// blocking chooses for m rows and n columns of C what moves less between the second-level cache and memory.
func (p *product[T]) blocking(m, n int) blocking {
	narrow, most := narrowBlock/p.cols*p.cols, resident()
	switch {
	case p.streams():
		width := stripCols[T](p.m)
		return blocking{outer: width, rows: m, group: width}
	case !p.packsA:
		return blocking{outer: narrow, rows: most, group: narrow, keeps: true}
	}
	// Either some rows of A stay while all columns of B go by, or some columns of B while all rows of A do.
	rows, cols := p.even(m, most, p.rows), p.even(n, most, p.cols)
	if n*ceil(m, rows)+m <= m*ceil(n, cols)+n {
		return blocking{outer: n, rows: rows, group: narrow}
	}
	return blocking{outer: cols, rows: blockRows, group: cols, keeps: true}
}

// even is n cut into equal parts of at most about most, multiples of unit.
func (p *product[T]) even(n, most, unit int) int { return ceil(ceil(n, ceil(n, most)), unit) * unit }
