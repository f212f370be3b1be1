package torch

import (
	"bytes"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"github.com/unroll-go/unroll/nn/torch/internal/pickle"
)

// numpyDtype is an element type of NumPy, such as f8, and its order of bytes.
type numpyDtype struct {
	code string
	big  bool
}

// numpyArray is an array whose state is to come.
type numpyArray struct{}

// numpyType is dtype(code, align, copy).
func numpyType(args pickle.Tuple) (any, error) {
	code, ok := argument(args, 0).(string)
	if !ok {
		return nil, errors.New("the element type is no string")
	}
	return &numpyDtype{code: code}, nil
}

// numpyScalar is scalar(dtype, bytes): one number.
func numpyScalar(args pickle.Tuple) (any, error) {
	dtype, ok := argument(args, 0).(*numpyDtype)
	if !ok {
		return nil, errors.New("the first argument is no element type")
	}
	a, err := dtype.array(nil, false, argument(args, 1))
	if err != nil || a.foreign != "" {
		return &array{foreign: "of NumPy's " + dtype.code}, err
	}
	v, err := a.read(a.bytes)
	if err != nil {
		return nil, err
	}
	switch x := v.Data().(type) {
	case float64:
		return x, nil
	case float32:
		return float64(x), nil
	case int:
		if a.kind.Name == "BOOL" {
			return x != 0, nil
		}
		return int64(x), nil
	}
	return nil, errors.New("the number cannot be read")
}

// numpyBuffer is _frombuffer(bytes, dtype, shape, order), by which protocol 5 makes arrays.
func numpyBuffer(args pickle.Tuple) (any, error) {
	dtype, a := argument(args, 1).(*numpyDtype)
	shape, b := sizes(argument(args, 2))
	if !a || !b {
		return nil, errors.New("the arguments have another form than NumPy's")
	}
	return dtype.array(shape, argument(args, 3) == any("F"), argument(args, 0))
}

// build sets the state of an element type or an array of NumPy.
func build(to, state any) (any, error) {
	s, ok := state.(pickle.Tuple)
	if !ok {
		if a, isArray := to.(*array); isArray { // attributes of a tensor, which nothing is computed from
			return a, nil
		}
		return nil, errors.New("a state is set on what has none")
	}
	switch to := to.(type) {
	case *numpyDtype: // (version, order, ...)
		return &numpyDtype{code: to.code, big: argument(s, 1) == any(">")}, nil
	case *numpyArray: // (version, shape, dtype, column by column, bytes)
		shape, a := sizes(argument(s, 1))
		dtype, b := argument(s, 2).(*numpyDtype)
		columns, c := argument(s, 3).(bool)
		if !a || !b || !c {
			return nil, errors.New("the state of an array has another form than NumPy's")
		}
		return dtype.array(shape, columns, argument(s, 4))
	}
	return nil, errors.New("a state is set on what has none")
}

// array is an array of the type, given as bytes in row-major order, or column by column.
func (d *numpyDtype) array(shape []int, columns bool, raw any) (*array, error) {
	kind, ok := number.OfNumPy(d.code)
	if !ok {
		return &array{foreign: "of NumPy's " + d.code}, nil
	}
	var data []byte
	switch raw := raw.(type) {
	case []byte:
		data = raw
	case string: // of Python 2
		data = []byte(raw)
	default:
		return nil, errors.New("the numbers of an array are no bytes")
	}
	a := &array{bytes: data, kind: kind, shape: shape, strides: number.Contiguous(shape)}
	n, err := a.count()
	switch {
	case err != nil:
		return nil, err
	case len(shape) > maxRank:
		return nil, errors.Errorf("an array has %d dimensions; want %d at most", len(shape), maxRank)
	case n > dense.MaxElements/8 || n*kind.Width != len(data):
		return nil, errors.Errorf("an array of shape %v of %s has %d bytes", shape, kind.Name, len(data))
	}
	if d.big {
		a.bytes = bytes.Clone(data)
		number.Swap(a.bytes, kind.Width)
	}
	if columns {
		a.strides = number.Columns(shape)
	}
	return a, nil
}
