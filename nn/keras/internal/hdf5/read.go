package hdf5

import (
	"encoding/binary"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// File is an HDF5 file in memory.
type File struct {
	data   []byte
	paths  []string          // of all datasets, in order of the tree
	at     map[string]uint64 // path to the address of the dataset's header
	groups map[string]uint64 // path to the address of the group's header; "" is the root
	seen   map[uint64]bool   // addresses of objects and nodes that were walked
	left   int               // messages that the file has room for
	room   int               // bytes that decoding chunks and strings may still take
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
	f := &File{
		data: data, at: map[string]uint64{}, groups: map[string]uint64{}, seen: map[uint64]bool{},
		left: len(data) / 4, room: decodedFixed + decodedTimes*len(data),
	}
	root, err := f.superblock()
	if err != nil {
		return nil, err
	}
	return f, f.object("", root, 0)
}

// What decoding may take together: so many bytes, and so many times the file's. Zeros shrink by a thousand when they are
// compressed; weights do not.
const (
	decodedFixed = 64 << 20
	decodedTimes = 64
)

// take counts n bytes that something decoded takes.
func (f *File) take(n int) error {
	if n > f.room {
		return errors.Errorf("it takes %d bytes when it is decoded, more than a file of %d bytes may", n, len(f.data))
	}
	f.room -= n
	return nil
}

// superblock reads the beginning of the file (section II.A) and returns the address of the root's header.
func (f *File) superblock() (root uint64, err error) {
	head, err := f.bytes(0, 48) // of version 2 and 3, which are the shortest
	if err != nil || string(head[:8]) != signature {
		return 0, errors.New("it is no HDF5 file")
	}
	sizes, base, at := head[13:15], 24, 64 // at: of the header address in the root's symbol table entry
	switch head[8] {
	case 0:
	case 1:
		base, at = 28, 68
	case 2, 3:
		sizes, base, at = head[9:11], 12, 36
	default:
		return 0, errors.Errorf("its superblock has version %d; want 0 to 3", head[8])
	}
	if sizes[0] != 8 || sizes[1] != 8 {
		return 0, errors.Errorf("addresses of %d and lengths of %d bytes; want 8", sizes[0], sizes[1])
	}
	if head, err = f.bytes(0, uint64(at)+8); err != nil {
		return 0, err
	}
	if binary.LittleEndian.Uint64(head[base:]) != 0 {
		return 0, errors.New("it does not start at the beginning of the file")
	}
	return binary.LittleEndian.Uint64(head[at:]), nil
}

// Paths lists the datasets.
func (f *File) Paths() []string { return append([]string{}, f.paths...) }

// Has tells whether there is a dataset of that path.
func (f *File) Has(path string) bool { _, ok := f.at[path]; return ok }

// HasGroup tells whether there is a group of that path; "" is the root.
func (f *File) HasGroup(path string) bool { _, ok := f.groups[path]; return ok }

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
