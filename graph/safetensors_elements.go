package graph

import (
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// element is how an element type of a safetensors file becomes numbers: one of the functions is set.
type element struct {
	width int // in bytes
	f64   func(raw []byte) float64
	f32   func(raw []byte) float32
	int   func(raw []byte) (v int, fits bool)
}

var little = binary.LittleEndian

var elements = map[string]element{
	"F64":  {width: 8, f64: func(raw []byte) float64 { return math.Float64frombits(little.Uint64(raw)) }},
	"F32":  {width: 4, f32: func(raw []byte) float32 { return math.Float32frombits(little.Uint32(raw)) }},
	"F16":  {width: 2, f32: func(raw []byte) float32 { return float16(little.Uint16(raw)) }},
	"BF16": {width: 2, f32: func(raw []byte) float32 { return math.Float32frombits(uint32(little.Uint16(raw)) << 16) }},
	"I64":  {width: 8, int: func(raw []byte) (int, bool) { return signed(int64(little.Uint64(raw))) }},
	"I32":  {width: 4, int: func(raw []byte) (int, bool) { return signed(int64(int32(little.Uint32(raw)))) }},
	"I16":  {width: 2, int: func(raw []byte) (int, bool) { return signed(int64(int16(little.Uint16(raw)))) }},
	"I8":   {width: 1, int: func(raw []byte) (int, bool) { return signed(int64(int8(raw[0]))) }},
	"U64":  {width: 8, int: func(raw []byte) (int, bool) { return unsigned(little.Uint64(raw)) }},
	"U32":  {width: 4, int: func(raw []byte) (int, bool) { return unsigned(uint64(little.Uint32(raw))) }},
	"U16":  {width: 2, int: func(raw []byte) (int, bool) { return unsigned(uint64(little.Uint16(raw))) }},
	"U8":   {width: 1, int: func(raw []byte) (int, bool) { return unsigned(uint64(raw[0])) }},
	"BOOL": {width: 1, int: func(raw []byte) (int, bool) { return unsigned(uint64(raw[0])) }},
}

const elementNames = "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL"

func signed(v int64) (int, bool) { return int(v), int64(int(v)) == v }

func unsigned(v uint64) (int, bool) { return int(v), v <= math.MaxInt }

// float16 widens IEEE 754's half precision: 1 bit of sign, 5 of exponent, 10 of fraction.
func float16(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero, or a number below the normal ones: fraction·2⁻²⁴
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// pieceElements is how many elements are read at a time.
const pieceElements = 1 << 13

// read takes the tensor's elements from a file that has been read up to them.
func (e *namedEntry) read(r io.Reader) (*tensor.Dense, error) {
	t := elements[e.Dtype]
	value := dense.New(t.dtype(), e.Shape)
	if e.n == 0 {
		return value, nil
	}
	to := op.Of(value)
	buf := make([]byte, min(e.n, pieceElements)*t.width)
	for from := 0; from < e.n; from += pieceElements {
		end := min(from+pieceElements, e.n)
		raw := buf[:(end-from)*t.width]
		if _, err := io.ReadFull(r, raw); err != nil {
			return nil, err
		}
		for i := from; i < end; i, raw = i+1, raw[t.width:] {
			switch {
			case t.f64 != nil:
				to.F64[i] = t.f64(raw)
			case t.f32 != nil:
				to.F32[i] = t.f32(raw)
			default:
				v, fits := t.int(raw)
				if !fits {
					return nil, errors.Errorf("the %s at element %d does not fit an int of %d bits", e.Dtype, i, strconv.IntSize)
				}
				to.IDs[i] = v
			}
		}
	}
	return value, nil
}

// dtype is what numbers of the type become.
func (t element) dtype() tensor.Dtype {
	switch {
	case t.f64 != nil:
		return tensor.Float64
	case t.f32 != nil:
		return tensor.Float32
	}
	return tensor.Int
}
