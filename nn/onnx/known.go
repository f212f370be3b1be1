package onnx

import "slices"

// The functions here give known numbers another order. Each result is made of places in what there was.

// at returns the numbers at places of k in another shape; a place below 0 gives the filling. No places are all in order.
func (k *constant) at(shape, places []int, fill float64) *constant {
	out := &constant{kind: k.kind, shape: cloneInts(shape)}
	if places == nil {
		out.ints, out.floats = k.ints, k.floats
		return out
	}
	if k.floats != nil {
		out.floats = make([]float64, len(places))
	} else {
		out.ints = make([]int, len(places))
	}
	for i, p := range places {
		switch {
		case k.floats != nil && p < 0:
			out.floats[i] = fill
		case k.floats != nil:
			out.floats[i] = k.floats[p]
		case p < 0:
			out.ints[i] = int(fill)
		default:
			out.ints[i] = k.ints[p]
		}
	}
	return out
}

// strided lists the places of a tensor of the shape whose axes move by so many steps each: with steps of 0, an axis repeats.
func strided(shape, steps []int) []int {
	places := make([]int, 0, sizeOf(shape))
	at, place := make([]int, len(shape)), 0
	for range cap(places) {
		places = append(places, place)
		for d := len(shape) - 1; d >= 0; d-- {
			at[d]++
			place += steps[d]
			if at[d] < shape[d] {
				break
			}
			place -= at[d] * steps[d]
			at[d] = 0
		}
	}
	return places
}

// steps are how far one step along each axis of a tensor moves in its memory.
func steps(shape []int) []int {
	out, n := make([]int, len(shape)), 1
	for i, d := range slices.Backward(shape) {
		out[i] = n
		n *= d
	}
	return out
}

// transposed permutes the axes.
func (k *constant) transposed(perm []int) *constant {
	shape, moves := make([]int, len(perm)), make([]int, len(perm))
	for i, p := range perm {
		shape[i], moves[i] = k.shape[p], steps(k.shape)[p]
	}
	return k.at(shape, strided(shape, moves), 0)
}
