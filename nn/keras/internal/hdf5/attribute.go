package hdf5

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Strings returns an attribute of a group or dataset that holds a string or an array of them; nil if there is none of that
// name.
func (f *File) Strings(path, name string) ([]string, error) {
	at, ok := f.groups[path]
	if !ok {
		if at, ok = f.at[path]; !ok {
			return nil, errors.Errorf("hdf5: no group or dataset is called %q", path)
		}
	}
	out, err := f.attribute(at, name)
	return out, errors.Wrapf(err, "hdf5: attribute %q of %q", name, path)
}

// attribute looks for an attribute in an object's header, or in the heap that the header names.
func (f *File) attribute(at uint64, name string) (out []string, err error) {
	list, err := f.messages(at)
	if err != nil {
		return nil, err
	}
	take := func(data []byte) error {
		a, err := parseAttribute(data)
		if err != nil || a.name != name {
			return nil // another attribute may be of any kind
		}
		out, err = f.text(a)
		return err
	}
	f.seen = map[uint64]bool{}
	for _, m := range list {
		switch m.kind {
		case msgAttribute:
			err = take(m.data)
		case msgAttributeInfo:
			err = f.dense(m.data, 0, 2, attributeByName, take)
		}
		if err != nil || out != nil {
			return out, err
		}
	}
	return out, err
}

// attribute is one attribute: the messages that say what it is, and its bytes.
type attribute struct {
	name                   string
	datatype, space, value []byte
}

// parseAttribute takes an attribute message apart (section IV.A.2.m). In version 1 each part is padded to 8 bytes.
func parseAttribute(m []byte) (attribute, error) {
	var a attribute
	if len(m) < 9 || m[0] < 1 || m[0] > 3 {
		return a, errors.New("an attribute that is not of version 1 to 3")
	}
	if m[0] > 1 && m[1] != 0 {
		return a, errors.New("an attribute whose type is elsewhere")
	}
	rest := m[8:]
	if m[0] == 3 {
		rest = m[9:] // after the name's character set
	}
	parts := make([][]byte, 3)
	for i := range parts {
		n := int(binary.LittleEndian.Uint16(m[2+2*i:]))
		if n > len(rest) {
			return a, errors.New("an attribute that has no end")
		}
		parts[i], rest = rest[:n], rest[n:]
		if pad := -n & 7; m[0] == 1 {
			rest = rest[min(pad, len(rest)):]
		}
	}
	a = attribute{text0(parts[0]), parts[1], parts[2], rest}
	return a, nil
}

// text0 is the text before the first zero.
func text0(b []byte) string {
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// text decodes an attribute of strings.
func (f *File) text(a attribute) ([]string, error) {
	shape, err := dataspace(a.space)
	if err != nil {
		return nil, err
	}
	if len(a.datatype) < 8 {
		return nil, errors.New("it has no type")
	}
	if slices.Contains(shape, 0) {
		return []string{}, nil // of any type: an empty list has none in Python
	}
	width := int(binary.LittleEndian.Uint32(a.datatype[4:]))
	class, ofChars := a.datatype[0]&15, a.datatype[1]&15 == 1
	if class != 3 && (class != 9 || !ofChars) {
		return nil, errors.Errorf("it is of class %d; want strings", class)
	}
	n := 1
	for _, s := range shape {
		if s > 0 && n > len(a.value)/s {
			return nil, errors.Errorf("shape %v does not fit in %d bytes", shape, len(a.value))
		}
		n *= s
	}
	if width < 1 || n > len(a.value)/width {
		return nil, errors.Errorf("%d strings of %d bytes in %d", n, width, len(a.value))
	}
	out := make([]string, n)
	for i := range out {
		one := a.value[i*width : (i+1)*width]
		if class == 9 {
			if one, err = f.global(one); err != nil {
				return nil, err
			}
		}
		if err := f.take(len(one)); err != nil {
			return nil, err
		}
		out[i] = strings.TrimRight(string(one), "\x00")
	}
	return out, nil
}

// global finds a string in a global heap (section III.E): one is its length, the address of the heap, and its number there.
func (f *File) global(one []byte) ([]byte, error) {
	if len(one) != 16 {
		return nil, errors.Errorf("a string's place has %d bytes; want 16", len(one))
	}
	length, at, number := binary.LittleEndian.Uint32(one), binary.LittleEndian.Uint64(one[4:]), binary.LittleEndian.Uint32(one[12:])
	if length == 0 {
		return nil, nil
	}
	head, err := f.bytes(at, 16)
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint64(head[8:])
	if string(head[:4]) != "GCOL" || size < 16 {
		return nil, errors.Errorf("no heap of strings at %d", at)
	}
	data, err := f.bytes(at, size)
	if err != nil {
		return nil, err
	}
	data = data[16:]
	for range 1 << 16 { // numbers have 16 bits
		if len(data) < 16 {
			break
		}
		index, n := binary.LittleEndian.Uint16(data), binary.LittleEndian.Uint64(data[8:])
		if index == 0 || n > uint64(len(data)-16) {
			break
		}
		if uint32(index) == number && uint64(length) <= n {
			return data[16 : 16+length], nil
		}
		data = data[min(16+(n+7)/8*8, uint64(len(data))):]
	}
	return nil, errors.Errorf("a string is missing in the heap at %d", at)
}
