package hdf5

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// File is an HDF5 file in memory.
type File struct {
	data  []byte
	paths []string          // of all datasets, in order of the tree
	at    map[string]uint64 // path to the address of the dataset's header
	seen  map[uint64]bool   // addresses of objects and nodes that were walked
	left  int               // messages that the file has room for
}

// longestPath is the limit for paths, in bytes. Groups can share the memory of their names, so that a short file could
// have any number of long ones.
const longestPath = 4096

// Read reads a file and finds its datasets.
func Read(path string) (*File, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "hdf5")
	}
	f, err := Parse(data)
	return f, errors.Wrapf(err, "hdf5: %s", path)
}

// Parse is Read for the bytes of a file.
func Parse(data []byte) (*File, error) {
	f := &File{data: data, at: map[string]uint64{}, seen: map[uint64]bool{}, left: len(data) / 8}
	head, err := f.bytes(0, superblockSize)
	switch {
	case err != nil || string(head[:8]) != signature:
		return nil, errors.New("it is no HDF5 file")
	case head[8] != 0:
		return nil, errors.Errorf("its superblock has version %d; want 0, which h5py writes by default", head[8])
	case head[13] != 8 || head[14] != 8:
		return nil, errors.Errorf("addresses of %d and lengths of %d bytes; want 8", head[13], head[14])
	case binary.LittleEndian.Uint64(head[24:]) != 0:
		return nil, errors.New("it does not start at the beginning of the file")
	}
	root := binary.LittleEndian.Uint64(head[64:]) // the header address in the root's symbol table entry
	return f, f.object("", root, 0)
}

// Paths lists the datasets.
func (f *File) Paths() []string { return append([]string{}, f.paths...) }

// Has tells whether there is a dataset of that path.
func (f *File) Has(path string) bool { _, ok := f.at[path]; return ok }

// first fails when an address is reached again: what Keras writes is a tree, and a loop would have no end.
func (f *File) first(at uint64) error {
	if f.seen[at] {
		return errors.Errorf("address %d is reached twice", at)
	}
	f.seen[at] = true
	return nil
}

// bytes gives n bytes at an address.
func (f *File) bytes(at, n uint64) ([]byte, error) {
	if size := uint64(len(f.data)); at > size || n > size-at {
		return nil, errors.Errorf("%d bytes are wanted at %d of a file of %d", n, at, size)
	}
	return f.data[at : at+n], nil
}

// message is one message of an object header.
type message struct {
	kind uint16
	data []byte
}

// messages reads an object header of version 1 (section IV.A.1.a), with its continuation blocks.
func (f *File) messages(at uint64) ([]message, error) {
	head, err := f.bytes(at, 16)
	if err != nil {
		return nil, err
	}
	if head[0] != 1 {
		return nil, errors.Errorf("the header at %d is not of version 1", at)
	}
	left := int(binary.LittleEndian.Uint16(head[2:]))
	type block struct{ at, n uint64 }
	blocks := []block{{at + 16, uint64(binary.LittleEndian.Uint32(head[8:]))}}
	var out []message
	for len(blocks) > 0 && left > 0 {
		data, err := f.bytes(blocks[0].at, blocks[0].n)
		if err != nil {
			return nil, err
		}
		blocks = blocks[1:]
		for len(data) >= 8 && left > 0 {
			m := message{kind: binary.LittleEndian.Uint16(data)}
			size := int(binary.LittleEndian.Uint16(data[2:]))
			if size > len(data)-8 {
				return nil, errors.Errorf("a message of %d bytes in the header at %d", size, at)
			}
			m.data, data = data[8:8+size], data[8+size:]
			left--
			if m.kind == msgContinuation && size >= 16 {
				blocks = append(blocks, block{binary.LittleEndian.Uint64(m.data), binary.LittleEndian.Uint64(m.data[8:])})
				continue
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// object walks a group, or notes a dataset.
func (f *File) object(path string, at uint64, depth int) error {
	if len(path) > longestPath {
		return errors.Errorf("a path of %d bytes, %.40q...; want at most %d", len(path), path, longestPath)
	}
	if depth > 64 {
		return errors.Errorf("groups are nested more than 64 deep, at %q", path)
	}
	table, err := f.member(path, at)
	if err != nil || table == nil {
		return located(path, err)
	}
	tree, heap := binary.LittleEndian.Uint64(table), binary.LittleEndian.Uint64(table[8:])
	names, err := f.heap(heap)
	if err == nil {
		err = f.tree(path, tree, names, depth, 1<<16)
	}
	return located(path, err)
}

// member reads the header of an object: a group gives its symbol table message, a dataset is noted.
func (f *File) member(path string, at uint64) (table []byte, err error) {
	if err := f.first(at); err != nil {
		return nil, err
	}
	list, err := f.messages(at)
	if err != nil {
		return nil, err
	}
	if f.left -= len(list); f.left < 0 {
		return nil, errors.New("the headers up to this one have more messages than the file has room for")
	}
	for _, m := range list {
		switch {
		case m.kind == msgSymbolTable && len(m.data) < 16:
			return nil, errors.New("a group without a symbol table")
		case m.kind == msgSymbolTable:
			return m.data, nil
		case m.kind == msgLayout && f.Has(path):
			return nil, errors.New("two objects have this path")
		case m.kind == msgLayout:
			f.paths, f.at[path] = append(f.paths, path), at
			return nil, nil
		}
	}
	return nil, errors.New("it is neither a dataset nor a group with a symbol table")
}

// fault is an error with the path of the object that it is in.
type fault struct {
	path string
	err  error
}

func (f *fault) Error() string { return strconv.Quote(f.path) + ": " + f.err.Error() }

// located adds a path to an error that has none yet.
func located(path string, err error) error {
	var known *fault
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &fault{path, err}
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
