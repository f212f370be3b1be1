package number

// Swap reverses the bytes of every number of some width: big-endian becomes little-endian.
func Swap(raw []byte, width int) {
	for at := 0; at+width <= len(raw); at += width {
		for i, j := at, at+width-1; i < j; i, j = i+1, j-1 {
			raw[i], raw[j] = raw[j], raw[i]
		}
	}
}

// Contiguous are the strides of a row-major array, in elements.
func Contiguous(shape []int) []int {
	strides, step := make([]int, len(shape)), 1
	for i := len(shape) - 1; i >= 0; i-- {
		strides[i] = step
		step *= max(shape[i], 1)
	}
	return strides
}

// Strided returns the numbers of an array in row-major order. Element (i, j, ...) stands at offset + i·strides[0] +
// j·strides[1] + ... of raw, in elements of some width; the caller has checked that all of them are there. An array that
// is in order already is not copied.
func Strided(raw []byte, width, offset int, shape, strides []int) []byte {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n == 0 {
		return nil
	}
	ordered := true
	for i, s := range Contiguous(shape) {
		ordered = ordered && (s == strides[i] || shape[i] == 1)
	}
	if ordered {
		return raw[offset*width : (offset+n)*width]
	}
	out := make([]byte, n*width)
	index := make([]int, len(shape))
	for i, at := 0, offset; i < n; i++ {
		copy(out[i*width:(i+1)*width], raw[at*width:])
		for d := len(shape) - 1; d >= 0; d-- { // the next index, as an odometer counts
			index[d]++
			at += strides[d]
			if index[d] < shape[d] {
				break
			}
			at -= strides[d] * shape[d]
			index[d] = 0
		}
	}
	return out
}

// Columns are the strides of an array that is stored column by column, as Fortran does, in elements.
func Columns(shape []int) []int {
	strides, step := make([]int, len(shape)), 1
	for i, d := range shape {
		strides[i] = step
		step *= max(d, 1)
	}
	return strides
}
