package numpy

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// Write writes tensors as a .npz, which numpy.load reads. The file appears whole or not at all. Element types: float32,
// float64 and int64.
func Write(path string, tensors []graph.Named) error {
	seen := map[string]bool{}
	for _, t := range tensors {
		if !dense.Empty(t.Value) {
			if err := dense.Check(t.Value); err != nil {
				return errors.Wrapf(err, "numpy: write %s: array %s", path, t.Name)
			}
		}
		if seen[t.Name] {
			return errors.Errorf("numpy: write %s: two arrays are called %q", path, t.Name)
		}
		seen[t.Name] = true
	}
	err := atomicfile.Write(path, func(w io.Writer) error { return write(w, tensors) })
	return errors.Wrapf(err, "numpy: write %s", path)
}

func write(w io.Writer, tensors []graph.Named) error {
	z := zip.NewWriter(w)
	for _, t := range tensors {
		entry, err := z.CreateHeader(&zip.FileHeader{Name: t.Name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if _, err := io.WriteString(entry, header(t.Value)); err != nil {
			return err
		}
		if err := number.Write(entry, t.Value); err != nil {
			return err
		}
	}
	return z.Close()
}

// header is the beginning of a .npy file of version 1: with it, the numbers begin at a multiple of 64 bytes.
func header(t *tensor.Dense) string {
	code := map[string]string{"F32": "<f4", "F64": "<f8", "I64": "<i8"}[number.Kept(t.Dtype()).Name]
	var dims strings.Builder
	for _, d := range t.Shape() {
		fmt.Fprintf(&dims, "%d, ", d)
	}
	shape := strings.TrimSpace(dims.String())
	if len(t.Shape()) > 1 {
		shape = strings.TrimSuffix(shape, ",")
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", code, shape)
	n := len(magic) + 4 + len(text) + 1
	text += strings.Repeat(" ", (64-n%64)%64) + "\n"
	return magic + "\x01\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8)}) + text
}
