package stablehlo

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/internal/listing"
	"github.com/unroll-go/unroll/internal/op"
)

// value is a value of the text.
type value struct {
	name  string // "%12"
	shape []int
	kind  string // element type: f32, f64, i32, i1
}

func (v value) String() string { return v.name }

// typ is a type as the text has it: tensor<2x3xf32>.
func typ(kind string, shape []int) string {
	var b strings.Builder
	b.WriteString("tensor<")
	for _, d := range shape {
		b.WriteString(strconv.Itoa(d))
		b.WriteByte('x')
	}
	return b.String() + kind + ">"
}

func (v value) typ() string { return typ(v.kind, v.shape) }

func (v value) rank() int { return len(v.shape) }

func (v value) size() int { return op.Size(v.shape) }

// writer writes the body of a function, one operation a line. An operation that stands there already is not written again.
type writer struct {
	body  *strings.Builder
	count int
	float string           // the kind of floats
	known map[string]value // by what they are computed by

	nodes  []listing.Node
	values []value // of the nodes; without a name until somebody reads them
	loops  []place // of the nodes of the function, in loops
}

// emit writes an operation and returns its result.
func (w *writer) emit(kind string, shape []int, format string, args ...any) value {
	text := fmt.Sprintf(format, args...)
	key := text + typ(kind, shape)
	if v, ok := w.known[key]; ok {
		return v
	}
	v := value{w.name(), op.Clone(shape), kind}
	fmt.Fprintf(w.body, "    %s = %s\n", v.name, text)
	w.known[key] = v
	return v
}

// name is a new one.
func (w *writer) name() string {
	w.count++
	return "%" + strconv.Itoa(w.count-1)
}

// list is numbers in brackets.
func list(x ...int) string {
	text := make([]string, len(x))
	for i, v := range x {
		text[i] = strconv.Itoa(v)
	}
	return "[" + strings.Join(text, ", ") + "]"
}

// number is a float as the text has it: with a point, or by its bits.
func (w *writer) number(x float64) string {
	bits := 32
	if w.float == "f64" {
		bits = 64
	}
	if bits == 32 {
		x = float64(float32(x))
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		if bits == 64 {
			return fmt.Sprintf("0x%016X", math.Float64bits(x))
		}
		return fmt.Sprintf("0x%08X", math.Float32bits(float32(x)))
	}
	s := strconv.FormatFloat(x, 'e', -1, bits)
	if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1)
	}
	return s
}

// full is one number everywhere.
func (w *writer) full(x float64, shape ...int) value {
	t := typ(w.float, shape)
	return w.emit(w.float, shape, "stablehlo.constant dense<%s> : %s", w.number(x), t)
}

// whole is one whole number everywhere. One that is too small for 32 bits stands for no id, as graph.NoID; the smallest that there
// is does then, which no input holds, see host.check.
func (w *writer) whole(x int, shape ...int) value {
	x = max(x, math.MinInt32)
	return w.emit("i32", shape, "stablehlo.constant dense<%d> : %s", x, typ("i32", shape))
}

// floats are constants, by their bits.
func (w *writer) floats(x []float64, shape []int) value {
	var raw []byte
	for _, v := range x {
		if w.float == "f64" {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		} else {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
		}
	}
	return w.raw(w.float, raw, shape)
}

// wholes are constants of whole numbers.
func (w *writer) wholes(x []int, shape []int) value {
	var raw []byte
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, uint32(int32(v)))
	}
	return w.raw("i32", raw, shape)
}

func (w *writer) raw(kind string, raw []byte, shape []int) value {
	return w.emit(kind, shape, `stablehlo.constant dense<"0x%s"> : %s`, hex.EncodeToString(raw), typ(kind, shape))
}

// unary is an operation on one value of its type.
func (w *writer) unary(name string, x value) value {
	return w.emit(x.kind, x.shape, "%s %s : %s", name, x, x.typ())
}

// chlo is an operation of the dialect of functions that are made of simpler ones.
func (w *writer) chlo(name string, x ...value) value {
	names, types := make([]string, len(x)), make([]string, len(x))
	for i, v := range x {
		names[i], types[i] = v.name, v.typ()
	}
	return w.emit(x[0].kind, x[0].shape, "chlo.%s %s : %s -> %s", name, strings.Join(names, ", "), strings.Join(types, ", "), x[0].typ())
}

// binary is an operation on two values of one type.
func (w *writer) binary(name string, x, y value) value {
	return w.emit(x.kind, x.shape, "stablehlo.%s %s, %s : %s", name, x, y, x.typ())
}

