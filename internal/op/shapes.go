package op

// LastDim is the length of a tensor's rows: its last dimension, or 1 for a scalar.
func LastDim(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}

// Size is the number of elements of a shape that was checked.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Clone is a copy of a shape or a list of axes. It is never nil, as that of a scalar's shape is [].
func Clone(x []int) []int { return append([]int{}, x...) }
