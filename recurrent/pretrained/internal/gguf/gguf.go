// Package gguf reads GGUF files, in which llama.cpp keeps models: fields with names, and tensors. The format is described in
// docs/gguf.md of the project ggml.
package gguf

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// File is what a file holds.
type File struct {
	// Fields are a float64, bool, string or []any each; whole numbers are float64, too, which holds all below 2⁵³ exactly.
	Fields  map[string]any
	Tensors []Tensor
}

// Tensor is a tensor of float32, with its shape as PyTorch has it: the file lists axes from the last to the first.
type Tensor struct {
	Name  string
	Value *tensor.Dense
}

// Open reads a file. Nothing is allocated that its size does not bear out.
func Open(path string) (*File, error) {
	f, err := inputfile.OpenWhole(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("want a file, not a pipe")
	}
	out, err := read(f, info.Size())
	return out, errors.WithMessage(err, "it is not a usable GGUF file")
}

func read(f io.ReaderAt, size int64) (*File, error) {
	r := &reader{in: bufio.NewReaderSize(io.NewSectionReader(f, 0, size), 1<<16), size: size}
	if magic := r.bytes(4); r.err == nil && string(magic) != "GGUF" {
		return nil, errors.Errorf("it begins with %q; want GGUF", magic)
	}
	if v := r.uint32(); r.err == nil && v != 2 && v != 3 {
		return nil, errors.Errorf("its version is %d; want 2 or 3, in the byte order of x86", v)
	}
	tensors, fields := r.count(24), r.count(13)
	out := &File{Fields: make(map[string]any, fields)}
	for i := 0; i < fields && r.err == nil; i++ {
		name := r.text()
		if _, ok := out.Fields[name]; ok {
			return nil, errors.Errorf("the field %.80q comes twice", name)
		}
		out.Fields[name] = r.value(r.uint32(), 0)
		if r.err != nil {
			return nil, errors.WithMessagef(r.err, "field %.80q", name)
		}
	}
	list := make([]entry, 0, tensors)
	for i := 0; i < tensors && r.err == nil; i++ {
		list = append(list, r.entry())
	}
	if r.err != nil {
		return nil, r.err
	}
	align := int64(32)
	if v, ok := out.Fields["general.alignment"].(float64); ok {
		if align = int64(v); align < 1 || align > 1<<20 {
			return nil, errors.Errorf("general.alignment is %g; want a small positive number", v)
		}
	}
	data := (r.at + align - 1) / align * align
	seen := map[string]bool{}
	for _, e := range list {
		value, err := e.read(f, data, size)
		if err == nil && seen[e.name] {
			err = errors.New("comes twice")
		}
		if err != nil {
			return nil, errors.WithMessagef(err, "tensor %.80q", e.name)
		}
		seen[e.name] = true
		out.Tensors = append(out.Tensors, Tensor{e.name, value})
	}
	return out, nil
}

// reader reads the part before the tensors' numbers. The first mistake sticks.
type reader struct {
	in       *bufio.Reader
	at, size int64
	err      error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = errors.Errorf(format, args...)
	}
}

// bytes are the next n bytes; none after a mistake.
func (r *reader) bytes(n uint64) []byte {
	if r.err == nil && n > uint64(r.size-r.at) {
		r.fail("it ends early: at byte %d it should have %d more, and has %d", r.at, n, r.size-r.at)
	}
	if r.err != nil {
		return nil
	}
	out := make([]byte, n)
	if _, err := io.ReadFull(r.in, out); err != nil {
		r.err = err
		return nil
	}
	r.at += int64(n)
	return out
}

// whole is the next number of width bytes, little-endian.
func (r *reader) whole(width int) uint64 {
	var out [8]byte
	copy(out[:], r.bytes(uint64(width)))
	return binary.LittleEndian.Uint64(out[:])
}

func (r *reader) uint32() uint32 { return uint32(r.whole(4)) }

func (r *reader) text() string { return string(r.bytes(r.whole(8))) }

