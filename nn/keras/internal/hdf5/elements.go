package hdf5

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// elements is a type of number (section IV.A.2.d).
type elements struct {
	size   int // bytes
	float  bool
	signed bool
	big    bool // the most significant byte comes first
}

// IEEE numbers by their size: bit offset, precision, then the places and sizes of exponent and mantissa, and the bias.
var ieee = map[int][]byte{
	2: {0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0},
	4: {0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0},
	8: {0, 0, 64, 0, 52, 11, 0, 52, 0xff, 3, 0, 0},
}

func datatype(m []byte) (elements, error) {
	if len(m) < 8 {
		return elements{}, errors.New("its elements have no type")
	}
	class, size := m[0]&15, binary.LittleEndian.Uint32(m[4:])
	e := elements{size: int(min(size, 16)), float: class == 1, signed: m[1]&8 != 0, big: m[1]&1 != 0}
	whole := class == 0 && len(m) >= 12 && (size == 1 || size == 2 || size == 4 || size == 8)
	if class == 8 { // an enumeration, which h5py writes for bool: the type of its numbers follows
		return datatype(m[8:])
	}
	if !whole && (class != 1 || m[1]&0x40 != 0 || ieee[e.size] == nil || len(m) < 20 || !slices.Equal(m[8:20], ieee[e.size])) {
		return elements{}, errors.Errorf("its elements are of class %d with %d bytes; want floats of 2, 4 or 8 bytes, or whole numbers",
			class, size)
	}
	return e, nil
}

// bits is the width of the float that holds the numbers.
func (e elements) bits() int {
	if e.size == 8 {
		return 64
	}
	return 32
}

// at decodes one number.
func (e elements) at(b []byte) float64 {
	b = b[:e.size]
	if e.big {
		b = slices.Clone(b)
		slices.Reverse(b)
	}
	v := uintOf(b)
	switch {
	case e.float && e.size == 8:
		return math.Float64frombits(v)
	case e.float && e.size == 4:
		return float64(math.Float32frombits(uint32(v)))
	case e.float:
		return half(uint16(v))
	case e.signed:
		shift := 64 - 8*e.size
		return float64(int64(v<<shift) >> shift)
	}
	return float64(v)
}

// half widens a float of 16 bits: a sign, 5 bits of exponent, 10 of mantissa.
func half(v uint16) float64 {
	mantissa, exponent, sign := float64(v&0x3ff), int(v>>10&0x1f), 1-2*float64(v>>15)
	switch {
	case exponent == 31 && mantissa == 0:
		return math.Inf(int(sign))
	case exponent == 31:
		return math.NaN()
	case exponent == 0:
		return sign * math.Ldexp(mantissa, -24)
	}
	return sign * math.Ldexp(mantissa+1024, exponent-25)
}

// float32Type and float64Type are what Bytes writes: class and version, the places of the sign, the size, and ieee's.
var (
	float32Type = append([]byte{0x11, 0x20, 31, 0, 4, 0, 0, 0}, ieee[4]...)
	float64Type = append([]byte{0x11, 0x20, 63, 0, 8, 0, 0, 0}, ieee[8]...)
)
