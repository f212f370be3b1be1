package datasets

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/pkg/errors"
)

// JSONL reads JSON objects, one a line, as most data sets of text are shared. Lines are read as by PlainText. NaN,
// Infinity and -Infinity, which Python writes and JSON does not know, are read too: NaN as null.
type JSONL struct {
	Missing []string // texts that Number takes for a missing value beside ""; nil is MissingMarks
	MaxLine int      // bytes; 0 is 1 MB
}

// Objects are the objects of a JSONL file, read one at a time. Errors stick: after one, Next returns false, and Err
// tells the file, the line and what is wrong.
type Objects struct {
	lines   lineReader
	missing []string
	line    []byte
	now     map[string]json.RawMessage
}

// Open opens a file. Close the objects when done.
func (c JSONL) Open(path string) (*Objects, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	o := c.Read(f, path)
	o.lines.closer = f
	return o, nil
}

// Read reads from r; name is what errors call it.
func (c JSONL) Read(r io.Reader, name string) *Objects {
	return &Objects{lines: newLineReader(r, name, c.MaxLine), missing: c.Missing}
}

// Next moves to the next object. It returns false at the end and after an error. Blank lines are passed over.
func (o *Objects) Next() bool {
	for {
		line, ok := o.lines.next()
		if !ok {
			return false
		}
		if blank(line) {
			continue
		}
		o.line, o.now = line, nil
		err := json.Unmarshal(line, &o.now)
		if err != nil && json.Unmarshal(withoutNaN(line), &o.now) == nil {
			err = nil
		}
		if err != nil || o.now == nil {
			var kind *json.UnmarshalTypeError
			if err == nil || errors.As(err, &kind) {
				return o.lines.fail("%.40q is not an object", line)
			}
			return o.lines.fail("%v", err)
		}
		return true
	}
}

// Skip takes back an error of the current line, so that Next goes on with the line after it, and returns it. It is nil if there
// is no error, or one of the file.
func (o *Objects) Skip() error { return o.lines.skip() }

// withoutNaN is a line with null for NaN, and texts for infinities.
func withoutNaN(line []byte) []byte {
	var out []byte
	for i := 0; i < len(line); {
		rest := line[i:]
		switch n := textLength(rest); {
		case n > 0:
			out, i = append(out, rest[:n]...), i+n
		case bytes.HasPrefix(rest, []byte("NaN")):
			out, i = append(out, "null"...), i+len("NaN")
		case bytes.HasPrefix(rest, []byte("Infinity")):
			out, i = append(out, `"Infinity"`...), i+len("Infinity")
		case bytes.HasPrefix(rest, []byte("-Infinity")):
			out, i = append(out, `"-Infinity"`...), i+len("-Infinity")
		default:
			out, i = append(out, rest[0]), i+1
		}
	}
	return out
}

// textLength is how long the JSON text is that a line begins with, 0 if it does not begin with one.
func textLength(line []byte) int {
	if line[0] != '"' {
		return 0
	}
	for i := 1; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(line)
}

// Fields are the names of the current object's fields, sorted.
func (o *Objects) Fields() []string { return slices.Sorted(maps.Keys(o.now)) }

// Raw is a field of the current object as JSON; nil if there is none. It is yours to keep.
func (o *Objects) Raw(field string) json.RawMessage { return slices.Clone(o.now[field]) }

// Missing tells whether a field is not there, null, or a text that is empty or a mark for a missing value.
func (o *Objects) Missing(field string) bool {
	raw, ok := o.now[field]
	if !ok || string(raw) == "null" {
		return true
	}
	return raw[0] == '"' && isMissing(o.Text(field), o.missing)
}

// Text is a field of the current object: a string, or a number, true or false as written. Another kind of value, or
// none, is an error.
func (o *Objects) Text(field string) string {
	raw, ok := o.now[field]
	if !ok {
		o.lines.fail("no field %q", field)
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			o.lines.fail("field %q: %v", field, err)
		}
		return s
	case '{', '[', 'n':
		o.lines.fail("field %q is %.40s; want a text or a number", field, raw)
		return ""
	}
	return string(raw)
}

// Number is a field as a number; NaN if it is null or missing, as Rows.Number tells.
func (o *Objects) Number(field string) float64 {
	raw, ok := o.now[field]
	if ok && string(raw) == "null" {
		return math.NaN()
	}
	text := o.Text(field)
	if o.lines.err != nil {
		return math.NaN()
	}
	v, err := parseNumber(text, o.missing)
	if err != nil {
		o.lines.fail("field %q: %v", field, err)
	}
	return v
}

// Decode reads the current object into a value, as json.Unmarshal does: NaN is an error.
func (o *Objects) Decode(value any) error {
	if o.now == nil {
		return errors.New("datasets: Decode before Next")
	}
	return errors.Wrapf(json.Unmarshal(o.line, value), "datasets: %s, line %d", o.lines.name, o.lines.line)
}

// Line is the current line's number, counted from 1.
func (o *Objects) Line() int { return o.lines.line }

// Err is the first error.
func (o *Objects) Err() error { return o.lines.err }

// Close closes the file. Objects of a reader leave it open.
func (o *Objects) Close() error {
	if o == nil {
		return nil
	}
	return o.lines.close()
}
