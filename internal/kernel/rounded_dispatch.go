//go:build amd64 && !noasm

package kernel

import (
	"errors"
	"sync"

	"golang.org/x/sys/cpu"
)

// hasBFloat16 tells whether there is AVX512_BF16, of use with hasAVX512. Tests change it.
var hasBFloat16 = cpu.X86.HasAVX512BF16

// The engines in assembly.
var (
	pairEngine = engine{"AVX512_BF16", true, multiplyPairs, roundRowsAVX512s, roundPairsAVX512s, transposeAVX512}
	tileEngine = engine{"AMX", false, multiplyTiles, roundRowsAVX512s, roundPairsAVX512s, transposeAVX512}
)

// fastEngine is the engine in assembly for a precision, or says what the machine lacks.
//
// VDPBF16PS is as fast as a multiply-add of float32 on AMD's Zen 4, for twice the work; on Intel's Sapphire Rapids it takes four
// times as long. So it is used on processors of AMD, and for one product, not for three. That is a rule and no measurement
// when the program starts, because it decides the bits of results.
func fastEngine(p Precision) (*engine, error) {
	switch {
	case inLoops.Load():
		return &tileLoops, nil
	case !hasAVX512 || !hasBFloat16:
		return nil, errors.New("the instructions AMX (Linux alone) or AVX512_BF16, and kernels for AVX-512")
	}
	err := tilesReady()
	switch {
	case err == nil:
		return &tileEngine, nil
	case p != BFloat16Precision:
		return nil, err
	case !pairsPay():
		return nil, errors.New(err.Error() + ", or a processor on which AVX512_BF16 is fast")
	}
	return &pairEngine, pairsReady()
}

// pairsPay tells whether the processor is AMD's.
var pairsPay = sync.OnceValue(func() bool {
	_, b, c, d := cpuid(0, 0)
	return b == 0x68747541 && d == 0x69746e65 && c == 0x444d4163 // "AuthenticAMD"
})

// pairsReady checks VDPBF16PS, once.
var pairsReady = sync.OnceValue(func() error { return checkEngine(BFloat16Precision, &pairEngine, &pairLoops) })

func multiplyPairs(_, blocks, rows, panels int, a, b []uint32, c []float32, ldc int, add bool) {
	n := 0
	if add {
		n = 1
	}
	for j := range panels {
		panel := &b[j*blocks*partSize]
		for i, left := 0, rows; left > 0; {
			x, y := &a[i*tileLines], &c[i*ldc+j*stripLines]
			done := 1
			switch {
			case left >= 8:
				done = 8
				dotPairs8AVX512(blocks, x, panel, y, ldc, n)
			case left >= 4:
				done = 4
				dotPairs4AVX512(blocks, x, panel, y, ldc, n)
			case left >= 2:
				done = 2
				dotPairs2AVX512(blocks, x, panel, y, ldc, n)
			default:
				dotPairs1AVX512(blocks, x, panel, y, ldc, n)
			}
			i, left = i+done, left-done
		}
	}
}

// tileShapes configures the eight tiles for each number of rows from 1 on. Tiles 0, 1 and 4 have the first 16 of them,
// tiles 2, 3 and 5 the others, tiles 6 and 7 are columns; all rows have 64 bytes. Fewer rows take less time.
var tileShapes = func() (shapes [stripLines][64]byte) {
	for i := range shapes {
		s := &shapes[i]
		s[0] = 1 // palette
		for t := range 8 {
			s[16+2*t], s[48+t] = 64, tileLines // bytes in a row, and rows
		}
		first, second := min(i+1, tileLines), i+1-tileLines
		s[48], s[49], s[52] = byte(first), byte(first), byte(first)
		if second > 0 {
			s[50], s[51], s[53] = byte(second), byte(second), byte(second)
		}
	}
	return shapes
}()

// tileCall is how many blocks a call multiplies at most unless it has one panel: 30 µs or so. Go cannot stop a goroutine
// there.
const tileCall = 512

func multiplyTiles(parts, blocks, rows, panels int, a, b []uint32, c []float32, ldc int, _ bool) {
	atOnce := max(1, tileCall/blocks)
	for j := 0; j < panels; j += atOnce {
		n, x, y, z, shapes := min(atOnce, panels-j), &a[0], &b[j*blocks*parts*partSize], &c[j*stripLines], &tileShapes[rows-1]
		switch {
		case parts == 1 && rows <= tileLines:
			tilesFewBFloat16(n, blocks, x, y, z, ldc, shapes)
		case parts == 1:
			tilesBFloat16(n, blocks, x, y, z, ldc, shapes)
		case rows <= tileLines:
			tilesFewBFloat16x3(n, blocks, x, y, z, ldc, shapes)
		default:
			tilesBFloat16x3(n, blocks, x, y, z, ldc, shapes)
		}
	}
}

func roundRowsAVX512s(parts int, tile []uint32, src []float32, ld, rows, depth int) {
	mask := uint32(1<<depth - 1)
	if parts == 1 {
		roundRowsAVX512(&tile[0], &src[0], ld, rows, mask)
	} else {
		splitRowsAVX512(&tile[0], &src[0], ld, rows, mask)
	}
}

// alternating puts the halves of 32 numbers in pairs.
var alternating = func() (order [32]uint16) {
	for i := range order {
		order[i] = uint16(i/2 + i%2*16)
	}
	return order
}()

func roundPairsAVX512s(parts int, tile []uint32, src []float32, ld, rows, lines int) {
	mask := uint32(1<<lines - 1)
	if parts == 1 {
		roundPairsAVX512(&tile[0], &src[0], ld, rows, mask, &alternating[0])
	} else {
		splitPairsAVX512(&tile[0], &src[0], ld, rows, mask, &alternating[0])
	}
}

func transposeAVX512(tile []uint32) { transposeTileAVX512(&tile[0]) }
