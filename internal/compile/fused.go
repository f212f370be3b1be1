package compile

import (
	"slices"

	"github.com/unroll-go/unroll/internal/kernel"
	"github.com/unroll-go/unroll/internal/op"
)

// fused runs element-wise operations tile by tile: all of them on a few rows, then on the next few. What one
// operation hands to the next stays in the first-level cache, and results that nobody else reads never get memory of
// their own.
//
// The output of an LSTM: sigmoid(o)·tanh(sigmoid(f)·c), without the pass:
//
//	0  @0          = %3 sigmoid o  [2 4]
//	1  @16         = %4 sigmoid f  [2 4]
//	2  @32         = %5 mul %4 c  [2 4]
//	3  @16         = %6 tanh %5  [2 4]
//	4  own+0       = %7 mul %3 %6  [2 4]
//
// and with it:
//
//	0  -           = %3 sigmoid o  [2 4]
//	   -           = %4 sigmoid f  [2 4]
//	   -           = %5 mul %4 c  [2 4]
//	   -           = %6 tanh %5  [2 4]
//	   own+0       = %7 mul %3 %6  [2 4]
type fused[T kernel.Float] struct {
	ops        []tileOp[T]
	rows, cols int // of every operand, as a matrix of its last dimension
	high, wide int // of a tile: some whole rows, or a piece of one
	size       int // of a tile, in elements
	fill       int // lane of the first of three rows for numbers that are repeated
	perPart    int // tiles in a part of the work
	tiles      int
}

// tileOp is one operation on a tile.
type tileOp[T kernel.Float] struct {
	f       op.Tile[T]
	dst     tileArg[T]
	args    []tileArg[T]
	flat    bool // a tile's elements lie in a row in all operands
	chooses bool // between whole rows, by a number for each
}

// tileArg says where an operand's tile lies.
type tileArg[T kernel.Float] struct {
	kind op.RowKind
	lane int // in the scratch memory; negative for an operand in data
	data []T
	ld   int
}

const (
	// tileElements is the number of elements in a tile: some ten operands of it fit in the first-level cache.
	tileElements = 1024
	// sharedElements is the number of elements, times operations, from which tiles are shared between processors.
	sharedElements = 1 << 15
	// partsEach is the number of parts for each processor, in case one is late.
	partsEach = 4
)

// newFused plans the tiles. lanes is the number of results that live in scratch memory.
func newFused[T kernel.Float](ops []tileOp[T], rows, cols, lanes int) *fused[T] {
	f := &fused[T]{ops: ops, rows: rows, cols: cols, fill: lanes}
	flat := true
	for i := range ops {
		flat = flat && ops[i].flat
	}
	if flat { // one long row
		f.rows, f.cols = 1, rows*cols
		for i := range ops {
			ops[i].setRow(f.cols)
		}
	}
	target := tileElements
	for (lanes+3)*target*8 > kernel.ScratchBytes {
		target /= 2
	}
	f.wide = min(f.cols, target)
	f.high = max(1, min(f.rows, target/f.wide))
	if f.wide < f.cols {
		f.high = 1
	}
	f.size = f.high * f.wide
	f.tiles = (f.rows + f.high - 1) / f.high * ((f.cols + f.wide - 1) / f.wide)
	f.perPart = f.tiles
	if rows*cols*len(ops) >= sharedElements {
		f.perPart = max(1, f.tiles/(2*partsEach))
	}
	return f
}

// setRow changes the distance between rows of operands that are whole.
func (o *tileOp[T]) setRow(n int) {
	o.dst.ld = n
	for i := range o.args {
		o.args[i].ld = n
	}
}

// task runs all tiles, on several processors if there are enough.
func (f *fused[T]) task() op.Task {
	part := kernel.Part(func(i int, scratch []float64) {
		mem := kernel.ScratchOf[T](scratch)
		for t := i * f.perPart; t < min((i+1)*f.perPart, f.tiles); t++ {
			f.tile(t, mem)
		}
	})
	parts := (f.tiles + f.perPart - 1) / f.perPart
	if parts == 1 {
		return func() error { kernel.Scratch(part); return nil }
	}
	return func() error { kernel.Share(parts, part); return nil }
}

