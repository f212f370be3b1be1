package datasets

import (
	"encoding/json"
	"io"
	"math"

	"github.com/pkg/errors"
)

// JSONL reads JSON objects, one a line, as most data sets of text are shared.
type JSONL struct {
	MaxLine int // bytes; 0 is 1 MB
}

// Objects are the objects of a JSONL file, read one at a time. Errors stick: after one, Next returns false, and Err
// tells the file, the line and what is wrong.
type Objects struct {
	lines *lineReader
	line  []byte
	now   map[string]json.RawMessage
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
	return &Objects{lines: newLineReader(r, name, c.MaxLine)}
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
		if err := json.Unmarshal(line, &o.now); err != nil || o.now == nil {
			var kind *json.UnmarshalTypeError
			if err == nil || errors.As(err, &kind) {
				return o.lines.fail("%.40q is not an object", line)
			}
			return o.lines.fail("%v", err)
		}
		return true
	}
}

func blank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
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

// Number is a field as a number; NaN if it is null or a text that Rows.Number takes for none.
func (o *Objects) Number(field string) float64 {
	raw, ok := o.now[field]
	if ok && string(raw) == "null" {
		return math.NaN()
	}
	text := o.Text(field)
	v, isNumber := number(text)
	if !isNumber {
		o.lines.fail("field %q, %.40q, is not a number", field, text)
		return math.NaN()
	}
	return v
}

// Decode reads the current object into a value, as json.Unmarshal does.
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
func (o *Objects) Close() error { return o.lines.close() }
