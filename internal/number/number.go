// Package number turns the bytes of numbers in files of models into tensors. The rules are the same for every format:
// floats of 16 bits are widened to float32, which holds them exactly; whole numbers and booleans become int.
package number

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Type is an element type of a file, by the name that it has in safetensors files. One of the functions is set.
type Type struct {
	Name  string
	Width int // in bytes
	f64   func(raw []byte) float64
	f32   func(raw []byte) float32
	int   func(raw []byte) (v int, fits bool)
}

// Names lists the types for messages.
const Names = "F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8 or BOOL"

var little = binary.LittleEndian

var types = byName(
	Type{Name: "F64", Width: 8, f64: func(raw []byte) float64 { return math.Float64frombits(little.Uint64(raw)) }},
	Type{Name: "F32", Width: 4, f32: func(raw []byte) float32 { return math.Float32frombits(little.Uint32(raw)) }},
	Type{Name: "F16", Width: 2, f32: func(raw []byte) float32 { return Float16(little.Uint16(raw)) }},
	Type{Name: "BF16", Width: 2, f32: func(raw []byte) float32 { return math.Float32frombits(uint32(little.Uint16(raw)) << 16) }},
	Type{Name: "I64", Width: 8, int: func(raw []byte) (int, bool) { return signed(int64(little.Uint64(raw))) }},
	Type{Name: "I32", Width: 4, int: func(raw []byte) (int, bool) { return signed(int64(int32(little.Uint32(raw)))) }},
	Type{Name: "I16", Width: 2, int: func(raw []byte) (int, bool) { return signed(int64(int16(little.Uint16(raw)))) }},
	Type{Name: "I8", Width: 1, int: func(raw []byte) (int, bool) { return signed(int64(int8(raw[0]))) }},
	Type{Name: "U64", Width: 8, int: func(raw []byte) (int, bool) { return unsigned(little.Uint64(raw)) }},
	Type{Name: "U32", Width: 4, int: func(raw []byte) (int, bool) { return unsigned(uint64(little.Uint32(raw))) }},
	Type{Name: "U16", Width: 2, int: func(raw []byte) (int, bool) { return unsigned(uint64(little.Uint16(raw))) }},
	Type{Name: "U8", Width: 1, int: func(raw []byte) (int, bool) { return unsigned(uint64(raw[0])) }},
	Type{Name: "BOOL", Width: 1, int: func(raw []byte) (int, bool) { return unsigned(uint64(raw[0])) }},
)

func byName(list ...Type) map[string]Type {
	out := map[string]Type{}
	for _, t := range list {
		out[t.Name] = t
	}
	return out
}

// Of returns the type of a name.
func Of(name string) (Type, bool) {
	t, ok := types[name]
	return t, ok
}

func signed(v int64) (int, bool) { return int(v), int64(int(v)) == v }

func unsigned(v uint64) (int, bool) { return int(v), v <= math.MaxInt }

// Float16 widens IEEE 754's half precision: 1 bit of sign, 5 of exponent, 10 of fraction.
func Float16(h uint16) float32 {
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

// Dtype is what numbers of the type become.
func (t Type) Dtype() tensor.Dtype {
	switch {
	case t.f64 != nil:
		return tensor.Float64
	case t.f32 != nil:
		return tensor.Float32
	}
	return tensor.Int
}

// Put reads numbers from raw, little-endian and one after the other, into a tensor of the type's Dtype, from its element
// from on. An int that does not fit is an error.
func (t Type) Put(to *tensor.Dense, from int, raw []byte) error {
	n := len(raw) / t.Width
	switch {
	case t.f64 != nil:
		for i, dst := 0, to.Float64s()[from:from+n]; i < n; i++ {
			dst[i] = t.f64(raw[i*t.Width:])
		}
	case t.f32 != nil:
		for i, dst := 0, to.Float32s()[from:from+n]; i < n; i++ {
			dst[i] = t.f32(raw[i*t.Width:])
		}
	default:
		for i, dst := 0, to.Ints()[from:from+n]; i < n; i++ {
			v, fits := t.int(raw[i*t.Width:])
			if !fits {
				return errors.Errorf("the %s at element %d does not fit an int of %d bits", t.Name, from+i, strconv.IntSize)
			}
			dst[i] = v
		}
	}
	return nil
}

// numpyNames are the types' names by NumPy's code: a kind and a width.
var numpyNames = map[string]string{"f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8",
	"u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8", "b1": "BOOL"}

// OfNumPy returns the type of a code of NumPy, such as f4, without its order of bytes.
func OfNumPy(code string) (Type, bool) { return Of(numpyNames[code]) }
