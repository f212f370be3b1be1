// Package hdf5 reads and writes the part of the HDF5 format that Keras uses: a tree of groups with datasets of numbers,
// and attributes of text. It reads superblocks 0 to 3, groups of the old and the new form, data in one piece or in chunks with
// gzip, shuffle and fletcher32, floats of 2, 4 and 8 bytes and whole numbers in both byte orders. Other forms are refused by name.
// It writes what h5py does by default: superblock 0, groups as symbol tables, headers of version 1, and data in one piece.
//
// The layout of every structure is that of the HDF5 File Format Specification, version 3.0, to whose sections the
// comments refer. Numbers of the format are little-endian, addresses and lengths have 8 bytes.
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

	msgDataspace     = 0x01
	msgLinkInfo      = 0x02
	msgDatatype      = 0x03
	msgFill          = 0x05
	msgLink          = 0x06
	msgExternal      = 0x07
	msgLayout        = 0x08
	msgFilter        = 0x0b
	msgAttribute     = 0x0c
	msgContinuation  = 0x10
	msgSymbolTable   = 0x11
	msgAttributeInfo = 0x15
)

func join(parent, name string) string { return strings.TrimPrefix(parent+"/"+name, "/") }
