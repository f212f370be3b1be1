package onnx

import (
	"encoding/binary"
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// constant is a tensor whose numbers are known before a program runs: an initialiser or a Constant of the file, or
// something computed from shapes. Whole numbers are in ints, others in floats; float64 holds both of the float types
// exactly.
type constant struct {
	kind   onnxpb.TensorProto_DataType
	shape  []int
	ints   []int
	floats []float64
}

const (
	floatKind = onnxpb.TensorProto_FLOAT
	int32Kind = onnxpb.TensorProto_INT32
)

// isFloat tells whether a data type is one of the two that a graph computes with, or is widened to one.
func isFloat(kind onnxpb.TensorProto_DataType) bool {
	return computes(kind) == onnxpb.TensorProto_FLOAT || kind == onnxpb.TensorProto_DOUBLE
}

// isInt tells whether a data type holds whole numbers; what is true or false is 1 or 0.
func isInt(kind onnxpb.TensorProto_DataType) bool { return width(kind) > 0 && !isFloat(kind) }

// knownTypes are the types of elements that are read, in words.
const knownTypes = "FLOAT, DOUBLE, FLOAT16, BFLOAT16, BOOL, or whole numbers of 8 to 64 bits"

// ints64 is a known vector of whole numbers.
func ints64(v ...int) *constant {
	return &constant{kind: onnxpb.TensorProto_INT64, shape: []int{len(v)}, ints: v}
}

func (k *constant) len() int { return sizeOf(k.shape) }

// readTensor decodes a tensor of the file. beside has the bytes of tensors that are not in it.
func readTensor(t *onnxpb.TensorProto, beside *files) (*constant, error) {
	if t == nil {
		return nil, errors.New("it has no tensor")
	}
	c := &constant{kind: onnxpb.TensorProto_DataType(t.DataType)}
	n := 1
	for _, d := range t.Dims {
		if d < 0 || d > math.MaxInt32 || d > 0 && n > math.MaxInt32/int(d) {
			return nil, errors.Errorf("its shape is %v", t.Dims)
		}
		n *= int(d)
		c.shape = append(c.shape, int(d))
	}
	if t.Segment != nil {
		return nil, errors.New("it is stored in segments, which is not supported")
	}
	raw := t.RawData
	if t.DataLocation == onnxpb.TensorProto_EXTERNAL {
		var err error
		if raw, err = beside.read(t); err != nil {
			return nil, err
		}
	}
	if raw != nil || n == 0 {
		return c, c.fromBytes(raw, n)
	}
	return c, c.fromFields(t, n)
}

// width is the size of one element in bytes, 0 for types that are not supported.
func width(kind onnxpb.TensorProto_DataType) int {
	switch kind {
	case onnxpb.TensorProto_BOOL, onnxpb.TensorProto_INT8, onnxpb.TensorProto_UINT8:
		return 1
	case onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16, onnxpb.TensorProto_INT16, onnxpb.TensorProto_UINT16:
		return 2
	case onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_INT32, onnxpb.TensorProto_UINT32:
		return 4
	case onnxpb.TensorProto_DOUBLE, onnxpb.TensorProto_INT64, onnxpb.TensorProto_UINT64:
		return 8
	}
	return 0
}

// fromBytes decodes little-endian, row-major elements.
func (k *constant) fromBytes(raw []byte, n int) error {
	w := width(k.kind)
	if w == 0 {
		return errors.Errorf("its elements are %v; want %s", k.kind, knownTypes)
	}
	if len(raw) != n*w {
		return errors.Errorf("its shape %v needs %d bytes of %v, found %d", k.shape, n*w, k.kind, len(raw))
	}
	if isFloat(k.kind) {
		k.floats = make([]float64, n)
	} else {
		k.ints = make([]int, n)
	}
	for i := range n {
		at := raw[i*w:]
		switch k.kind {
		case onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16:
			k.floats[i] = widened(k.kind, binary.LittleEndian.Uint16(at))
		case onnxpb.TensorProto_FLOAT:
			k.floats[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(at)))
		case onnxpb.TensorProto_DOUBLE:
			k.floats[i] = math.Float64frombits(binary.LittleEndian.Uint64(at))
		default:
			var bits uint64
			for j := range w {
				bits |= uint64(at[j]) << (8 * j)
			}
			var err error
			if k.ints[i], err = fit(k.kind, int(bits)); err != nil {
				return err
			}
		}
	}
	return nil
}

// fromFields decodes the elements of a tensor that has them in the typed field.
func (k *constant) fromFields(t *onnxpb.TensorProto, n int) error {
	switch k.kind {
	case onnxpb.TensorProto_FLOAT:
		for _, v := range t.FloatData {
			k.floats = append(k.floats, float64(v))
		}
	case onnxpb.TensorProto_DOUBLE:
		k.floats = append(k.floats, t.DoubleData...)
	case onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16:
		for _, v := range t.Int32Data {
			k.floats = append(k.floats, widened(k.kind, uint16(v)))
		}
	case onnxpb.TensorProto_INT64:
		for _, v := range t.Int64Data {
			k.ints = append(k.ints, int(v))
		}
	case onnxpb.TensorProto_UINT64, onnxpb.TensorProto_UINT32:
		for _, v := range t.Uint64Data {
			k.ints = append(k.ints, int(v))
		}
		if err := fitAll(k.kind, k.ints); err != nil {
			return err
		}
	case onnxpb.TensorProto_INT32, onnxpb.TensorProto_INT16, onnxpb.TensorProto_INT8, onnxpb.TensorProto_UINT16,
		onnxpb.TensorProto_UINT8, onnxpb.TensorProto_BOOL:
		for _, v := range t.Int32Data {
			k.ints = append(k.ints, int(v))
		}
		if err := fitAll(k.kind, k.ints); err != nil {
			return err
		}
	default:
		return k.fromBytes(nil, n) // names the type
	}
	if found := len(k.floats) + len(k.ints); found != n {
		return errors.Errorf("its shape %v needs %d elements, found %d", k.shape, n, found)
	}
	return nil
}

// tensorProto encodes the constant for a file.
func (k *constant) tensorProto(name string) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{Name: name, DataType: int32(k.kind), Dims: dims64(k.shape), RawData: []byte{}}
	for _, v := range k.floats {
		switch width(k.kind) {
		case 8:
			t.RawData = binary.LittleEndian.AppendUint64(t.RawData, math.Float64bits(v))
		case 2:
			t.RawData = binary.LittleEndian.AppendUint16(t.RawData, narrowed(k.kind, v))
		default:
			t.RawData = binary.LittleEndian.AppendUint32(t.RawData, math.Float32bits(float32(v)))
		}
	}
	for _, v := range k.ints {
		for j := range width(k.kind) {
			t.RawData = append(t.RawData, byte(uint64(v)>>(8*j)))
		}
	}
	return t
}

func dims64(shape []int) []int64 {
	out := make([]int64, len(shape))
	for i, d := range shape {
		out[i] = int64(d)
	}
	return out
}

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

func cloneInts(x []int) []int { return append([]int{}, x...) }
