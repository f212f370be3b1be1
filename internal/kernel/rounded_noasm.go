//go:build !amd64 || noasm

package kernel

import "errors"

func fastEngine(Precision) (*engine, error) {
	if inLoops.Load() {
		return &tileLoops, nil
	}
	return nil, errors.New("kernels in assembly: AMX (Linux alone) or AVX512_BF16 on amd64")
}
