package onnx

// buildConstant gives the number, numbers or tensor that the node holds.
func buildConstant(c *call) []value {
	k := c.tensor
	switch {
	case k != nil:
	case c.has("value_float"):
		k = &constant{kind: floatKind, shape: []int{}, floats: []float64{c.node.float("value_float", 0)}}
	case c.has("value_floats"):
		v := c.node.floats("value_floats")
		k = &constant{kind: floatKind, shape: []int{len(v)}, floats: v}
	case c.has("value_int"):
		k = ints64(c.int("value_int", 0))
		k.shape = []int{}
	case c.has("value_ints"):
		k = ints64(c.node.ints("value_ints")...)
	default:
		return c.failf("it has no value")
	}
	return []value{{known: k}}
}

// buildConstantOfShape repeats one number, 0 unless the node says otherwise.
func buildConstantOfShape(c *call) []value {
	shape, ok := c.ints(0)
	if !ok {
		return nil
	}
	k := c.tensor
	if k == nil {
		k = &constant{kind: floatKind, floats: []float64{0}}
	}
	for _, d := range shape {
		if d < 0 {
			return c.failf("shape %v has a dimension below 0", shape)
		}
	}
	if !c.room(shape) {
		return nil
	}
	switch {
	case sizeOf(shape) == 0:
		return []value{{known: nothing(k.kind, shape)}}
	case k.floats != nil:
		return []value{{node: c.g.Full(k.floats[0], shape...)}}
	}
	out := &constant{kind: k.kind, shape: cloneInts(shape), ints: make([]int, sizeOf(shape))}
	for i := range out.ints {
		out.ints[i] = k.ints[0]
	}
	return []value{{known: out}}
}
