package torch

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// Write writes tensors as a state dict that torch.load reads, with weights_only too: a dict of tensors by their names, for
// the load_state_dict of a module. The file appears whole or not at all.
func Write(path string, tensors []graph.Named) error {
	seen := map[string]bool{}
	for _, t := range tensors {
		var err error
		if !dense.Empty(t.Value) {
			err = dense.Check(t.Value)
		}
		switch {
		case seen[t.Name]:
			err = errors.New("another tensor has this name")
		case !utf8.ValidString(t.Name):
			err = errors.New("the name is not UTF-8")
		}
		if err != nil {
			return errors.Wrapf(err, "torch: write %s: tensor %q", path, t.Name)
		}
		seen[t.Name] = true
	}
	err := atomicfile.Write(path, func(w io.Writer) error { return write(w, tensors) })
	return errors.Wrapf(err, "torch: write %s", path)
}

// write writes the archive: the pickle, the numbers of each tensor, and what torch.load wants to know first.
func write(w io.Writer, tensors []graph.Named) error {
	z := zip.NewWriter(w)
	add := func(name string, fill func(w io.Writer) error) error {
		entry, err := z.CreateHeader(&zip.FileHeader{Name: "archive/" + name, Method: zip.Store})
		if err != nil {
			return err
		}
		return fill(entry)
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	err := add("data.pkl", text(string(stateDict(tensors))))
	if err == nil {
		err = add("byteorder", text("little"))
	}
	for i, t := range tensors {
		if err == nil {
			err = add(fmt.Sprint("data/", i), func(w io.Writer) error { return number.Write(w, t.Value) })
		}
	}
	if err == nil {
		err = add("version", text("3\n"))
	}
	if err != nil {
		return err
	}
	return z.Close()
}

// program is a pickle that is being written.
type program []byte

func (p *program) op(code ...byte) { *p = append(*p, code...) }

func (p *program) text(s string) {
	p.op('X')
	*p = append(binary.LittleEndian.AppendUint32(*p, uint32(len(s))), s...)
}

// int is a whole number of 8 bytes, not below 0.
func (p *program) int(v int) {
	p.op(0x8a, 8)
	*p = binary.LittleEndian.AppendUint64(*p, uint64(v))
}

func (p *program) global(name string) { *p = append(*p, "c"+name...) }

func (p *program) tuple(items []int) {
	p.op('(')
	for _, v := range items {
		p.int(v)
	}
	p.op('t')
}

// stateDict is a pickle of protocol 2: a dict of calls of _rebuild_tensor_v2(storage, 0, shape, strides, False,
// OrderedDict()).
func stateDict(tensors []graph.Named) []byte {
	p := program{0x80, 2, '}', '('}
	for i, t := range tensors {
		p.text(t.Name)
		p.tensor(fmt.Sprint(i), t.Value)
	}
	p.op('u', '.')
	return p
}

func (p *program) tensor(key string, t *tensor.Dense) {
	shape := []int(t.Shape())
	n := 1
	for _, d := range shape {
		n *= d
	}
	class := map[string]string{"F32": "FloatStorage", "F64": "DoubleStorage", "I64": "LongStorage"}[number.Kept(t.Dtype()).Name]
	p.global("torch._utils\n_rebuild_tensor_v2\n")
	p.op('(', '(')
	p.text("storage")
	p.global("torch\n" + class + "\n")
	p.text(key)
	p.text("cpu")
	p.int(n)
	p.op('t', 'Q')
	p.int(0)
	p.tuple(shape)
	p.tuple(number.Contiguous(shape))
	p.op(0x89)
	p.global("collections\nOrderedDict\n")
	p.op(')', 'R', 't', 'R')
}
