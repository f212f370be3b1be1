package hdf5

import (
	"bytes"
	"encoding/binary"

	"github.com/pkg/errors"
)

// object walks a group, or notes a dataset.
func (f *File) object(path string, at uint64, depth int) error {
	if len(path) > longestPath {
		return errors.Errorf("a path of %d bytes, %.40q...; want at most %d", len(path), path, longestPath)
	}
	if depth > 64 {
		return errors.Errorf("groups are nested more than 64 deep, at %q", path)
	}
	return located(path, f.member(path, at, depth))
}

// member reads the header of an object and what it holds.
func (f *File) member(path string, at uint64, depth int) error {
	if err := f.first(at); err != nil {
		return err
	}
	list, err := f.messages(at)
	if err != nil {
		return err
	}
	if f.left -= len(list); f.left < 0 {
		return errors.New("the headers up to this one have more messages than the file has room for")
	}
	for _, m := range list {
		switch m.kind {
		case msgSymbolTable:
			f.groups[path] = at
			return f.table(path, m.data, depth)
		case msgLinkInfo:
			f.groups[path] = at
			return f.links(path, list, depth)
		case msgLayout:
			if f.Has(path) {
				return errors.New("two objects have this path")
			}
			f.paths, f.at[path] = append(f.paths, path), at
			return nil
		}
	}
	return errors.New("it is neither a dataset nor a group")
}

// table walks the members of a group of the old form, which are in a tree.
func (f *File) table(path string, m []byte, depth int) error {
	if len(m) < 16 {
		return errors.New("a group without a symbol table")
	}
	names, err := f.heap(binary.LittleEndian.Uint64(m[8:]))
	if err != nil {
		return err
	}
	return f.tree(path, binary.LittleEndian.Uint64(m), names, depth, 1<<16)
}

// heap gives the data of a local heap (section III.D), where a group keeps its names.
func (f *File) heap(at uint64) ([]byte, error) {
	head, err := f.bytes(at, 32)
	if err != nil {
		return nil, err
	}
	if string(head[:4]) != "HEAP" {
		return nil, errors.Errorf("no heap at %d", at)
	}
	return f.bytes(binary.LittleEndian.Uint64(head[24:]), binary.LittleEndian.Uint64(head[8:]))
}

// tree walks a node of a group's B-tree (section III.A.1). Levels go down to 0, whose children are tables of symbols.
func (f *File) tree(path string, at uint64, names []byte, depth, above int) error {
	if err := f.first(at); err != nil {
		return err
	}
	head, err := f.bytes(at, 24)
	if err != nil {
		return err
	}
	level, n := int(head[5]), uint64(binary.LittleEndian.Uint16(head[6:]))
	if string(head[:4]) != "TREE" || head[4] != 0 || level >= above {
		return errors.Errorf("no node of a group's tree at %d", at)
	}
	body, err := f.bytes(at+24, 16*n) // a key before every child; the keys only serve searching
	if err != nil {
		return err
	}
	for i := range n {
		child := binary.LittleEndian.Uint64(body[16*i+8:])
		if level > 0 {
			err = f.tree(path, child, names, depth, level)
		} else {
			err = f.symbols(path, child, names, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// symbols walks a symbol table node (section III.B): the members of a group.
func (f *File) symbols(path string, at uint64, names []byte, depth int) error {
	if err := f.first(at); err != nil {
		return err
	}
	head, err := f.bytes(at, 8)
	if err != nil {
		return err
	}
	if string(head[:4]) != "SNOD" {
		return errors.Errorf("no symbol table node at %d", at)
	}
	n := uint64(binary.LittleEndian.Uint16(head[6:]))
	body, err := f.bytes(at+8, n*entrySize)
	if err != nil {
		return err
	}
	for ; len(body) > 0; body = body[entrySize:] {
		name := binary.LittleEndian.Uint64(body)
		if name >= uint64(len(names)) {
			return errors.Errorf("a name at %d of a heap of %d bytes", name, len(names))
		}
		text, _, found := bytes.Cut(names[name:], []byte{0})
		if !found || binary.LittleEndian.Uint32(body[16:]) == 2 {
			return errors.Errorf("%q is a link, or has no end", text)
		}
		if err := f.object(join(path, string(text)), binary.LittleEndian.Uint64(body[8:]), depth+1); err != nil {
			return err
		}
	}
	return nil
}
