// Package hdf5 reads and writes the part of the HDF5 format that Keras uses for weights: a tree of groups with
// datasets of floats, as h5py makes them by default. That is superblock version 0, groups as symbol tables, object
// headers of version 1, and data in one piece. Other forms (chunks, compression, newer groups) are refused by name.
//
// The layout of every structure is that of the HDF5 File Format Specification, version 3.0, to whose sections the
// comments refer. All numbers are little-endian, addresses and lengths have 8 bytes.
package hdf5

import "strings"

// Dataset is a named array of floats.
type Dataset struct {
	Path  string // from the root, parts joined by slashes: "layers/dense/vars/0"
	Shape []int
	Bits  int       // 32 or 64, the width of the elements in the file
	Data  []float64 // row-major
}

const (
	signature = "\x89HDF\r\n\x1a\n"
	undefined = ^uint64(0) // the address of what is not there

	superblockSize = 96
	entrySize      = 40 // of a symbol table entry
	internalK      = 16 // a node of a group's tree has up to 2·internalK children

	msgDataspace    = 0x01
	msgDatatype     = 0x03
	msgFill         = 0x05
	msgExternal     = 0x07
	msgLayout       = 0x08
	msgFilter       = 0x0b
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
)

func join(parent, name string) string { return strings.TrimPrefix(parent+"/"+name, "/") }
