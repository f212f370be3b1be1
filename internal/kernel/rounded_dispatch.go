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
	pairEngine = engine{"AVX512_BF16", multiplyPairs, roundRowsAVX512s, roundPairsAVX512s, transposeAVX512}
	tileEngine = engine{"AMX", multiplyTiles, roundRowsAVX512s, roundPairsAVX512s, transposeAVX512}
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

func multiplyPairs(parts, blocks, rows, panels int, a, b []uint32, c []float32, ldc int) {
	const group = 8
	for j := range panels {
		panel := b[j*blocks*parts*partSize:]
		for i := 0; i < rows; i += group {
			dotPairsAVX512(blocks, &a[i*tileLines], &panel[0], &c[i*ldc+j*stripLines], ldc)
		}
	}
}

// tileShapes configures eight tiles of 16 rows of 64 bytes: palette 1, then from byte 16 on the bytes in a row, and from
// byte 48 on the rows.
var tileShapes = [64]byte{0: 1, 16: 64, 18: 64, 20: 64, 22: 64, 24: 64, 26: 64, 28: 64, 30: 64,
	48: 16, 49: 16, 50: 16, 51: 16, 52: 16, 53: 16, 54: 16, 55: 16}

// tileCall is how many blocks a call multiplies at most unless it has one panel: 30 µs or so. Go cannot stop a goroutine
// there.
const tileCall = 512

func multiplyTiles(parts, blocks, rows, panels int, a, b []uint32, c []float32, ldc int) {
	atOnce := max(1, tileCall/blocks)
	for j := 0; j < panels; j += atOnce {
		n, panel := min(atOnce, panels-j), &b[j*blocks*parts*partSize]
		if parts == 1 {
			tilesBFloat16(n, blocks, &a[0], panel, &c[j*stripLines], ldc, &tileShapes)
		} else {
			tilesBFloat16x3(n, blocks, &a[0], panel, &c[j*stripLines], ldc, &tileShapes)
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
