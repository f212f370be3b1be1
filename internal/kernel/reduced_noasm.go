//go:build !(amd64 || arm64) || noasm

package kernel

func bfloat16Shape() (lanes, width int) { return 16, 128 }

func int8Width() int { return 128 }

const inputSigns = 0

func usesVNNI() bool { return false }

func exactBytes() bool { return true }

func bfloat16Rows(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	bfloat16Generic(j, block, row, rows, c, ldc)
}

func int8Rows(j *reducedJob, block, row, rows int, c []float32, ldc int) {
	int8Generic(j, block, row, rows, c, ldc)
}
