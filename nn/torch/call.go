package torch

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
	"github.com/unroll-go/unroll/nn/torch/internal/pickle"
)

// calls are the functions that files of tensors name, and what each would give. None of them is called: this is all that
// a file can ask for, and any other function is refused by its name.
var calls map[string]func(args pickle.Tuple) (any, error)

func init() {
	calls = map[string]func(pickle.Tuple) (any, error){
		"torch._utils._rebuild_tensor":    rebuildTensor,
		"torch._utils._rebuild_tensor_v2": rebuildTensor,
		"torch._utils._rebuild_tensor_v3": rebuildTyped,

		"torch._utils._rebuild_parameter":            first,
		"torch._utils._rebuild_parameter_with_state": first,
		"torch._tensor._rebuild_from_type_v2":        rebuildSubclass,

		"torch._utils._rebuild_qtensor":                       foreign("quantised"),
		"torch._utils._rebuild_sparse_tensor":                 foreign("sparse"),
		"torch._utils._rebuild_meta_tensor_no_storage":        foreign("without numbers"),
		"torch._utils._rebuild_device_tensor_from_numpy":      foreign("of another device"),
		"torch._utils._rebuild_device_tensor_from_cpu_tensor": first,
		"torch.nn.parameter.UninitializedParameter":           foreign("without numbers"),
		"torch.jit._pickle.build_intlist":                     first,
		"torch.jit._pickle.build_doublelist":                  first,
		"torch.jit._pickle.build_boollist":                    first,
		"torch.jit._pickle.build_tensorlist":                  first,
		"torch.jit._pickle.restore_type_tag":                  first,
		"torch.Size":                                          first,
		"torch.device":                                        first,
		"torch.serialization._get_layout":                     first,
		"collections.OrderedDict":                             newDict,
		"builtins.dict":                                       newDict,
		"collections.Counter":                                 newDict,
		"collections.defaultdict":                             func(pickle.Tuple) (any, error) { return &pickle.Dict{}, nil },
		"builtins.set":                                        newList,
		"builtins.frozenset":                                  newList,
		"builtins.list":                                       newList,
		"builtins.tuple":                                      newList,
		"builtins.complex":                                    newList,
		"builtins.bytearray":                                  encode,
		"_codecs.encode":                                      encode,
		"copyreg._reconstructor":                              reconstruct,
		"numpy.core.multiarray._reconstruct":                  func(pickle.Tuple) (any, error) { return &numpyArray{}, nil },
		"numpy.core.multiarray.scalar":                        numpyScalar,
		"numpy.core.numeric._frombuffer":                      numpyBuffer,
		"numpy.dtype":                                         numpyType,
		"pathlib.PosixPath":                                   joined,
		"pathlib.PurePosixPath":                               joined,
		"pathlib.WindowsPath":                                 joined,
		"torch.nn.backends.thnn._get_thnn_function_backend":   func(pickle.Tuple) (any, error) { return nil, nil },
	}
}

// names that Python 2 and newer versions of NumPy have for the same.
var modern = strings.NewReplacer("__builtin__.", "builtins.", "copy_reg.", "copyreg.", "numpy._core.", "numpy.core.",
	"pathlib._local.", "pathlib.")

func call(f pickle.Global, args pickle.Tuple) (any, error) {
	if made := calls[modern.Replace(f.String())]; made != nil {
		v, err := made(args)
		return v, errors.Wrap(err, f.String())
	}
	return nil, errors.Errorf("it calls %s, which is none of the functions that tensors and plain values are made of; nothing was called", f)
}

// argument is the i-th argument, or nil.
func argument(args pickle.Tuple, i int) any {
	if i < len(args) {
		return args[i]
	}
	return nil
}

func first(args pickle.Tuple) (any, error) { return argument(args, 0), nil }

// rebuildTensor is _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks).
func rebuildTensor(args pickle.Tuple) (any, error) {
	s, ok := argument(args, 0).(*storage)
	if !ok {
		return nil, errors.New("the first argument is no storage")
	}
	return newArray(s, s.kind, argument(args, 1), argument(args, 2), argument(args, 3))
}

// rebuildTyped is _rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, metadata), whose storage
// has bytes.
func rebuildTyped(args pickle.Tuple) (any, error) {
	s, a := argument(args, 0).(*storage)
	dtype, b := argument(args, 6).(pickle.Global)
	if !a || !b {
		return nil, errors.New("the arguments are no storage and element type")
	}
	kind, ok := number.Of(elementTypes[dtype.Name])
	if !ok {
		return &array{foreign: "of " + dtype.String()}, nil
	}
	return newArray(s, kind, argument(args, 1), argument(args, 2), argument(args, 3))
}

// rebuildSubclass is _rebuild_from_type_v2(function, class, arguments, state).
func rebuildSubclass(args pickle.Tuple) (any, error) {
	f, a := argument(args, 0).(pickle.Global)
	inner, b := argument(args, 2).(pickle.Tuple)
	if !a || !b || strings.HasSuffix(f.Name, "_rebuild_from_type_v2") {
		return nil, errors.New("the arguments are no function and its arguments")
	}
	return call(f, inner)
}

func foreign(what string) func(pickle.Tuple) (any, error) {
	return func(pickle.Tuple) (any, error) { return &array{foreign: what}, nil }
}

// newDict is dict(pairs) or dict(another).
func newDict(args pickle.Tuple) (any, error) {
	out := &pickle.Dict{}
	switch from := argument(args, 0).(type) {
	case nil:
	case *pickle.Dict:
		out.Pairs = append(out.Pairs, from.Pairs...)
	case *pickle.List:
		for _, item := range from.Items {
			var pair []any
			switch item := item.(type) {
			case pickle.Tuple:
				pair = item
			case *pickle.List:
				pair = item.Items
			}
			if len(pair) != 2 {
				return nil, errors.New("the argument is no list of pairs")
			}
			out.Pairs = append(out.Pairs, pickle.Pair{Key: pair[0], Value: pair[1]})
		}
	default:
		return nil, errors.New("the argument is no list of pairs")
	}
	return out, nil
}

// newList is what sets and lists are made of.
func newList(args pickle.Tuple) (any, error) {
	switch from := argument(args, 0).(type) {
	case *pickle.List:
		return from, nil
	case pickle.Tuple:
		return &pickle.List{Items: from}, nil
	}
	return &pickle.List{Items: args}, nil
}

// encode is encode(text, "latin1"), as which old protocols write bytes.
func encode(args pickle.Tuple) (any, error) {
	switch from := argument(args, 0).(type) {
	case []byte:
		return from, nil
	case string:
		out := make([]byte, 0, len(from))
		for _, r := range from {
			if r > 255 {
				return nil, errors.New("the text has characters that are no bytes")
			}
			out = append(out, byte(r))
		}
		return out, nil
	}
	return []byte(nil), nil
}

// reconstruct is _reconstructor(class, base, state), by which old protocols make objects.
func reconstruct(args pickle.Tuple) (any, error) {
	class, ok := argument(args, 0).(pickle.Global)
	if !ok {
		return nil, errors.New("the first argument is no class")
	}
	if class == (pickle.Global{Module: "collections", Name: "OrderedDict"}) {
		return &pickle.Dict{}, nil
	}
	return &pickle.Object{Class: class}, nil
}

// joined is a path of its parts.
func joined(args pickle.Tuple) (any, error) {
	var parts []string
	for _, a := range args {
		s, ok := a.(string)
		if !ok {
			return nil, errors.New("a part of the path is no string")
		}
		parts = append(parts, s)
	}
	return strings.ReplaceAll(strings.Join(parts, "/"), "//", "/"), nil
}