// tile runs every operation on tile number t.
func (f *fused[T]) tile(t int, mem []T) {
	across := (f.cols + f.wide - 1) / f.wide
	r0, c0 := t/across*f.high, t%across*f.wide
	r1, c1 := min(r0+f.high, f.rows), min(c0+f.wide, f.cols)
	whole := c1-c0 == f.cols || f.rows == 1
	for i := range f.ops {
		o := &f.ops[i]
		if o.flat && whole {
			n := (r1 - r0) * (c1 - c0)
			var in [3][]T
			for j := range o.args {
				in[j] = f.flat(&o.args[j], mem, j, r0, c0, n)
			}
			o.f(f.flat(&o.dst, mem, 0, r0, c0, n), in[0], in[1], in[2])
			continue
		}
		f.byRows(o, mem, r0, r1, c0, c1)
	}
}

// flat is n elements of operand number j from row r, column c on.
func (f *fused[T]) flat(a *tileArg[T], mem []T, j, r, c, n int) []T {
	switch {
	case a.lane >= 0:
		return mem[a.lane*f.size:][:n]
	case a.kind == op.ScalarRow:
		filled := mem[(f.fill+j)*f.size:][:n]
		kernel.Fill(filled, a.data[0])
		return filled
	}
	return a.data[r*f.cols+c:][:n]
}

// byRows runs an operation row by row.
func (f *fused[T]) byRows(o *tileOp[T], mem []T, r0, r1, c0, c1 int) {
	for r := r0; r < r1; r++ {
		dst := f.row(&o.dst, mem, 0, r, r0, c0, c1)
		if o.chooses {
			mask := &o.args[0]
			from := &o.args[1]
			if mask.data[r*mask.ld] == 0 {
				from = &o.args[2]
			}
			copy(dst, f.row(from, mem, 1, r, r0, c0, c1))
			continue
		}
		var in [3][]T
		for j := range o.args {
			in[j] = f.row(&o.args[j], mem, j, r, r0, c0, c1)
		}
		o.f(dst, in[0], in[1], in[2])
	}
}

// row is columns c0 to c1 of row r of operand number j, in a tile that begins at row r0.
func (f *fused[T]) row(a *tileArg[T], mem []T, j, r, r0, c0, c1 int) []T {
	n := c1 - c0
	if a.lane >= 0 {
		return mem[a.lane*f.size+(r-r0)*n:][:n]
	}
	switch a.kind {
	case op.WholeRows:
		return a.data[r*a.ld+c0:][:n]
	case op.SameRow:
		return a.data[c0:c1]
	}
	filled := mem[(f.fill+j)*f.size:][:n]
	if a.kind == op.NumberRow {
		kernel.Fill(filled, a.data[r*a.ld])
	} else {
		kernel.Fill(filled, a.data[0])
	}
	return filled
}

// bindFused binds the values of a step. Operands and results have memory in mems; values without any live in scratch.
func bindFused[T kernel.Float](values []*Value, mem func(*Value) (op.Operand, bool)) op.Task {
	rows, cols := op.MatrixOf(values[0].Shape)
	b := &fuseBinder[T]{values: values, mem: mem, ops: make([]tileOp[T], 0, len(values)), rows: rows, cols: cols}
	for i, v := range values {
		b.add(i, v)
	}
	return newFused(b.ops, rows, cols, b.count).task()
}

// fuseBinder turns values into tile operations.
type fuseBinder[T kernel.Float] struct {
	values []*Value // at most maxFused, so that looking through them is quick
	mem    func(*Value) (op.Operand, bool)
	ops    []tileOp[T]
	lanes  [maxFused]int // of each value: its lane and one more, 0 if it has memory
	free   []int
	count  int // of lanes
	rows   int
	cols   int
}

