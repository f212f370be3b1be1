package onnx

import (
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// files gives the bytes of tensors that a model keeps in files beside it, as exporters do with large weights. A model
// comes from somebody else, often in an archive, so it may read regular files of its own folder alone: no way out of
// it, be it by dots or by symbolic links, and nothing that waits, as pipes and devices do.
type files struct {
	dir   string           // the model's folder; empty for a model that was not read from a file
	sizes map[string]int64 // of the files that were read, by location
	taken map[string]int64 // bytes of all tensors that are in each
}

// mostUses is how often a model may read the bytes of a file, on average. Tied weights are read twice; a thousand
// tensors in one place are a way to take a thousand times its memory.
const mostUses = 4

func newFiles(dir string) *files {
	return &files{dir: dir, sizes: map[string]int64{}, taken: map[string]int64{}}
}

// size is that of all files that were read.
func (f *files) size() int64 {
	total := int64(0)
	for _, n := range f.sizes {
		total += n
	}
	return total
}

// read returns the bytes of a tensor that is stored outside of the model's file.
func (f *files) read(t *onnxpb.TensorProto) ([]byte, error) {
	if f.dir == "" {
		return nil, errors.New("its data is in another file; use Read instead of Parse")
	}
	entry := map[string]string{}
	for _, e := range t.ExternalData {
		entry[e.Key] = e.Value
	}
	location := filepath.Clean(filepath.FromSlash(entry["location"]))
	if entry["location"] == "" || !filepath.IsLocal(location) {
		return nil, errors.Errorf("its data is in %q, which is not a file beside the model", entry["location"])
	}
	file, size, err := f.open(location)
	if err != nil {
		return nil, errors.Wrapf(err, "its data is in %q", entry["location"])
	}
	defer file.Close()
	offset, err := number(entry, "offset", 0)
	if err != nil {
		return nil, err
	}
	length, err := number(entry, "length", size-offset)
	if err != nil {
		return nil, err
	}
	if offset > size || length < 0 || length > size-offset {
		return nil, errors.Errorf("its data is bytes %d to %d of %s, which has %d", offset, offset+length, location, size)
	}
	f.sizes[location] = size
	if f.taken[location] += length; f.taken[location] > mostUses*size {
		return nil, errors.Errorf("the tensors up to this one take %d bytes of %s, which has %d; want at most %d times as many",
			f.taken[location], location, size, mostUses)
	}
	data := make([]byte, length)
	_, err = io.ReadFull(io.NewSectionReader(file, offset, length), data)
	return data, errors.Wrap(err, "its external data")
}

// open opens a regular file below the model's folder. os.Root follows links as long as they stay inside; what the file
// is is asked before it is opened, because opening a pipe waits for somebody to write.
func (f *files) open(location string) (*os.File, int64, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = root.Close() }()
	info, err := root.Stat(location)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, errors.Errorf("that is no regular file, but %v", info.Mode())
	}
	file, err := root.Open(location)
	return file, info.Size(), err
}

// number reads a number of bytes from a tensor's external data.
func number(entry map[string]string, key string, otherwise int64) (int64, error) {
	if entry[key] == "" {
		return otherwise, nil
	}
	v, err := strconv.ParseInt(entry[key], 10, 64)
	if err != nil || v < 0 {
		return 0, errors.Errorf("its external data has %s %q; want a number of bytes", key, entry[key])
	}
	return v, nil
}

// noFiles is for models that were not read from a file.
func noFiles() *files { return newFiles("") }
