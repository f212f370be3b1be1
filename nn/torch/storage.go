package torch

import (
	"slices"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"github.com/unroll-go/unroll/nn/torch/internal/pickle"
	"gorgonia.org/tensor"
)

// storage is a block of numbers that tensors are views of.
type storage struct {
	class  string // of PyTorch, such as FloatStorage
	kind   number.Type
	known  bool   // the class's numbers can be read
	key    string // its name in the file
	n      int    // of elements
	offset int    // in the block of the key, for a view of the legacy form
}

// storageTypes are the element types of the storages whose numbers can be read. Others, of complex and quantised numbers,
// are known by name alone.
var storageTypes = map[string]string{
	"FloatStorage": "F32", "DoubleStorage": "F64", "HalfStorage": "F16", "BFloat16Storage": "BF16", "LongStorage": "I64",
	"IntStorage": "I32", "ShortStorage": "I16", "CharStorage": "I8", "ByteStorage": "U8", "BoolStorage": "BOOL",
	"UntypedStorage": "U8",
}

// elementTypes are the types that stand beside an untyped storage.
var elementTypes = map[string]string{
	"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16",
	"int8": "I8", "uint8": "U8", "uint16": "U16", "uint32": "U32", "uint64": "U64", "bool": "BOOL",
}

// newStorage reads the tuple by which pickles name a storage: ("storage", class, key, device, elements), and in the
// legacy form a view of it: (key, offset, elements).
func newStorage(id pickle.Tuple) (*storage, error) {
	class, a := id[1].(pickle.Global)
	key, b := id[2].(string)
	n, c := size(id[4])
	if !a || !b || !c {
		return nil, errors.New("the name of a storage has another form than PyTorch's")
	}
	s := &storage{class: class.Name, key: key, n: n}
	s.kind, s.known = number.Of(storageTypes[class.Name])
	if len(id) > 5 && id[5] != nil {
		view, ok := id[5].(pickle.Tuple)
		if !ok || len(view) != 3 {
			return nil, errors.New("the view of a storage has another form than PyTorch's")
		}
		from, a := size(view[1])
		n, b := size(view[2])
		if !a || !b || from > s.n || n > s.n-from {
			return nil, errors.Errorf("a view of %v elements from %v on, of a storage that has %d", view[2], view[1], s.n)
		}
		s.offset, s.n = from, n
	}
	return s, nil
}

// size is a whole number that can be a number of elements.
func size(v any) (int, bool) {
	n, ok := v.(int64)
	return int(n), ok && n >= 0 && n <= dense.MaxElements
}

func sizes(v any) ([]int, bool) {
	var items []any
	switch v := v.(type) {
	case pickle.Tuple:
		items = v
	case *pickle.List:
		items = v.Items
	default:
		return nil, false
	}
	out := make([]int, len(items))
	for i, item := range items {
		n, ok := size(item)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// maxRank is the most dimensions of a tensor, as in NumPy and PyTorch.
const maxRank = 64

// array is a tensor that has not been read: a view of a storage, or the bytes of a NumPy array.
type array struct {
	from    *storage
	bytes   []byte // of a NumPy array
	kind    number.Type
	offset  int
	shape   []int
	strides []int
	foreign string // what it is instead, if it cannot be read
}

// newArray checks that a view stays within its storage.
func newArray(from *storage, kind number.Type, offset, shape, strides any) (*array, error) {
	at, a := size(offset)
	dims, b := sizes(shape)
	steps, c := sizes(strides)
	switch {
	case !a || !b || !c || len(dims) != len(steps):
		return nil, errors.New("a tensor's shape, strides or offset have another form than PyTorch's")
	case len(dims) > maxRank:
		return nil, errors.Errorf("a tensor has %d dimensions; want %d at most", len(dims), maxRank)
	}
	out := &array{from: from, kind: kind, offset: at, shape: dims, strides: steps}
	if !from.known {
		out.foreign = "of " + from.class
		return out, nil
	}
	have := from.n * from.kind.Width / kind.Width
	last, empty := at, false
	for i, d := range dims {
		if empty = empty || d == 0; d > 1 {
			if steps[i] > (dense.MaxElements-last)/(d-1) {
				last = dense.MaxElements
				break
			}
			last += (d - 1) * steps[i]
		}
	}
	if !empty && last >= have {
		return nil, errors.Errorf("a tensor of shape %v, strides %v, from element %d on, leaves its storage of %d elements",
			dims, steps, at, have)
	}
	return out, nil
}

// count is the number of elements, or an error if nothing could hold them.
func (a *array) count() (int, error) {
	if slices.Contains(a.shape, 0) {
		return 0, nil
	}
	return dense.Size(a.shape)
}

// read makes the tensor of the storage's bytes.
func (a *array) read(raw []byte) (*tensor.Dense, error) {
	value := dense.New(a.kind.Dtype(), a.shape)
	return value, a.kind.Put(value, 0, number.Strided(raw, a.kind.Width, a.offset, a.shape, a.strides))
}
