package hdf5

import (
	"encoding/binary"

	"github.com/pkg/errors"
)

// links walks the members of a group of the new form: some have a message each in the group's header, many are in a heap.
func (f *File) links(path string, list []message, depth int) error {
	for _, m := range list {
		var err error
		switch m.kind {
		case msgLink:
			err = f.link(path, m.data, depth)
		case msgLinkInfo:
			err = f.dense(m.data, 0, 8, linkByName, func(data []byte) error { return f.link(path, data, depth) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// link follows a link (section IV.A.2.g) to a member.
func (f *File) link(path string, m []byte, depth int) error {
	short := errors.New("a link that has no end")
	if len(m) < 2 || m[0] != 1 {
		return errors.New("a link that is not of version 1")
	}
	flags, rest := m[1], m[2:]
	kind := byte(0)
	if flags&8 != 0 {
		if len(rest) < 1 {
			return short
		}
		kind, rest = rest[0], rest[1:]
	}
	skip := 0
	if flags&4 != 0 {
		skip += 8 // the order of creation
	}
	if flags&0x10 != 0 {
		skip++ // the character set
	}
	width := 1 << (flags & 3)
	if len(rest) < skip+width {
		return short
	}
	n := uintOf(rest[skip : skip+width])
	if rest = rest[skip+width:]; n > uint64(len(rest)) {
		return short
	}
	name := string(rest[:n])
	if kind != 0 {
		return errors.Errorf("%q is a link to another place, which is not followed", name)
	}
	if rest = rest[n:]; len(rest) < 8 {
		return short
	}
	return f.object(join(path, name), binary.LittleEndian.Uint64(rest), depth+1)
}
