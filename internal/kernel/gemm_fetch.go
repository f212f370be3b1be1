package kernel

import "unsafe"

// While tiles multiply by one piece of a panel, they fetch the next one into the second-level cache, each its share,
// so that memory has as much time for a piece as all rows of tiles take, not only the first of them.

// fetch is what a tile fetches: with each of its steps the cache lines at a place and more bytes after it; the next
// step's place is row bytes on. Places may lie past the end of a slice, where there is nothing of use.
type fetch struct {
	at        uintptr
	row, more int
}

const (
	fetchAhead = 32 // rows that a single tile is ahead of itself
	fetchTiles = 32 // tiles that share a piece at most
	fetchLine  = 64 // bytes in a cache line
)

// fetching is how the tiles of a column share what they fetch: those from number from to number to do, each skip bytes
// after what the one before does.
type fetching struct {
	row, more      int // see fetch
	from, to, skip int
	distance       int // between rows of B, in bytes
}

// shareFetching sets w.fetching, for all columns of tiles.
func (w *tiling[T]) shareFetching() {
	size, f := int(unsafe.Sizeof(T(0))), &w.fetching
	tiles := ceil(w.i1-w.i0, w.rows)
	*f = fetching{to: min(tiles, fetchTiles), distance: w.cols * size}
	if w.b.source != nil {
		f.distance = w.ldb * size
	}
	f.row = f.distance
	switch {
	case tiles == 1: // it reads a piece for the first and last time
		f.more = fetchLine
	case w.b.source == nil: // rows follow each other without gaps
		f.row, f.skip = f.distance/f.to, min(w.piece, w.l1-w.l0)*f.distance/f.to
	default: // the first tile is busy with copying; the next two fetch a line of each row
		f.from, f.to, f.skip = 1, 3, fetchLine
		if tiles == 2 {
			f.more = fetchLine
		}
	}
}

// upcoming is where the piece from l to end is, and what is to be fetched meanwhile.
func (w *tiling[T]) upcoming(l, end int) (piece, next uintptr) {
	data, panel := w.b.data, w.b.size
	if w.b.source != nil {
		data, panel = w.b.source, w.cols
	}
	first := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	piece = first + uintptr((l-w.l0)*w.fetching.distance)
	switch {
	case w.i1-w.i0 <= w.rows:
		return piece, piece + uintptr(fetchAhead*w.fetching.distance)
	case end < w.l1:
		return piece, first + uintptr((end-w.l0)*w.fetching.distance)
	}
	return piece, first + uintptr(panel)*unsafe.Sizeof(T(0))
}
