package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// values is a tensor of the Open Inference Protocol: its elements in row-major order, in one of the slices.
type values struct {
	name     string
	datatype string
	shape    []int
	floats   []float64 // FP16, FP32, FP64
	ints     []int64   // INT8 to INT64, UINT8 to UINT64, BOOL
	texts    []string  // BYTES
}

// port is the name, type and shape of an input or output; -1 is a size that may vary.
type port struct {
	Name     string `json:"name"`
	Datatype string `json:"datatype"`
	Shape    []int  `json:"shape"`
	optional bool
}

// widths are those of the elements of a datatype, in bytes.
var widths = map[string]int{"BOOL": 1, "INT8": 1, "UINT8": 1, "INT16": 2, "UINT16": 2, "FP16": 2, "INT32": 4, "UINT32": 4, "FP32": 4,
	"INT64": 8, "UINT64": 8, "FP64": 8}

func (v *values) isText() bool { return v.datatype == "BYTES" }
func (v *values) isFloat() bool {
	return v.datatype == "FP16" || v.datatype == "FP32" || v.datatype == "FP64"
}

// sizeOf is the number of elements of a shape; -1 if it is none that a tensor can have. A tensor without elements is to be small in
// its other dimensions too: what is computed of it may be as large as those.
func sizeOf(shape []int) int {
	n, others := 1, 1
	for _, d := range shape {
		if d < 0 || max(d, 1) > (1<<31-1)/others {
			return -1
		}
		n, others = n*d, others*max(d, 1)
	}
	if len(shape) > 16 || n == 0 && others > 1<<16 {
		return -1
	}
	return n
}

// check refuses a tensor whose shape does not fit its elements.
func (v *values) check(elements int) error {
	if !v.isText() && widths[v.datatype] == 0 {
		return bad("tensor %q has the datatype %q; want BOOL, INT8 to INT64, UINT8 to UINT64, FP16, FP32, FP64 or BYTES", v.name, v.datatype)
	}
	if n := sizeOf(v.shape); n != elements {
		return bad("tensor %q of shape %v has %d elements; want %d", v.name, v.shape, elements, n)
	}
	return nil
}

// readJSON takes the elements from JSON, in which lists may be nested as the shape says, or flat. It reads them one by one, so that
// no more is kept of them than what they are.
func (v *values) readJSON(data json.RawMessage) error {
	want := sizeOf(v.shape)
	if want < 0 {
		return bad("tensor %q has the shape %v", v.name, v.shape)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, depth, leaves := 0, 0, 0 // leaves: how deep the elements are
	var lists [17]int           // elements so far of the lists that have begun, by their depth
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return v.check(n)
		}
		if err != nil {
			return bad("tensor %q: %v", v.name, err)
		}
		switch token {
		case json.Delim('['):
			lists[depth]++
			if depth++; depth > 16 {
				return bad("tensor %q: lists are nested more than 16 deep", v.name)
			}
			lists[depth] = 0
			continue
		case json.Delim(']'):
			if rank := len(v.shape); leaves == rank && rank > 1 && lists[depth] != v.shape[depth-1] {
				return bad("tensor %q of shape %v has a list of %d elements", v.name, v.shape, lists[depth])
			}
			depth--
			continue
		}
		lists[depth]++
		leaves = max(leaves, depth)
		if n++; n > want {
			return bad("tensor %q of shape %v has more than %d elements", v.name, v.shape, want)
		}
		if !v.add(token) {
			return bad("tensor %q: an element is no %s", v.name, v.datatype)
		}
	}
}

// add takes an element, if it is one of the datatype.
func (v *values) add(token json.Token) bool {
	switch x := token.(type) {
	case string:
		v.texts = append(v.texts, x)
		return v.isText()
	case bool:
		v.ints = append(v.ints, map[bool]int64{true: 1}[x])
		return v.datatype == "BOOL"
	case json.Number:
		if v.isFloat() {
			f, err := x.Float64()
			v.floats = append(v.floats, f)
			return err == nil
		}
		n, err := x.Int64()
		if err != nil { // 3.0 is whole, too
			f, _ := x.Float64()
			n = int64(f)
			if f != math.Trunc(f) || math.Abs(f) >= 1<<53 {
				return false
			}
		}
		v.ints = append(v.ints, n)
		return !v.isText() && v.datatype != "BOOL" && holds(v.datatype, n)
	case nil: // a missing value
		v.floats = append(v.floats, math.NaN())
		return v.isFloat()
	}
	return false
}

