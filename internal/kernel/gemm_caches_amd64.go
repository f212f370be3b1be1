//go:build amd64 && !noasm

package kernel

func init() {
	const intel, amd = 4, 0x8000001d // the leaves that list caches, in the same form
	if most, _, _, _ := cpuid(0, 0); most >= intel {
		readCaches(intel)
	}
	if most, _, _, _ := cpuid(0x80000000, 0); most >= amd {
		readCaches(amd)
	}
}

// readCaches takes the sizes of the first two levels from a list of caches, if it has any.
func readCaches(leaf uint32) {
	const instructions, most = 2, 16
	for i := range uint32(most) {
		a, b, c, _ := cpuid(leaf, i)
		kind, level := a&31, a>>5&7
		if kind == 0 {
			return
		}
		ways, parts, line, sets := b>>22+1, b>>12&1023+1, b&4095+1, c+1
		size := int(ways) * int(parts) * int(line) * int(sets)
		switch {
		case kind == instructions:
		case level == 1:
			firstLevel = size
		case level == 2:
			secondLevel = size
		}
	}
}
