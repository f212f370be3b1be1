package onnx

import (
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// buildCast changes the type of numbers. A graph computes in one float type, so a cast of computed floats to another would only
// seem to be one.
func buildCast(c *call) []value {
	return c.cast(c.arg(0), dataType(c.int("to", 0)))
}

// buildCastLike casts to the type of another tensor.
func buildCastLike(c *call) []value {
	if c.arg(1).absent() {
		return c.failf("input 1 is missing")
	}
	return c.cast(c.arg(0), c.elements(c.arg(1)))
}

func (c *call) cast(v value, to dataType) []value {
	switch {
	case c.g.Err() != nil:
		return nil
	case v.absent() || v.list != nil:
		return c.failf("input 0 (%q) is missing or a sequence", c.node.input(0))
	case !isFloat(to) && !isInt(to):
		return c.failf("a cast to %v; want floats of 16, 32 or 64 bits, whole numbers of 8 to 64 or BOOL", to)
	case v.known != nil:
		if !c.room(v.known.shape) {
			return nil
		}
		k, err := v.known.cast(to)
		if err != nil {
			return c.failf("%v", err)
		}
		return []value{{known: k}}
	case isFloat(to) && !c.m.holds(to):
		return c.failf("a cast of computed numbers to %v in a model of %v", to, c.m.kind)
	case v.whole != 0:
		return c.castWhole(v, to)
	case v.ids.Valid():
		return []value{c.castIDs(v, to)}
	case to == onnxpb.TensorProto_BOOL && v.truth:
		return []value{v}
	case to == onnxpb.TensorProto_BOOL:
		return []value{{node: c.g.Affine(c.g.Equal(v.node, c.g.Full(0)), -1, 1), truth: true}}
	case isFloat(to):
		return []value{{node: v.node}}
	}
	return []value{c.castIDs(value{ids: c.g.ToIDs(v.node), idKind: onnxpb.TensorProto_INT64}, to)}
}

// castIDs casts whole numbers that are known when the model runs.
func (c *call) castIDs(v value, to dataType) value {
	switch {
	case c.g.Err() != nil:
		return value{}
	case isFloat(to):
		return value{node: c.g.FromIDs(v.ids)}
	case to == onnxpb.TensorProto_BOOL:
		return c.asTruth(c.computed(to, v.shape(), func(dst []int, in [][]int) error {
			for i, x := range in[0] {
				dst[i] = 0
				if x != 0 {
					dst[i] = 1
				}
			}
			return nil
		}, v))
	}
	if have, signed := bits(v.idKind); v.idKind != onnxpb.TensorProto_BOOL {
		if want, s := bits(to); s == signed && want >= have {
			return value{ids: v.ids, idKind: to}
		}
	}
	return c.computed(to, v.shape(), func(dst []int, in [][]int) error {
		copy(dst, in[0])
		return fitAll(to, dst)
	}, v)
}

// fitAll wraps whole numbers as arithmetic in their type does.
func fitAll(kind dataType, v []int) error {
	for i, x := range v {
		var err error
		if v[i], err = fit(kind, x); err != nil {
			return err
		}
	}
	return nil
}

// cast converts known numbers, towards zero where they become whole.
func (k *constant) cast(to dataType) (*constant, error) {
	out := &constant{kind: to, shape: k.shape}
	if isFloat(to) {
		out.floats = make([]float64, k.len())
	} else {
		out.ints = make([]int, k.len())
	}
	for i := range k.len() {
		switch {
		case isFloat(to):
			out.floats[i] = rounded(to, k.number(i))
		case to == onnxpb.TensorProto_BOOL && k.number(i) != 0:
			out.ints[i] = 1
		case to == onnxpb.TensorProto_BOOL:
		case k.floats == nil:
			var err error
			if out.ints[i], err = fit(to, k.ints[i]); err != nil {
				return nil, err
			}
		case !(math.Abs(k.floats[i]) < largest(to)): // what does not fit has no meaning that all machines share
			return nil, errors.Errorf("a cast of %g to %v", k.floats[i], to)
		default:
			out.ints[i] = int(k.floats[i])
		}
	}
	return out, nil
}

// number is element i, whatever its type.
func (k *constant) number(i int) float64 {
	if k.floats != nil {
		return k.floats[i]
	}
	return float64(k.ints[i])
}

// numbers are all elements as floats.
func (k *constant) numbers() []float64 {
	if k.floats != nil {
		return k.floats
	}
	out := make([]float64, len(k.ints))
	for i, v := range k.ints {
		out[i] = float64(v)
	}
	return out
}

// largest is the first number that is too large for a type of whole numbers.
func largest(kind dataType) float64 {
	n, signed := bits(kind)
	if signed {
		n--
	}
	return min(math.Ldexp(1, n), math.MaxInt)
}