// count is a number of things that take at least so many bytes each.
func (r *reader) count(least int64) int {
	n := r.whole(8)
	if r.err == nil && n > uint64((r.size-r.at)/least) {
		r.fail("it should have %d entries, for which it is too short", n)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// The types of fields.
const (
	typeBool   = 7
	typeString = 8
	typeArray  = 9
)

// widths are the bytes of the other types.
var widths = map[uint32]int{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 10: 8, 11: 8, 12: 8}

// value is a field's value. Arrays of arrays go down to a depth that no file reaches.
func (r *reader) value(kind uint32, depth int) any {
	switch kind {
	case typeBool:
		return r.whole(1) != 0
	case typeString:
		return r.text()
	case typeArray:
		of, least := r.uint32(), int64(1)
		switch of {
		case typeString:
			least = 8
		case typeArray:
			least = 12
		}
		if depth > 3 {
			r.fail("arrays lie in arrays")
			return nil
		}
		n := r.count(least)
		out := make([]any, 0, n)
		for i := 0; i < n && r.err == nil; i++ {
			out = append(out, r.value(of, depth+1))
		}
		return out
	}
	width, ok := widths[kind]
	if !ok {
		r.fail("the type %d is not known", kind)
		return nil
	}
	v := r.whole(width)
	switch kind {
	case 1:
		return float64(int8(v))
	case 3:
		return float64(int16(v))
	case 5:
		return float64(int32(v))
	case 6:
		return float64(math.Float32frombits(uint32(v)))
	case 11:
		return float64(int64(v))
	case 12:
		return math.Float64frombits(v)
	}
	return float64(v)
}

// entry is a tensor of the header.
type entry struct {
	name   string
	shape  []int
	n      int64 // of elements
	kind   uint32
	offset uint64
}

func (r *reader) entry() entry {
	e := entry{name: r.text(), n: 1}
	rank := r.uint32()
	if rank > 4 {
		r.fail("tensor %.80q has %d axes; want at most 4", e.name, rank)
		return e
	}
	e.shape = make([]int, rank)
	for i := range e.shape {
		d := r.whole(8)
		if d < 1 || d > dense.MaxElements || e.n > dense.MaxElements/int64(d) {
			r.fail("tensor %.80q has an axis of %d; want 1 or more, and fewer elements in all", e.name, d)
			return e
		}
		e.n *= int64(d)
		e.shape[len(e.shape)-1-i] = int(d)
	}
	e.kind, e.offset = r.uint32(), r.whole(8)
	return e
}

// kinds are the types of tensors that are read, by their numbers in the file.
var kinds = map[uint32]string{0: "F32", 1: "F16", 8: "Q8_0", 28: "F64", 30: "BF16"}

// others are types that are not read, to name them.
var others = strings.Fields("F32 F16 Q4_0 Q4_1 4 5 Q5_0 Q5_1 Q8_0 Q8_1 Q2_K Q3_K Q4_K Q5_K Q6_K Q8_K IQ2_XXS IQ2_XS IQ3_XXS IQ1_S IQ4_NL " +
	"IQ3_S IQ2_S IQ4_XS I8 I16 I32 I64 F64 IQ1_M BF16")

// Q8_0 has groups of 32 numbers of a row: a scale of 16 bits, and 32 whole numbers of 8 bits that it multiplies.
const (
	groupLength = 32
	groupBytes  = 2 + groupLength
)

// read takes the tensor's numbers from the file, whose numbers begin at data.
func (e *entry) read(f io.ReaderAt, data, size int64) (*tensor.Dense, error) {
	name, ok := kinds[e.kind]
	if !ok {
		name = "of an unknown type"
		if int(e.kind) < len(others) {
			name = others[e.kind]
		}
		return nil, errors.Errorf("its numbers are %s; want F32, F16, BF16 or Q8_0", name)
	}
	group, width := int64(1), int64(groupBytes)
	kind, _ := number.Of(name)
	if name == "Q8_0" {
		group = groupLength
		if len(e.shape) == 0 || e.shape[len(e.shape)-1]%groupLength != 0 {
			return nil, errors.Errorf("it has shape %v; want rows of a multiple of %d for Q8_0", e.shape, groupLength)
		}
	} else {
		width = int64(kind.Width)
	}
	bytes := e.n / group * width
	if data > size || e.offset > uint64(size-data) || bytes > size-data-int64(e.offset) {
		return nil, errors.Errorf("its %d bytes lie beyond the end of the file", bytes)
	}
	in := bufio.NewReaderSize(io.NewSectionReader(f, data+int64(e.offset), bytes), 1<<16)
	value := dense.New(tensor.Float32, e.shape)
	if name == "F64" {
		value = dense.New(tensor.Float64, e.shape)
	}
	const piece = 1 << 9 // groups
	raw := make([]byte, piece*groupBytes)
	for from := int64(0); from < e.n; {
		n := min(piece*group, e.n-from)
		part := raw[:n/group*width]
		if _, err := io.ReadFull(in, part); err != nil {
			return nil, err
		}
		if group > 1 {
			widen(value.Float32s()[from:from+n], part)
		} else if err := kind.Put(value, int(from), part); err != nil {
			return nil, err
		}
		from += n
	}
	return value, nil
}

// widen reads groups of Q8_0.
func widen(to []float32, raw []byte) {
	half, _ := number.Of("F16")
	for len(to) > 0 {
		scale := dense.New(tensor.Float32, []int{1})
		_ = half.Put(scale, 0, raw[:2]) // a float always fits
		by := scale.Float32s()[0]
		for i := range groupLength {
			to[i] = by * float32(int8(raw[2+i]))
		}
		to, raw = to[groupLength:], raw[groupBytes:]
	}
}
