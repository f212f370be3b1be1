//go:build amd64 && !noasm

package kernel

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/cpu"
)

// hasBFloat16 tells whether there is AVX512_BF16, of use with hasAVX512. Tests change it.
var hasBFloat16 = cpu.X86.HasAVX512BF16

// The engines in assembly.
var (
	pairEngine = engine{"AVX512_BF16", true, multiplyPairs, roundRowsAVX512s, roundPairsAVX512s, transposeAVX512}
	tileEngine = engine{"AMX", false, multiplyTiles, roundRowsAVX512s, roundPairsAVX512s, transposeAVX512}
)

// fastEngine is the engine in assembly for a precision, or says what the machine lacks. VDPBF16PS is used for one product,
// not for three, which would be slower than float32 everywhere.
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
	}
	if other := pairsReady(); other != nil {
		return nil, errors.New(err.Error() + ", or " + other.Error())
	}
	return &pairEngine, nil
}

// leastGain is how many times as fast as float32 VDPBF16PS must be, to be used.
const leastGain = 1.25

// pairsReady looks at how fast VDPBF16PS is, and checks it, once.
var pairsReady = sync.OnceValue(func() error {
	const kind = "avx512_bf16"
	switch {
	case leftOut(kind):
		return errors.New("AVX512_BF16, which UNROLL_KERNEL=" + limit + " leaves out")
	case PairGain() < leastGain:
		return fmt.Errorf("a processor on which AVX512_BF16 is fast; here it multiplies %.2g times as fast as float32", PairGain())
	}
	return checkEngine(BFloat16Precision, &pairEngine, &pairLoops)
})

// PairGain is how many times as fast as multiply-adds of float32 VDPBF16PS multiplies: about 2 on AMD's Zen 4, a half on
// Intel's Sapphire Rapids. It is measured at the first call, in a fifth of a millisecond: the shortest of many runs of each,
// in turn, so what else the machine does is the same for both. 0 without the instruction.
var PairGain = sync.OnceValue(func() float64 {
	loop, operations := peakLoop()
	if !hasAVX512 || !hasBFloat16 {
		return 0
	}
	const rounds, turns, calls, rows, blocks = 40, 600, 8, 8, 4
	a, b, c := aligned[uint32](blocks*partSize), aligned[uint32](blocks*partSize), aligned[float32](rows*stripLines)
	best := func(least time.Duration, f func()) time.Duration {
		begin := time.Now()
		f()
		return min(least, time.Since(begin))
	}
	full, pairs := time.Hour, time.Hour
	for range rounds {
		full = best(full, func() { loop(turns) })
		pairs = best(pairs, func() {
			for range calls {
				dotPairs8AVX512(blocks, &a[0], &b[0], &c[0], stripLines, 0)
			}
		})
	}
	const done = 2 * calls * rows * stripLines * blocks * blockDepth
	return done / float64(pairs) / (float64(turns*operations) / float64(full))
})

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
