package onnx

import "slices"

// The functions here give known numbers another order. Each result is made of places in what there was.

// at returns the numbers at places of k in another shape; a place below 0 gives the filling.
func (k *constant) at(shape, places []int, fill float64) *constant {
	out := &constant{kind: k.kind, shape: shape}
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

// broadcast repeats k to a shape that it broadcasts to.
func (k *constant) broadcast(shape []int) *constant {
	moves := make([]int, len(shape))
	for i, s := range steps(k.shape) {
		if k.shape[i] > 1 {
			moves[len(shape)-len(k.shape)+i] = s
		}
	}
	return k.at(shape, strided(shape, moves), 0)
}

// concatenated joins constants along an axis; all have the first one's shape elsewhere.
func concatenated(parts []*constant, axis int) *constant {
	shape := cloneInts(parts[0].shape)
	for _, p := range parts[1:] {
		shape[axis] += p.shape[axis]
	}
	out := &constant{kind: parts[0].kind, shape: shape}
	for o := range sizeOf(shape[:axis]) {
		for _, p := range parts {
			block := sizeOf(p.shape[axis:])
			out.ints = append(out.ints, p.ints[o*block:(o+1)*block]...)
		}
	}
	if out.ints == nil {
		out.ints = []int{}
	}
	return out
}