func (w *writer) add(x, y value) value { return w.binary("add", x, y) }
func (w *writer) sub(x, y value) value { return w.binary("subtract", x, y) }
func (w *writer) mul(x, y value) value { return w.binary("multiply", x, y) }
func (w *writer) div(x, y value) value { return w.binary("divide", x, y) }

// by is x times a number.
func (w *writer) by(x value, number float64) value { return w.mul(x, w.full(number, x.shape...)) }

// plus is x and a number.
func (w *writer) plus(x value, number float64) value { return w.add(x, w.full(number, x.shape...)) }

// compare gives i1: how is EQ, NE, LT, LE, GT, GE.
func (w *writer) compare(how string, x, y value) value {
	return w.emit("i1", x.shape, "stablehlo.compare %s, %s, %s : (%s, %s) -> %s", how, x, y, x.typ(), y.typ(), typ("i1", x.shape))
}

func (w *writer) choose(which, x, y value) value {
	return w.emit(x.kind, x.shape, "stablehlo.select %s, %s, %s : %s, %s", which, x, y, which.typ(), x.typ())
}

func (w *writer) convert(x value, kind string) value {
	if x.kind == kind {
		return x
	}
	return w.emit(kind, x.shape, "stablehlo.convert %s : (%s) -> %s", x, x.typ(), typ(kind, x.shape))
}

// iota counts along an axis.
func (w *writer) iota(axis int, shape ...int) value {
	return w.emit("i32", shape, "stablehlo.iota dim = %d : %s", axis, typ("i32", shape))
}

func (w *writer) reshape(x value, shape ...int) value {
	if slices.Equal(x.shape, shape) {
		return x
	}
	return w.emit(x.kind, shape, "stablehlo.reshape %s : (%s) -> %s", x, x.typ(), typ(x.kind, shape))
}

// broadcast puts axis i of x at axis dims[i] of the shape.
func (w *writer) broadcast(x value, dims []int, shape []int) value {
	if slices.Equal(x.shape, shape) {
		return x
	}
	return w.emit(x.kind, shape, "stablehlo.broadcast_in_dim %s, dims = %s : (%s) -> %s", x, list(dims...), x.typ(), typ(x.kind, shape))
}

// fit is x as a tensor of the shape that it broadcasts to, aligned at the right.
func (w *writer) fit(x value, shape []int) value {
	if x.size() == op.Size(shape) {
		return w.reshape(x, shape...)
	}
	for x.rank() > len(shape) { // of length 1
		x = w.reshape(x, x.shape[1:]...)
	}
	dims := make([]int, x.rank())
	for i := range dims {
		dims[i] = len(shape) - x.rank() + i
	}
	return w.broadcast(x, dims, shape)
}

func (w *writer) transpose(x value, perm ...int) value {
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = x.shape[p]
	}
	return w.emit(x.kind, shape, "stablehlo.transpose %s, dims = %s : (%s) -> %s", x, list(perm...), x.typ(), typ(x.kind, shape))
}

// slice takes from[i] up to to[i] of each axis, every step[i]-th.
func (w *writer) slice(x value, from, to, step []int) value {
	shape, text := make([]int, x.rank()), make([]string, x.rank())
	for i := range shape {
		shape[i] = (to[i] - from[i] + step[i] - 1) / step[i]
		text[i] = fmt.Sprintf("%d:%d:%d", from[i], to[i], step[i])
	}
	if slices.Equal(shape, x.shape) {
		return x
	}
	return w.emit(x.kind, shape, "stablehlo.slice %s [%s] : (%s) -> %s", x, strings.Join(text, ", "), x.typ(), typ(x.kind, shape))
}

// rows takes from up to to of an axis.
func (w *writer) rows(x value, axis, from, to int) value {
	first, last, step := make([]int, x.rank()), op.Clone(x.shape), slices.Repeat([]int{1}, x.rank())
	first[axis], last[axis] = from, to
	return w.slice(x, first, last, step)
}

// pad puts a number before, behind and between the entries of each axis; a negative count takes entries away.
func (w *writer) pad(x value, with float64, low, high, between []int) value {
	shape := make([]int, x.rank())
	for i, n := range x.shape {
		shape[i] = low[i] + high[i] + n + max(n-1, 0)*between[i]
	}
	if slices.Equal(shape, x.shape) && !slices.ContainsFunc(low, func(n int) bool { return n != 0 }) {
		return x
	}
	with0 := w.full(with)
	if x.kind == "i32" {
		with0 = w.whole(int(with))
	}
	return w.emit(x.kind, shape, "stablehlo.pad %s, %s, low = %s, high = %s, interior = %s : (%s, %s) -> %s",
		x, with0, list(low...), list(high...), list(between...), x.typ(), with0.typ(), typ(x.kind, shape))
}

