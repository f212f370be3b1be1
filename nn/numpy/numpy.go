// Package numpy reads the arrays of NumPy's .npy and .npz files, and writes .npz files:
//
//	arrays, err := numpy.Read("checkpoint.npz")
//	err = numpy.Write("copy.npz", arrays)
//
// Formats 1 to 3 are read, in either order of bytes, by rows or by columns. Numbers of 16 bits are widened to float32,
// which is exact; whole numbers and booleans are int. Arrays of texts, of Python's objects, of records and of complex
// numbers are refused by name.
package numpy

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/archive"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/number"
	"gorgonia.org/tensor"
)

// Read reads all arrays of a file. Those of a .npz have the names that numpy.savez was given; the one array of a .npy has
// the file's, without the ending.
func Read(path string) ([]graph.Named, error) {
	list, err := read(path)
	return list, errors.Wrapf(err, "numpy: read %s", path)
}

func read(path string) ([]graph.Named, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	start := make([]byte, len(magic))
	if n, err := io.ReadFull(f, start); err != nil {
		return nil, errors.Errorf("it has %d bytes, and is no array of NumPy", n)
	}
	if strings.HasPrefix(string(start), "PK") {
		return readArchive(path)
	}
	rest, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	v, err := parse(append(start, rest...))
	name := filepath.Base(path)
	return []graph.Named{{Name: strings.TrimSuffix(name, filepath.Ext(name)), Value: v}}, err
}

// readArchive reads a .npz: a zip archive of .npy files.
func readArchive(path string) ([]graph.Named, error) {
	a, err := archive.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Close() }()
	var out []graph.Named
	var refused []string
	for _, entry := range a.Names() {
		name, ok := strings.CutSuffix(entry, ".npy")
		if !ok {
			return nil, errors.Errorf("the archive has %s, which is no array: NumPy did not write it", entry)
		}
		raw, err := a.Read(entry)
		if err != nil {
			return nil, err
		}
		v, err := parse(raw)
		if err != nil {
			refused = append(refused, name+": "+err.Error())
			continue
		}
		out = append(out, graph.Named{Name: name, Value: v})
	}
	if len(refused) > 0 {
		return nil, errors.New(strings.Join(refused[:min(len(refused), 20)], "; "))
	}
	return out, nil
}

const magic = "\x93NUMPY"

// The fields of the header, which is a dict of Python.
var (
	descr   = regexp.MustCompile(`'descr'\s*:\s*'([^']*)'`)
	columns = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	extents = regexp.MustCompile(`'shape'\s*:\s*\(([0-9,\sL]*)\)`)
)

// maxRank is the most dimensions of an array in NumPy.
const maxRank = 64

// parse reads a .npy file: the magic, two numbers of the version, the length of the header in two bytes, or from version
// 2 on in four, the header, and the numbers.
func parse(raw []byte) (*tensor.Dense, error) {
	if len(raw) < len(magic)+6 || string(raw[:len(magic)]) != magic {
		return nil, errors.New("it does not begin as an array of NumPy does")
	}
	version, at, n := raw[6], 10, int64(raw[8])|int64(raw[9])<<8
	if version > 1 {
		at, n = 12, n|int64(raw[10])<<16|int64(raw[11])<<24
	}
	if version < 1 || version > 3 {
		return nil, errors.Errorf("version %d of the format; want 1 to 3", version)
	}
	if n > int64(len(raw)-at) {
		return nil, errors.Errorf("the header should have %d bytes, %d are there", n, len(raw)-at)
	}
	header, data := string(raw[at:at+int(n)]), raw[at+int(n):]
	kind, big, err := elementType(header)
	if err != nil {
		return nil, err
	}
	shape, byColumns, err := layout(header)
	if err != nil {
		return nil, err
	}
	return array(kind, big, shape, byColumns, data)
}

func array(kind number.Type, big bool, shape []int, byColumns bool, data []byte) (*tensor.Dense, error) {
	count := 1
	if slices.Contains(shape, 0) {
		count = 0
	}
	if count > 0 {
		var err error
		if count, err = dense.Size(shape); err != nil {
			return nil, err
		}
	}
	if count > math.MaxInt/8 || count*kind.Width != len(data) {
		return nil, errors.Errorf("shape %v of %s needs %d numbers, found %d bytes", shape, kind.Name, count, len(data))
	}
	if big {
		number.Swap(data, kind.Width)
	}
	strides := number.Contiguous(shape)
	if byColumns {
		strides = number.Columns(shape)
	}
	value := dense.New(kind.Dtype(), shape)
	if count == 0 {
		return value, nil
	}
	return value, kind.Put(value, 0, number.Strided(data, kind.Width, 0, shape, strides))
}

// elementType reads the type of the header, such as '<f4', and whether it is big-endian.
func elementType(header string) (kind number.Type, big bool, err error) {
	m := descr.FindStringSubmatch(header)
	if m == nil || m[1] == "" {
		return kind, false, errors.New("it is an array of records, or its header has no type")
	}
	order, code := m[1][0], strings.TrimLeft(m[1], "<>|=")
	if kind, ok := number.OfNumPy(code); ok {
		return kind, order == '>', nil
	}
	what := map[byte]string{'O': "Python's objects", 'U': "texts", 'S': "texts", 'c': "complex numbers", 'M': "dates", 'm': "times",
		'V': "records"}
	if code != "" && what[code[0]] != "" {
		return kind, false, errors.Errorf("it is an array of %s (%s); want numbers", what[code[0]], m[1])
	}
	return kind, false, errors.Errorf("elements of type %.20q; want f2, f4, f8, i1 to i8, u1 to u8 or b1", m[1])
}

// layout reads the shape of the header, and whether the numbers stand column by column.
func layout(header string) (shape []int, byColumns bool, err error) {
	order, dims := columns.FindStringSubmatch(header), extents.FindStringSubmatch(header)
	if order == nil || dims == nil {
		return nil, false, errors.New("its header has no shape or no order")
	}
	for field := range strings.SplitSeq(dims[1], ",") {
		if field = strings.TrimRight(strings.TrimSpace(field), "L"); field == "" { // (3,) and (), and Python 2's 3L
			continue
		}
		d, err := strconv.Atoi(field)
		if err != nil || d > dense.MaxElements || len(shape) == maxRank {
			return nil, false, errors.Errorf("the shape (%.40s); want up to %d whole numbers", dims[1], maxRank)
		}
		shape = append(shape, d)
	}
	return shape, order[1] == "True", nil
}
