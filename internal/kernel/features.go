package kernel

// Features names the instructions that kernels use here: "avx512", "avx2" (with FMA), or "generic" for Go loops.
func Features() string {
	switch {
	case hasAVX512:
		return "avx512"
	case hasAVX2:
		return "avx2"
	}
	return "generic"
}
