package audio

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Encodings of samples in WAV and raw files, little-endian as WAV has them.
const (
	PCM8    = "u8"  // 8 bits, 128 is silence
	PCM16   = "s16" // 16 bits
	PCM24   = "s24" // 24 bits, in three bytes
	PCM32   = "s32" // 32 bits
	Float32 = "f32"
	Float64 = "f64"
	ALaw    = "alaw"  // ITU-T G.711, 8 bits, as of European telephones
	MuLaw   = "mulaw" // ITU-T G.711, 8 bits, as of American telephones
)

// encoding is how one sample is stored. Full scale is 1: of n bits, the integer 2^(n-1).
type encoding struct {
	name  string
	tag   uint16 // WAVE_FORMAT_*
	bytes int
	get   func(b []byte) float32
	put   func(b []byte, v float32)
}

var encodings = []encoding{
	{PCM8, formatPCM, 1, func(b []byte) float32 { return float32(int(b[0])-128) / 128 },
		func(b []byte, v float32) { b[0] = byte(rounded(v, 8) + 128) }},
	{PCM16, formatPCM, 2, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) / (1 << 15) },
		func(b []byte, v float32) { binary.LittleEndian.PutUint16(b, uint16(rounded(v, 16))) }},
	{PCM24, formatPCM, 3, func(b []byte) float32 { return float32(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31) },
		func(b []byte, v float32) { n := rounded(v, 24); b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16) }},
	{PCM32, formatPCM, 4, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31) },
		func(b []byte, v float32) { binary.LittleEndian.PutUint32(b, uint32(rounded(v, 32))) }},
	{Float32, formatFloat, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
		func(b []byte, v float32) { binary.LittleEndian.PutUint32(b, math.Float32bits(v)) }},
	{Float64, formatFloat, 8, func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
		func(b []byte, v float32) { binary.LittleEndian.PutUint64(b, math.Float64bits(float64(v))) }},
	{ALaw, formatALaw, 1, func(b []byte) float32 { return float32(fromALaw(b[0])) / (1 << 15) },
		func(b []byte, v float32) { b[0] = toALaw(int(rounded(v, 16))) }},
	{MuLaw, formatMuLaw, 1, func(b []byte) float32 { return float32(fromMuLaw(b[0])) / (1 << 15) },
		func(b []byte, v float32) { b[0] = toMuLaw(int(rounded(v, 16))) }},
}

// rounded is a sample as an integer of so many bits: the nearest, clipped to what there is.
func rounded(v float32, bits int) int64 {
	full := math.Ldexp(1, bits-1)
	return int64(math.Max(-full, math.Min(full-1, math.RoundToEven(float64(v)*full))))
}

func encodingNamed(name string) (encoding, error) {
	names := make([]string, len(encodings))
	for i, e := range encodings {
		if names[i] = e.name; e.name == name {
			return e, nil
		}
	}
	return encoding{}, errors.Errorf("audio: no encoding %q; there are %s", name, strings.Join(names, ", "))
}

// encodingOf finds an encoding by what a WAV header says of it.
func encodingOf(tag uint16, bits int) (encoding, bool) {
	i := slices.IndexFunc(encodings, func(e encoding) bool { return e.tag == tag && e.bytes*8 == bits })
	if i < 0 {
		return encoding{}, false
	}
	return encodings[i], true
}

// fromMuLaw is the 16 bits of a sample in µ-law: sign, exponent of three bits, mantissa of four, all inverted.
func fromMuLaw(b byte) int {
	b = ^b
	v := ((int(b&15)<<3)+muLawBias)<<(b>>4&7) - muLawBias
	if b&0x80 != 0 {
		return -v
	}
	return v
}

const muLawBias = 132

// toMuLaw is the µ-law of 16 bits, as G.711's reference code makes it: it cuts off, and does not round.
func toMuLaw(v int) byte {
	sign := byte(0)
	if v < 0 {
		sign, v = 0x80, -v
	}
	v = min(v, 32635) + muLawBias
	e := byte(0)
	for v>>(e+8) != 0 {
		e++
	}
	return ^(sign | e<<4 | byte(v>>(e+3))&15)
}

// fromALaw is the 16 bits of a sample in A-law, whose even bits are inverted.
func fromALaw(b byte) int {
	b ^= 0x55
	v, e := int(b&15)<<4+8, b>>4&7
	if e > 0 {
		v = (v + 256) << (e - 1)
	}
	if b&0x80 == 0 {
		return -v
	}
	return v
}

// toALaw is the A-law of 16 bits.
func toALaw(v int) byte {
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v-1
	}
	v >>= 4      // 12 bits
	e := byte(0) // the segment: those after the second are each twice as coarse
	for v>>(max(e, 1)+4) != 0 || e == 0 && v > 15 {
		e++
	}
	return (sign | e<<4 | byte(v>>(max(e, 1)-1))&15) ^ 0x55
}
