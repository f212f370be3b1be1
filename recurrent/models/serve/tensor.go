package serve

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
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

// size is the number of elements of a shape; -1 if it is none that a tensor can have.
func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		if d < 0 || d > 1<<31 || n > 0 && d > (1<<40)/n {
			return -1
		}
		n *= d
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

// readJSON takes the elements from JSON, in which lists may be nested as the shape says, or flat.
func (v *values) readJSON(data json.RawMessage) error {
	if sizeOf(v.shape) < 0 {
		return bad("tensor %q has the shape %v", v.name, v.shape)
	}
	var list any
	if err := json.Unmarshal(data, &list); err != nil {
		return bad("tensor %q: %v", v.name, err)
	}
	// Numbers are read from their text where float64 has not all of them.
	var raw []json.RawMessage
	if v.datatype == "INT64" || v.datatype == "UINT64" {
		if err := flatten(data, &raw, 0); err != nil {
			return bad("tensor %q: %v", v.name, err)
		}
		for _, r := range raw {
			n, err := strconv.ParseInt(string(r), 10, 64)
			if err != nil {
				return bad("tensor %q: %.30s is no %s", v.name, r, v.datatype)
			}
			v.ints = append(v.ints, n)
		}
		return v.check(len(v.ints))
	}
	if err := v.add(list); err != nil {
		return err
	}
	return v.check(len(v.floats) + len(v.ints) + len(v.texts))
}

// flatten lists the elements of nested lists.
func flatten(data json.RawMessage, out *[]json.RawMessage, depth int) error {
	var list []json.RawMessage
	if depth > 16 {
		return bad("lists are nested more than 16 deep")
	}
	if err := json.Unmarshal(data, &list); err != nil {
		*out = append(*out, data)
		return nil
	}
	for _, d := range list {
		if err := flatten(d, out, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// add takes an element, or a list of them.
func (v *values) add(x any) error {
	switch x := x.(type) {
	case []any:
		for _, e := range x {
			if err := v.add(e); err != nil {
				return err
			}
		}
		return nil
	case string:
		if v.isText() {
			v.texts = append(v.texts, x)
			return nil
		}
	case bool:
		if v.datatype == "BOOL" {
			v.ints = append(v.ints, map[bool]int64{true: 1}[x])
			return nil
		}
	case float64:
		switch {
		case v.isFloat():
			v.floats = append(v.floats, x)
			return nil
		case !v.isText() && v.datatype != "BOOL" && x == math.Trunc(x) && math.Abs(x) < 1<<53:
			v.ints = append(v.ints, int64(x))
			return nil
		}
	case nil:
		if v.isFloat() { // a missing value
			v.floats = append(v.floats, math.NaN())
			return nil
		}
	}
	return bad("tensor %q: an element is no %s", v.name, v.datatype)
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
		v.floats = append(v.floats, halfFloat(le.Uint16(b)))
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

// halfFloat widens a number of 16 bits.
func halfFloat(h uint16) float64 {
	sign, exponent, fraction := 1.0, int(h>>10&31), float64(h&1023)
	if h>>15 == 1 {
		sign = -1
	}
	switch {
	case exponent == 0:
		return sign * math.Ldexp(fraction, -24)
	case exponent < 31:
		return sign * math.Ldexp(1+fraction/1024, exponent-15)
	case fraction == 0:
		return math.Inf(int(sign))
	}
	return math.NaN()
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
