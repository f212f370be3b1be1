// Package archive reads the entries of zip archives from outside into memory that the size of the file bears out.
package archive

import (
	"archive/zip"
	"io"
	"os"

	"github.com/pkg/errors"
)

// Entries may have, unpacked and all together, Free bytes and Ratio times the size of the file. Weights shrink by less than
// half, so that what unpacks to more is either nearly all zeros or made to fill memory.
const (
	Free  = 16 << 20
	Ratio = 32
)

// Archive is an open zip archive.
type Archive struct {
	files map[string]*zip.File
	names []string
	size  int64 // of the file
	left  uint64
	in    *os.File
}

// Open opens an archive. Of entries with one name, the last counts, as in Python.
func Open(path string) (*Archive, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := in.Stat()
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	z, err := zip.NewReader(in, info.Size())
	if err != nil {
		_ = in.Close()
		return nil, err
	}
	a := &Archive{files: map[string]*zip.File{}, size: info.Size(), left: Free + Ratio*uint64(info.Size()), in: in}
	for _, f := range z.File {
		if a.files[f.Name] == nil {
			a.names = append(a.names, f.Name)
		}
		a.files[f.Name] = f
	}
	return a, nil
}

// Size is the size of the file in bytes.
func (a *Archive) Size() int64 { return a.size }

// Names are the entries' names, in the order of the archive.
func (a *Archive) Names() []string { return a.names }

// Has tells whether there is an entry of a name.
func (a *Archive) Has(name string) bool { return a.files[name] != nil }

// Read unpacks an entry, and checks it against the archive's checksum.
func (a *Archive) Read(name string) ([]byte, error) {
	f := a.files[name]
	if f == nil {
		return nil, errors.Errorf("the archive has no %s", name)
	}
	n := f.UncompressedSize64
	if f.Method == zip.Store && n != f.CompressedSize64 {
		return nil, errors.Errorf("%s in the archive has %d bytes in one place and %d in another", name, f.CompressedSize64, n)
	}
	if n > a.left {
		return nil, errors.Errorf("%s in the archive would have %d bytes, more than %d times the file; unpack it first if it is no trap",
			name, n, Ratio)
	}
	a.left -= n
	r, err := f.Open()
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	defer func() { _ = r.Close() }()
	raw := make([]byte, n)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, errors.Wrap(err, name)
	}
	if more, err := r.Read(make([]byte, 1)); more > 0 || err != io.EOF { // the checksum is compared at the end
		return nil, errors.Errorf("%s in the archive is damaged: its checksum or its length is another", name)
	}
	return raw, nil
}

// Close closes the file.
func (a *Archive) Close() error { return a.in.Close() }