// padRows puts a number before and behind an axis.
func (w *writer) padRows(x value, with float64, axis, low, high int) value {
	zeros, before, after := make([]int, x.rank()), make([]int, x.rank()), make([]int, x.rank())
	before[axis], after[axis] = low, high
	return w.pad(x, with, before, after, zeros)
}

func (w *writer) concat(axis int, x ...value) value {
	if len(x) == 1 {
		return x[0]
	}
	shape := op.Clone(x[0].shape)
	shape[axis] = 0
	names, types := make([]string, len(x)), make([]string, len(x))
	for i, v := range x {
		shape[axis] += v.shape[axis]
		names[i], types[i] = v.name, v.typ()
	}
	return w.emit(x[0].kind, shape, "stablehlo.concatenate %s, dim = %d : (%s) -> %s", strings.Join(names, ", "), axis,
		strings.Join(types, ", "), typ(x[0].kind, shape))
}

// reduce combines an axis: how is add, maximum, minimum.
func (w *writer) reduce(how string, x, start value, axis int) value {
	shape := op.Without(x.shape, axis)
	return w.emit(x.kind, shape, "stablehlo.reduce(%s init: %s) applies stablehlo.%s across dimensions = [%d] : (%s, %s) -> %s",
		x, start, how, axis, x.typ(), start.typ(), typ(x.kind, shape))
}

func (w *writer) sum(x value, axis int) value { return w.reduce("add", x, w.full(0), axis) }

func (w *writer) max(x value, axis int) value {
	return w.reduce("maximum", x, w.full(math.Inf(-1)), axis)
}

// dot multiplies x and y: the first axes of both, as many as batch, go together; one axis of each is summed over.
func (w *writer) dot(x, y value, batch, alongX, alongY int) value {
	shape := op.Clone(x.shape[:batch])
	for i := batch; i < x.rank(); i++ {
		if i != alongX {
			shape = append(shape, x.shape[i])
		}
	}
	for i := batch; i < y.rank(); i++ {
		if i != alongY {
			shape = append(shape, y.shape[i])
		}
	}
	together := ""
	if batch > 0 {
		axes := make([]int, batch)
		for i := range axes {
			axes[i] = i
		}
		together = fmt.Sprintf("batching_dims = %s x %s, ", list(axes...), list(axes...))
	}
	return w.emit(x.kind, shape, "stablehlo.dot_general %s, %s, %scontracting_dims = [%d] x [%d], "+
		"precision = [HIGHEST, HIGHEST] : (%s, %s) -> %s", x, y, together, alongX, alongY, x.typ(), y.typ(), typ(x.kind, shape))
}

// gather takes the entries of an axis of x that ids [n] name, as a tensor whose axis has length n.
func (w *writer) gather(x value, axis int, ids value) value {
	n := ids.size()
	ids = w.reshape(ids, n, 1)
	shape, sizes := op.Clone(x.shape), op.Clone(x.shape)
	shape[axis], sizes[axis] = n, 1
	return w.emit(x.kind, shape, `"stablehlo.gather"(%s, %s) <{dimension_numbers = #stablehlo.gather<offset_dims = %s, `+
		`collapsed_slice_dims = [%d], start_index_map = [%d], index_vector_dim = 1>, slice_sizes = array<i64: %s>, `+
		`indices_are_sorted = false}> : (%s, %s) -> %s`,
		x, ids, list(others(x.rank(), axis)...), axis, axis, strings.Trim(list(sizes...), "[]"), x.typ(), ids.typ(), typ(x.kind, shape))
}

// others are the axes but one.
func others(rank, axis int) []int {
	var out []int
	for i := range rank {
		if i != axis {
			out = append(out, i)
		}
	}
	return out
}

// scatter adds the entries of an axis of updates to those of x that ids [n] name. An id outside of x adds nothing.
func (w *writer) scatter(x value, axis int, ids, updates value) value {
	ids = w.reshape(ids, ids.size(), 1)
	scalar := typ(x.kind, nil)
	return w.emit(x.kind, x.shape, `"stablehlo.scatter"(%s, %s, %s) <{scatter_dimension_numbers = `+
		`#stablehlo.scatter<update_window_dims = %s, inserted_window_dims = [%d], scatter_dims_to_operand_dims = [%d], `+
		`index_vector_dim = 1>, indices_are_sorted = false, `+
		`unique_indices = false}> ({ ^bb0(%%a: %s, %%b: %s): `+
		`%%sum = stablehlo.add %%a, %%b : %s stablehlo.return %%sum : %s }) : (%s, %s, %s) -> %s`,
		x, ids, updates, list(others(x.rank(), axis)...), axis, axis, scalar, scalar, scalar, scalar, x.typ(), ids.typ(), updates.typ(), x.typ())
}
