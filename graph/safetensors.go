package graph

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"sort"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"gorgonia.org/tensor"
)

// Named is a tensor with its name in a safetensors file.
type Named struct {
	Name  string
	Value *tensor.Dense
}

// maxHeader is the limit of the safetensors format for the JSON header, in bytes.
const maxHeader = 100 << 20

// safetensorsEntry is the header's description of one tensor; offsets are relative to the end of the header.
type safetensorsEntry struct {
	Dtype   string  `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// WriteSafetensors writes tensors, in order, and metadata to path in the safetensors format that PyTorch, JAX and
// others read. The file appears whole or not at all: the data goes to a temporary file in the same folder, which is
// synced and then renamed. Element types: float32 (F32), float64 (F64), int (I64).
func WriteSafetensors(path string, tensors []Named, metadata map[string]string) error {
	header, err := safetensorsHeader(tensors, metadata)
	if err != nil {
		return errors.Wrapf(err, "write %s", path)
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
			return err
		}
		if _, err := w.Write(header); err != nil {
			return err
		}
		for _, t := range tensors {
			if err := writeElements(w, t.Value); err != nil {
				return err
			}
		}
		return nil
	})
	return errors.Wrapf(err, "write %s", path)
}

// safetensorsHeader returns the JSON header, padded with spaces to a multiple of 8 bytes. The keys stand in the
// order of the data, so that the same tensors always give the same bytes.
func safetensorsHeader(tensors []Named, metadata map[string]string) ([]byte, error) {
	out := []byte{'{'}
	add := func(key string, value interface{}) error {
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, k...), ':'), v...)
		return nil
	}
	if len(metadata) > 0 {
		if err := add("__metadata__", metadata); err != nil { // encoding/json sorts the keys of a map
			return nil, err
		}
	}
	seen := map[string]bool{"__metadata__": true}
	offset := int64(0)
	for _, t := range tensors {
		if seen[t.Name] {
			return nil, errors.Errorf("two tensors are called %q", t.Name)
		}
		seen[t.Name] = true
		if err := checkDense(t.Value); err != nil {
			return nil, errors.Wrapf(err, "tensor %s", t.Name)
		}
		code, width := dtypeCode(t.Value.Dtype())
		end := offset + int64(sizeOf(t.Value.Shape())*width)
		if err := add(t.Name, safetensorsEntry{code, cloneInts(t.Value.Shape()), []int64{offset, end}}); err != nil {
			return nil, err
		}
		offset = end
	}
	out = append(out, '}')
	for len(out)%8 != 0 {
		out = append(out, ' ')
	}
	return out, nil
}

func dtypeCode(d tensor.Dtype) (code string, width int) {
	switch d {
	case tensor.Float64:
		return "F64", 8
	case tensor.Int:
		return "I64", 8
	}
	return "F32", 4
}

func writeElements(w io.Writer, t *tensor.Dense) error {
	var buf [8]byte
	switch t.Dtype() {
	case tensor.Float64:
		for _, v := range t.Float64s() {
			binary.LittleEndian.PutUint64(buf[:], math.Float64bits(v))
			if _, err := w.Write(buf[:8]); err != nil {
				return err
			}
		}
	case tensor.Int:
		for _, v := range t.Ints() {
			binary.LittleEndian.PutUint64(buf[:], uint64(v))
			if _, err := w.Write(buf[:8]); err != nil {
				return err
			}
		}
	default:
		for _, v := range t.Float32s() {
			binary.LittleEndian.PutUint32(buf[:], math.Float32bits(v))
			if _, err := w.Write(buf[:4]); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReadSafetensors reads a whole file: its tensors in the order of their data, and its metadata. It refuses files that
// are truncated, have holes or overlaps, or hold element types other than F32, F64 and I64, naming what is wrong.
func ReadSafetensors(path string) ([]Named, map[string]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, errors.Wrap(err, "read safetensors")
	}
	tensors, metadata, err := parseSafetensors(data)
	return tensors, metadata, errors.Wrapf(err, "%s is not a usable safetensors file", path)
}

func parseSafetensors(data []byte) ([]Named, map[string]string, error) {
	if len(data) < 8 {
		return nil, nil, errors.Errorf("it has %d bytes, the length field alone needs 8", len(data))
	}
	length := binary.LittleEndian.Uint64(data)
	if length > maxHeader || length > uint64(len(data)-8) {
		return nil, nil, errors.Errorf("the header should have %d bytes, the file has %d after the length field", length, len(data)-8)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+length], &raw); err != nil {
		return nil, nil, errors.Wrap(err, "the header is not JSON")
	}
	var metadata map[string]string
	if m, ok := raw["__metadata__"]; ok {
		if err := json.Unmarshal(m, &metadata); err != nil {
			return nil, nil, errors.Wrap(err, "__metadata__")
		}
		delete(raw, "__metadata__")
	}
	entries := make(map[string]safetensorsEntry, len(raw))
	names := make([]string, 0, len(raw))
	for name, r := range raw {
		var e safetensorsEntry
		if err := json.Unmarshal(r, &e); err != nil {
			return nil, nil, errors.Wrapf(err, "tensor %s", name)
		}
		if len(e.Offsets) != 2 {
			return nil, nil, errors.Errorf("tensor %s: want two data offsets, found %d", name, len(e.Offsets))
		}
		entries[name] = e
		names = append(names, name)
	}
	sort.Slice(names, func(i, j int) bool { return entries[names[i]].Offsets[0] < entries[names[j]].Offsets[0] })
	body := data[8+length:]
	tensors := make([]Named, 0, len(names))
	end := int64(0)
	for _, name := range names {
		e := entries[name]
		if e.Offsets[0] != end {
			return nil, nil, errors.Errorf("tensor %s starts at byte %d, want %d", name, e.Offsets[0], end)
		}
		value, err := readElements(e, body)
		if err != nil {
			return nil, nil, errors.Wrapf(err, "tensor %s", name)
		}
		tensors = append(tensors, Named{name, value})
		end = e.Offsets[1]
	}
	if end != int64(len(body)) {
		return nil, nil, errors.Errorf("the tensors end at byte %d, the data at byte %d", end, len(body))
	}
	return tensors, metadata, nil
}

// readElements copies one tensor out of the file's data, after checking that shape, offsets and data agree.
func readElements(e safetensorsEntry, body []byte) (*tensor.Dense, error) {
	dtypes := map[string]tensor.Dtype{"F32": tensor.Float32, "F64": tensor.Float64, "I64": tensor.Int}
	dtype, ok := dtypes[e.Dtype]
	if !ok {
		return nil, errors.Errorf("element type %s; want F32, F64 or I64", e.Dtype)
	}
	_, width := dtypeCode(dtype)
	if e.Offsets[1] > int64(len(body)) || e.Offsets[0] > e.Offsets[1] {
		return nil, errors.Errorf("bytes %d to %d, but the file holds %d bytes of data", e.Offsets[0], e.Offsets[1], len(body))
	}
	raw := body[e.Offsets[0]:e.Offsets[1]]
	n := 1
	for _, d := range e.Shape {
		if d < 1 || n > len(raw)/d {
			return nil, errors.Errorf("shape %v does not fit in %d bytes", e.Shape, len(raw))
		}
		n *= d
	}
	if n*width != len(raw) {
		return nil, errors.Errorf("shape %v of %s needs %d bytes, found %d", e.Shape, e.Dtype, n*width, len(raw))
	}
	t := newDense(dtype, e.Shape)
	switch dtype {
	case tensor.Float64:
		for i, dst := 0, t.Float64s(); i < n; i++ {
			dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	case tensor.Int:
		for i, dst := 0, t.Ints(); i < n; i++ {
			dst[i] = int(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	default:
		for i, dst := 0, t.Float32s(); i < n; i++ {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	}
	return t, nil
}

// Tensors lists the store's values under prefix+name, ready for WriteSafetensors. The tensors are not copied.
func (p *Params) Tensors(prefix string) []Named {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]Named, len(p.list))
	for i, q := range p.list {
		out[i] = Named{prefix + q.name, q.value}
	}
	return out
}

// Save writes the store's values to path as safetensors, atomically, with the given metadata (nil for none).
// PyTorch's safetensors.torch.load_file reads it as a state_dict.
func (p *Params) Save(path string, metadata map[string]string) error {
	return WriteSafetensors(path, p.Tensors(""), metadata)
}

// Load reads a file that Save, or another framework, wrote. Values of parameters that exist are replaced, others are
// added; nothing changes when anything in the file does not fit. It returns the file's metadata. The counts that PyTorch's
// batch normalisation keeps, num_batches_tracked, are passed over: nothing is computed from them.
func (p *Params) Load(path string) (map[string]string, error) {
	tensors, metadata, err := ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	tensors = slices.DeleteFunc(tensors, func(t Named) bool {
		return t.Value.Dtype() == tensor.Int && strings.HasSuffix(t.Name, "num_batches_tracked")
	})
	if err := p.SetAll(tensors); err != nil {
		return nil, errors.Wrapf(err, "load %s", path)
	}
	return metadata, nil
}

// SetAll sets or adds every tensor, after checking that all of them fit.
func (p *Params) SetAll(tensors []Named) error {
	for _, t := range tensors {
		if t.Value.Dtype() != p.dtype {
			return errors.Errorf("parameter %s: the store holds %v, found %v", t.Name, p.dtype, t.Value.Dtype())
		}
		if q := p.Get(t.Name); q != nil && !slices.Equal(q.value.Shape(), t.Value.Shape()) {
			return errors.Errorf("parameter %s: want shape %v, found %v", t.Name, []int(q.value.Shape()), []int(t.Value.Shape()))
		}
	}
	for _, t := range tensors {
		if p.Get(t.Name) != nil {
			if err := p.Set(t.Name, t.Value); err != nil {
				return err
			}
		} else if _, err := p.Add(t.Name, t.Value); err != nil {
			return err
		}
	}
	return nil
}

// String summarises the store: one line a parameter with its shape and size.
func (p *Params) String() string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	width, total := 0, 0
	for _, q := range p.list {
		width = max(width, len(q.name))
	}
	out := ""
	for _, q := range p.list {
		total += q.Len()
		out += fmt.Sprintf("%-*s  %-16s %10d\n", width, q.name, fmt.Sprint(q.Shape()), q.Len())
	}
	return out + fmt.Sprintf("%-*s  %-16s %10d", width, "total", "", total)
}
