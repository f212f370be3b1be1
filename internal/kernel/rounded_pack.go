package kernel

import "math"

const (
	stripLines = 32 // rows of A, or columns of B, that are packed together, in two tiles
	blockDepth = 32 // elements along k in a tile
	tileLines  = 16
	tileSize   = 256 // elements of 32 bits: 16 rows of 16
	partSize   = 2 * tileSize
)

// tiled is an operand of a product in pairs of bfloat16: the lower half of 32 bits is at an even place along k, the upper
// half at the next. Its lines, the rows of A or the columns of B, lie in strips of 32, and a strip in blocks of 32
// along k, filled up with zeros. A block is a tile of the first 16 lines and one of the others, and then, if numbers are
// split, two of the second parts. Tiles of A have a row for each line, tiles of B one for each pair:
//
//	data[((line/32·blocks + k/32)·parts + part)·512 + line%32/16·256 + row·16 + column]
type tiled struct {
	precision Precision
	rows      bool // A
	lines, k  int
	data      []uint32

	// What is being packed, during packing.
	engine *engine
	src    []float32
	ld     int
	alongK bool // elements that follow each other in src do so along k
}

// set makes room for lines of k elements, and says where they are.
func (t *tiled) set(e *engine, k, lines int, src []float32, ld int, alongK bool) {
	t.engine, t.src, t.ld, t.alongK = e, src, ld, alongK
	t.lines, t.k = max(lines, 0), max(k, 0)
	size := ceil(t.lines, stripLines) * t.stripSize()
	if cap(t.data) < size {
		t.data = aligned[uint32](size)
	}
	t.data = t.data[:size]
}

// blocks is the number of blocks in a strip.
func (t *tiled) blocks() int { return ceil(t.k, blockDepth) }

func (t *tiled) stripSize() int { return t.blocks() * t.precision.parts() * partSize }

// strip is what follows from a strip's beginning on.
func (t *tiled) strip(i int) []uint32 { return t.data[i*t.stripSize():] }

// Bytes is the size of t's memory.
func (t *tiled) Bytes() int { return 4 * cap(t.data) }

// share packs, with a team if that pays.
func (t *tiled) share() {
	if len(t.data) > 0 {
		parts := t.blocks()
		if t.alongK {
			parts = ceil(t.lines, stripLines)
		}
		theTeam.run(t, parts, helpersToPack(len(t.data)))
	}
	t.engine, t.src = nil, nil
}

// part packs a strip, or a block of all strips, whichever lies in rows of src that are read from end to end: src may be far
// larger than the caches.
func (t *tiled) part(i int, _ *scratch) {
	if t.alongK {
		for block := range t.blocks() {
			t.block(i, block)
		}
		return
	}
	for strip := range ceil(t.lines, stripLines) {
		t.block(strip, i)
	}
}

// block packs a block of a strip.
func (t *tiled) block(strip, block int) {
	parts := t.precision.parts()
	tiles, depth := t.strip(strip)[block*parts*partSize:], min(blockDepth, t.k-block*blockDepth)
	for half := range 2 {
		t.tile(tiles[half*tileSize:], strip*stripLines+half*tileLines, block*blockDepth, depth)
	}
}

// tile packs a tile, and that of second parts, from a line and a place along k.
func (t *tiled) tile(tile []uint32, line, k, depth int) {
	parts, lines := t.precision.parts(), max(0, min(tileLines, t.lines-line))
	filled := lines // rows of the tile
	switch {
	case lines == 0:
	case t.alongK:
		t.engine.roundRows(parts, tile, t.src[line*t.ld+k:], t.ld, lines, depth)
	default:
		filled = (depth + 1) / 2
		t.engine.roundPairs(parts, tile, t.src[k*t.ld+line:], t.ld, depth, lines)
	}
	for s := range parts {
		one := tile[s*partSize:][:tileSize]
		clear(one[filled*tileLines:])
		if t.alongK != t.rows {
			t.engine.transpose(one)
		}
	}
}

// roundRowsGeneric packs rows of some elements that follow each other along k: one row of pairs each.
func roundRowsGeneric(parts int, tile []uint32, src []float32, ld, rows, depth int) {
	for r := range rows {
		x := src[r*ld:][:depth]
		for p := range tileLines {
			var low, high float32
			if 2*p < depth {
				low = x[2*p]
			}
			if 2*p+1 < depth {
				high = x[2*p+1]
			}
			storePair(parts, tile, r*tileLines+p, low, high)
		}
	}
}

// roundPairsGeneric packs rows that follow each other along k: one row of pairs for two.
func roundPairsGeneric(parts int, tile []uint32, src []float32, ld, rows, lines int) {
	for p := range (rows + 1) / 2 {
		for j := range tileLines {
			var low, high float32
			if j < lines {
				low = src[2*p*ld+j]
				if 2*p+1 < rows {
					high = src[(2*p+1)*ld+j]
				}
			}
			storePair(parts, tile, p*tileLines+j, low, high)
		}
	}
}

func storePair(parts int, tile []uint32, at int, low, high float32) {
	if parts == 2 {
		first, second := nearest(low), nearest(high)
		tile[partSize+at] = pairOf(low-first, high-second)
		low, high = first, second
	}
	tile[at] = pairOf(low, high)
}

// nearest is x rounded to bfloat16, ties away from zero. The largest numbers become infinite, and a NaN may become 0.
func nearest(x float32) float32 {
	return math.Float32frombits((math.Float32bits(x) + 0x8000) & 0xffff0000)
}

// pairOf rounds two numbers to bfloat16, ties to even and denormal numbers to 0.
func pairOf(low, high float32) uint32 {
	return uint32(toBFloat16(flushed(low))) | uint32(toBFloat16(flushed(high)))<<16
}

// flushed is x, or a zero of its sign for a denormal number.
func flushed(x float32) float32 {
	b := math.Float32bits(x)
	if b&0x7f800000 == 0 {
		b &= 0x80000000
	}
	return math.Float32frombits(b)
}

// transposeGeneric makes rows of a tile columns.
func transposeGeneric(tile []uint32) {
	for i := range tileLines {
		for j := range i {
			p, q := &tile[i*tileLines+j], &tile[j*tileLines+i]
			*p, *q = *q, *p
		}
	}
}
