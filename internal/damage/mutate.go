package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"strconv"
)

// damaged returns a damaged copy of one of a format's files: up to three of the mutations below, of which half are near
// the beginning, where headers are, or some bits of the last quarter, where the contents are. edit, which may be nil,
// changes something and keeps the file well formed around it.
func damaged(rng *rand.Rand, files [][]byte, edit func(rng *rand.Rand, data []byte) []byte) []byte {
	data := bytes.Clone(files[rng.IntN(len(files))])
	if edit != nil && rng.IntN(3) == 0 {
		if data = edit(rng, data); rng.IntN(4) > 0 {
			return data
		}
	}
	if rng.IntN(5) == 0 && len(data) >= 4 {
		from := len(data) - len(data)/4
		flipBits(rng, data[from:], nil)
		return data
	}
	for k := rng.IntN(3); k >= 0; k-- {
		if len(data) == 0 {
			return data
		}
		data = mutations[rng.IntN(len(mutations))](rng, data, files)
	}
	return data
}

// mutations each change data, which has at least one byte, in their way.
var mutations = []func(rng *rand.Rand, data []byte, files [][]byte) []byte{
	truncate, flipBits, flipBits, setBytes, setBytes, setInteger, setInteger, setNumber, setNumber, splice, remove, double, blank,
}

// place is somewhere in n bytes, half of the times in the first 512.
func place(rng *rand.Rand, n int) int {
	if rng.IntN(2) == 0 {
		n = min(n, 512)
	}
	return rng.IntN(n)
}

// span is a range in data, mostly a short one.
func span(rng *rand.Rand, data []byte) (from, to int) {
	from = place(rng, len(data))
	longest := len(data) - from
	if rng.IntN(4) > 0 {
		longest = min(longest, 32)
	}
	return from, from + 1 + rng.IntN(longest)
}

func truncate(rng *rand.Rand, data []byte, _ [][]byte) []byte { return data[:place(rng, len(data))] }

func flipBits(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	for k := rng.IntN(8); k >= 0; k-- {
		data[place(rng, len(data))] ^= 1 << rng.IntN(8)
	}
	return data
}

func setBytes(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	special := []byte{0, 1, 0x7f, 0x80, 0xff, '"', '\n', '{', ']', ',', '\t'}
	for k := rng.IntN(4); k >= 0; k-- {
		b := byte(rng.UintN(256))
		if rng.IntN(2) == 0 {
			b = special[rng.IntN(len(special))]
		}
		data[place(rng, len(data))] = b
	}
	return data
}

// integers are those at which sizes overflow, or signs change.
var integers = []uint64{0, 1, 2, 127, 128, 255, 256, 1<<15 - 1, 1 << 15, 1<<16 - 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1 << 40,
	1<<62 - 1, 1 << 62, 1<<63 - 1, 1 << 63, 1<<64 - 1, 1<<64 - 2}

// setInteger overwrites a binary integer.
func setInteger(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	width := 1 << rng.IntN(4)
	if len(data) < width {
		return data
	}
	at := place(rng, len(data)-width+1) / width * width
	var bits [8]byte
	v := integers[rng.IntN(len(integers))]
	if rng.IntN(2) == 0 {
		binary.LittleEndian.PutUint64(bits[:], v)
		copy(data[at:], bits[:width])
	} else {
		binary.BigEndian.PutUint64(bits[:], v)
		copy(data[at:], bits[8-width:])
	}
	return data
}

var decimal = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?`)

// setNumber puts another number in the place of one that is written in digits.
func setNumber(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	from := place(rng, len(data))
	at := decimal.FindIndex(data[from:])
	if at == nil {
		return setBytes(rng, data, nil)
	}
	return replaced(data, from+at[0], from+at[1], number(rng))
}

// number is one in digits that a reader may stumble over.
func number(rng *rand.Rand) []byte {
	switch rng.IntN(4) {
	case 0:
		texts := []string{"-1", "-0", "1e309", "1e-400", "0.5", "null", "NaN", "-9223372036854775809", "18446744073709551616", "\"1\"", "[]",
			"1e5"}
		return []byte(texts[rng.IntN(len(texts))])
	case 1:
		return strconv.AppendInt(nil, int64(rng.IntN(100)), 10)
	}
	return strconv.AppendInt(nil, int64(integers[rng.IntN(len(integers))]), 10)
}

func replaced(data []byte, from, to int, by []byte) []byte {
	return append(append(append([]byte{}, data[:from]...), by...), data[to:]...)
}

// splice joins the beginning of one file and the end of another.
func splice(rng *rand.Rand, data []byte, files [][]byte) []byte {
	other := files[rng.IntN(len(files))]
	return append(append([]byte{}, data[:place(rng, len(data))]...), other[rng.IntN(len(other)):]...)
}

func remove(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	from, to := span(rng, data)
	return replaced(data, from, to, nil)
}

func double(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	from, to := span(rng, data)
	return replaced(data, to, to, bytes.Repeat(data[from:to], 1+rng.IntN(4)))
}

func blank(rng *rand.Rand, data []byte, _ [][]byte) []byte {
	from, to := span(rng, data)
	for i := from; i < to; i++ {
		data[i] = 0
	}
	return data
}