func (b *fuseBinder[T]) add(i int, v *Value) {
	kinds, _ := operandKinds(v)
	args := make([]tileArg[T], len(v.In))
	for j, in := range v.In {
		args[j] = b.arg(in, kinds[j])
	}
	long := len(v.In) > 2 && is[op.Add](v) // reads operands after it has written its result
	if !long {
		b.release(i, v)
	}
	dst := tileArg[T]{lane: -1}
	if o, ok := b.mem(v); ok {
		dst = tileArg[T]{lane: -1, data: op.Vec[T](o), ld: o.Ld()}
	} else {
		dst.lane = b.lane()
		b.lanes[i] = dst.lane + 1
	}
	if long {
		b.release(i, v)
	}
	f := tileOf[T](v.Op.(op.Elementwise))
	o := tileOp[T]{f: f, dst: dst, args: args, chooses: is[op.Where](v) && kinds[0] == op.NumberRow}
	if is[op.Add](v) {
		o.args = args[:2]
	}
	b.ops = append(b.ops, b.judged(o))
	if is[op.Add](v) {
		for _, more := range args[2:] {
			b.ops = append(b.ops, b.judged(tileOp[T]{f: f, dst: dst, args: []tileArg[T]{dst, more}}))
		}
	}
}

// release frees the lanes of v's operands that nobody reads after it, which is number i.
func (b *fuseBinder[T]) release(i int, v *Value) {
	for j, in := range v.In {
		if lane := b.laneOf(in); lane >= 0 && !slices.Contains(v.In[:j], in) && !b.readAfter(i, in) {
			b.free = append(b.free, lane)
		}
	}
}

// laneOf is the lane of a value of this step, negative if it has none.
func (b *fuseBinder[T]) laneOf(v *Value) int {
	i := slices.Index(b.values, v)
	if i < 0 {
		return -1
	}
	return b.lanes[i] - 1
}

// readAfter tells whether a value is read by one after number i.
func (b *fuseBinder[T]) readAfter(i int, in *Value) bool {
	return slices.ContainsFunc(b.values[i+1:], func(v *Value) bool { return slices.Contains(v.In, in) })
}

// lane takes one that is free, or a new one.
func (b *fuseBinder[T]) lane() int {
	if n := len(b.free); n > 0 {
		s := b.free[n-1]
		b.free = b.free[:n-1]
		return s
	}
	b.count++
	return b.count - 1
}

func (b *fuseBinder[T]) arg(v *Value, kind op.RowKind) tileArg[T] {
	if lane := b.laneOf(v); lane >= 0 {
		return tileArg[T]{lane: lane}
	}
	o, _ := b.mem(v)
	a := tileArg[T]{kind: kind, lane: -1, data: op.Vec[T](o), ld: o.Ld()}
	switch {
	case kind == op.NumberRow && op.LastDim(v.Shape) > 1:
		a.ld = 1 // [T, B] for the rows of [T, B, F]
	case kind == op.WholeRows && o.Stride == 0:
		a.ld = b.cols // [B] for [B, 1]
	}
	return a
}

// judged finds out whether an operation is flat: a single number may be repeated for a whole tile as well as for a row.
func (b *fuseBinder[T]) judged(o tileOp[T]) tileOp[T] {
	o.flat = !o.chooses
	for _, a := range append([]tileArg[T]{o.dst}, o.args...) {
		if a.lane < 0 && a.kind != op.ScalarRow && (a.kind != op.WholeRows || len(a.data) != b.rows*a.ld) {
			o.flat = false
		}
	}
	return o
}

func tileOf[T kernel.Float](e op.Elementwise) op.Tile[T] {
	f32, f64 := e.Tiles()
	if f, ok := any(f32).(op.Tile[T]); ok {
		return f
	}
	return any(f64).(op.Tile[T])
}
