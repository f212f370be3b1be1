package graph

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"github.com/unroll-go/unroll/internal/op"
	"gorgonia.org/tensor"
)

// Named is a tensor with its name in a safetensors file.
type Named struct {
	Name  string
	Value *tensor.Dense
}

const (
	// maxHeader is the limit of the safetensors format for the JSON header, in bytes.
	maxHeader = 100 << 20
	// metadataKey is the header's key for the metadata, which no tensor can have.
	metadataKey = "__metadata__"
)

// safetensorsEntry is the header's description of one tensor; offsets are relative to the end of the header.
type safetensorsEntry struct {
	Dtype   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// WriteSafetensors writes tensors, in order, and metadata to path in the safetensors format that PyTorch, JAX and
// others read. The file appears whole or not at all: the data goes to a temporary file in the same folder, which is
// synced and then renamed. Element types: float32 (F32), float64 (F64), int (I64). Names and metadata must be UTF-8.
func WriteSafetensors(path string, tensors []Named, metadata map[string]string) error {
	header, err := safetensorsHeader(tensors, metadata)
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error { return writeSafetensors(w, header, tensors) })
	}
	return errors.Wrapf(err, "write %s", path)
}

func writeSafetensors(w io.Writer, header []byte, tensors []Named) error {
	if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := number.Write(w, t.Value); err != nil {
			return err
		}
	}
	return nil
}

// safetensorsHeader returns the JSON header, padded with spaces to a multiple of 8 bytes. The keys stand in the
// order of the data, so that the same tensors always give the same bytes.
func safetensorsHeader(tensors []Named, metadata map[string]string) ([]byte, error) {
	var fields jsonFields
	for key, value := range metadata {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return nil, errors.Errorf("the metadata %q: %q is not UTF-8", key, value)
		}
	}
	if len(metadata) > 0 {
		if err := fields.add(metadataKey, metadata); err != nil { // encoding/json sorts the keys of a map
			return nil, err
		}
	}
	seen := map[string]bool{}
	offset := int64(0)
	for _, t := range tensors {
		if err := t.writable(); err != nil {
			return nil, err
		}
		if seen[t.Name] {
			return nil, errors.Errorf("two tensors are called %q", t.Name)
		}
		seen[t.Name] = true
		kind := number.Kept(t.Value.Dtype())
		end := offset + int64(op.Size(t.Value.Shape()))*int64(kind.Width)
		if err := fields.add(t.Name, safetensorsEntry{kind.Name, op.Clone(t.Value.Shape()), []int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	out := append(append([]byte{'{'}, fields...), '}')
	return append(out, bytes.Repeat([]byte{' '}, -len(out)&7)...), nil
}

// writable refuses a tensor that a file cannot hold.
func (t Named) writable() error {
	switch {
	case t.Name == metadataKey:
		return errors.Errorf("no tensor can be called %s: it is the place of the metadata", t.Name)
	case !utf8.ValidString(t.Name):
		return errors.Errorf("the tensor's name %q is not UTF-8", t.Name)
	case dense.Empty(t.Value):
		return nil
	}
	return errors.Wrapf(dense.Check(t.Value), "tensor %s", t.Name)
}

// jsonFields are the fields of a JSON object, in the order in which they were added: "key":value,"key":value.
type jsonFields []byte

func (f *jsonFields) add(key string, value any) error {
	k, err := json.Marshal(key)
	if err != nil {
		return err
	}
	v, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if len(*f) > 0 {
		*f = append(*f, ',')
	}
	*f = append(append(append(*f, k...), ':'), v...)
	return nil
}