// holds tells whether a whole number is one of a datatype of whole numbers.
func holds(datatype string, n int64) bool {
	bits := 8 * widths[datatype]
	if strings.HasPrefix(datatype, "UINT") {
		return n >= 0 && (bits == 64 || n < 1<<bits)
	}
	return bits == 64 || n >= -1<<(bits-1) && n < 1<<(bits-1)
}

// readBinary takes the elements from bytes: little-endian numbers, or texts with their length in front (4 bytes).
func (v *values) readBinary(data []byte) error {
	if v.isText() {
		for len(data) > 0 {
			if len(data) < 4 {
				return bad("tensor %q: its bytes end in the middle of a length", v.name)
			}
			n := int64(binary.LittleEndian.Uint32(data))
			if data = data[4:]; n > int64(len(data)) {
				return bad("tensor %q: an element of %d bytes, of which there are %d", v.name, n, len(data))
			}
			v.texts, data = append(v.texts, string(data[:n])), data[n:]
		}
		return v.check(len(v.texts))
	}
	w := widths[v.datatype]
	if w == 0 || len(data)%w != 0 {
		return bad("tensor %q: %d bytes of %s", v.name, len(data), v.datatype)
	}
	if err := v.check(len(data) / w); err != nil {
		return err
	}
	for ; len(data) > 0; data = data[w:] {
		v.element(data)
	}
	return nil
}

// element takes one number.
func (v *values) element(b []byte) {
	le := binary.LittleEndian
	switch v.datatype {
	case "FP16":
		v.floats = append(v.floats, float64(number.Float16(le.Uint16(b))))
	case "FP32":
		v.floats = append(v.floats, float64(math.Float32frombits(le.Uint32(b))))
	case "FP64":
		v.floats = append(v.floats, math.Float64frombits(le.Uint64(b)))
	case "BOOL", "UINT8":
		v.ints = append(v.ints, int64(b[0]))
	case "INT8":
		v.ints = append(v.ints, int64(int8(b[0])))
	case "INT16":
		v.ints = append(v.ints, int64(int16(le.Uint16(b))))
	case "UINT16":
		v.ints = append(v.ints, int64(le.Uint16(b)))
	case "INT32":
		v.ints = append(v.ints, int64(int32(le.Uint32(b))))
	case "UINT32":
		v.ints = append(v.ints, int64(le.Uint32(b)))
	case "INT64", "UINT64":
		v.ints = append(v.ints, int64(le.Uint64(b)))
	}
}

// json is what stands under "data": a flat list.
func (v *values) json() any {
	switch {
	case v.isText():
		out := make([]string, len(v.texts))
		for i, t := range v.texts {
			if out[i] = t; !utf8.ValidString(t) {
				out[i] = base64.StdEncoding.EncodeToString([]byte(t))
			}
		}
		return out
	case v.datatype == "FP32":
		out := make([]shortFloat, len(v.floats))
		for i, f := range v.floats {
			out[i] = shortFloat(f)
		}
		return out
	case v.isFloat():
		out := make([]jsonFloat, len(v.floats))
		for i, f := range v.floats {
			out[i] = jsonFloat(f)
		}
		return out
	case v.datatype == "BOOL":
		out := make([]bool, len(v.ints))
		for i, b := range v.ints {
			out[i] = b != 0
		}
		return out
	case v.ints == nil:
		return []int64{}
	}
	return v.ints
}

// binary are the elements as bytes.
func (v *values) binary() []byte {
	var out []byte
	le := binary.LittleEndian
	for _, t := range v.texts {
		out = append(le.AppendUint32(out, uint32(len(t))), t...)
	}
	for _, f := range v.floats {
		if v.datatype == "FP32" {
			out = le.AppendUint32(out, math.Float32bits(float32(f)))
		} else {
			out = le.AppendUint64(out, math.Float64bits(f))
		}
	}
	for _, n := range v.ints {
		switch widths[v.datatype] {
		case 1:
			out = append(out, byte(n))
		case 4:
			out = le.AppendUint32(out, uint32(n))
		default:
			out = le.AppendUint64(out, uint64(n))
		}
	}
	return out
}

// jsonFloat is a number that may be none: null in JSON.
type jsonFloat float64

// MarshalJSON writes null for NaN and infinities.
func (f jsonFloat) MarshalJSON() ([]byte, error) { return floatText(float64(f), 64), nil }

// shortFloat is a number of 32 bits, with as many digits as those need.
type shortFloat float64

// MarshalJSON writes null for NaN and infinities.
func (f shortFloat) MarshalJSON() ([]byte, error) { return floatText(float64(f), 32), nil }

func floatText(f float64, bits int) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null")
	}
	return strconv.AppendFloat(nil, f, 'g', -1, bits)
}
