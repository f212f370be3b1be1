//go:build !amd64 || noasm

package kernel

import "errors"

func fastEngine(Precision) (*engine, error) {
	if inLoops.Load() {
		return &tileLoops, nil
	}
	return nil, errors.New("kernels in assembly: AMX (Linux alone) or AVX512_BF16 on amd64")
}

// PairGain is 0: there is no VDPBF16PS to measure.
func PairGain() float64 { return 0 }
