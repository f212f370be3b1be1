package op

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

func Clone(x []int) []int { return append([]int{}, x...) }
