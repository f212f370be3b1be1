//go:build amd64 && !noasm

package kernel

import (
	"errors"
	"sync"
	"syscall"

	"golang.org/x/sys/cpu"
)

// tilesReady gets the permission to use AMX, once, and checks it; or it says what is missing. It is asked for when the
// first product wants it and not before, since the permission is the whole process's, for good.
var tilesReady = sync.OnceValue(func() error {
	x := &cpu.X86
	if leftOut("amx") {
		return errors.New("AMX, which UNROLL_KERNEL=" + limit + " leaves out")
	}
	if !x.HasAMXTile || !x.HasAMXBF16 || !hasPalette() {
		return errors.New("the instructions AMX_TILE and AMX_BF16")
	}
	if err := permitTiles(); err != nil {
		return err
	}
	for _, p := range []Precision{BFloat16Precision, BFloat16x3Precision} {
		if err := checkEngine(p, &tileEngine, &tileLoops); err != nil {
			return err
		}
	}
	tilesChecked.Store(true)
	return nil
})

// permitTiles asks Linux for the permission. An instruction of AMX without it would end the process, so nothing is tried
// before. An error: the kernel is older than 5.16, or does not save tiles, or a thread has too small a stack for signals.
func permitTiles() error {
	const archPrctl, reqXCompPerm, tileData = 158, 0x1023, 18
	if _, _, errno := syscall.RawSyscall(archPrctl, reqXCompPerm, tileData, 0); errno != 0 {
		return errors.New("the permission to use AMX, which Linux refuses (" + errno.Error() + ")")
	}
	return nil
}

// hasPalette tells whether tiles have the sizes that the kernels count on.
func hasPalette() bool {
	if most, _, _, _ := cpuid(0, 0); most < 0x1d {
		return false
	}
	a, b, c, _ := cpuid(0x1d, 1)
	total, tile, row, names, rows := a&0xffff, a>>16, b&0xffff, b>>16, c&0xffff
	return total == 8192 && tile == 1024 && row == 64 && names == 8 && rows == 16
}
