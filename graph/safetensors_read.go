package graph

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/internal/number"
)

// ReadSafetensors reads a whole file: its tensors in the order of their data, and its metadata. Numbers become float64
// (F64), float32 (F32, and F16 and BF16, which fit in it exactly) or int (whole numbers and BOOL). Tensors without
// elements are read, too. Files that are truncated, have holes or overlaps, name a tensor twice, or hold other element
// types are refused with what is wrong; so are files of other formats, with what they seem to be.
//
// A model in several files is read by its index, whose name ends in .safetensors.index.json: all tensors of all files.
func ReadSafetensors(path string) ([]Named, map[string]string, error) {
	if strings.HasSuffix(path, indexEnding) {
		tensors, metadata, err := readIndexed(path, readSafetensorsFile)
		return tensors, metadata, errors.Wrapf(err, "read %s", path)
	}
	return readSafetensorsFile(path)
}

// readSafetensorsFile reads one file.
func readSafetensorsFile(path string) ([]Named, map[string]string, error) {
	f, err := inputfile.OpenWhole(path)
	if err != nil {
		return nil, nil, errors.Wrap(err, "read safetensors")
	}
	defer f.Close()
	tensors, metadata, err := readSafetensors(f)
	return tensors, metadata, errors.Wrapf(err, "%s is not a usable safetensors file", path)
}

func readSafetensors(f *os.File) ([]Named, map[string]string, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Mode().IsRegular() {
		return parseSafetensors(f, info.Size())
	}
	data, err := io.ReadAll(f) // a pipe does not tell its size
	if err != nil {
		return nil, nil, err
	}
	return parseSafetensors(bytes.NewReader(data), int64(len(data)))
}

// parseSafetensors reads a file of the given size. Nothing is allocated that the size does not bear out.
func parseSafetensors(r io.Reader, size int64) ([]Named, map[string]string, error) {
	if size == 0 {
		return nil, nil, errors.New("the file is empty")
	}
	if size < 8 {
		return nil, nil, errors.Errorf("it has %d bytes, the length field alone needs 8", size)
	}
	in := bufio.NewReaderSize(r, 1<<16)
	head, _ := in.Peek(int(min(size, fileformat.Looked))) // an error shows when the bytes are read
	format := fileformat.Of(head)
	var field [8]byte
	if _, err := io.ReadFull(in, field[:]); err != nil {
		return nil, nil, err
	}
	length := binary.LittleEndian.Uint64(field[:])
	if length > maxHeader || length > uint64(size-8) {
		switch {
		case format == fileformat.Unknown && len(head) > 8 && head[8] != '{':
			return nil, nil, errors.Errorf("it seems to be %v, whose first bytes are % x", format, head[:8])
		case format != fileformat.Unknown && format != fileformat.Safetensors:
			return nil, nil, errors.Errorf("it seems to be %v%s", format, advice(format))
		}
		return nil, nil, errors.Errorf("the header should have %d bytes, the file has %d after the length field", length, size-8)
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(in, raw); err != nil {
		return nil, nil, err
	}
	entries, metadata, err := parseHeader(raw)
	if err != nil {
		return nil, nil, err
	}
	if err := checkEntries(entries, size-8-int64(length)); err != nil {
		return nil, nil, err
	}
	tensors := make([]Named, len(entries))
	for i, e := range entries {
		value, err := e.read(in)
		if err != nil {
			return nil, nil, errors.Wrapf(err, "tensor %s", e.name)
		}
		tensors[i] = Named{e.name, value}
	}
	return tensors, metadata, nil
}

// advice says what to do with a file of another format.
func advice(f fileformat.Format) string {
	switch f {
	case fileformat.Torch, fileformat.Pickle:
		return "; package nn/torch reads it"
	case fileformat.NumPy, fileformat.NumPyArchive:
		return "; package nn/numpy reads it"
	case fileformat.ONNX:
		return "; package nn/onnx reads it"
	case fileformat.HDF5:
		return "; if Keras wrote it, package nn/keras reads it"
	case fileformat.Keras:
		return "; package nn/keras reads the .h5 files that model.save and save_weights write"
	}
	if f.Advice() != "" {
		return ": " + f.Advice()
	}
	return ""
}

// namedEntry is a tensor of the header.
type namedEntry struct {
	safetensorsEntry
	name string
	n    int // of elements
}

// parseHeader reads the JSON header key by key, in its order: encoding/json's maps would hide names that come twice.
func parseHeader(raw []byte) (entries []namedEntry, metadata map[string]string, err error) {
	if !utf8.Valid(raw) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, nil, errors.New("the header is not JSON: want an object in braces")
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, errors.Wrap(err, "the header is not JSON")
		}
		e := namedEntry{name: key.(string)} // an object's keys are strings
		if seen[e.name] {
			return nil, nil, errors.Errorf("two tensors are called %q", e.name)
		}
		seen[e.name] = true
		if e.name == metadataKey {
			if err := dec.Decode(&metadata); err != nil {
				return nil, nil, errors.Wrap(err, metadataKey)
			}
			continue
		}
		if err := dec.Decode(&e.safetensorsEntry); err != nil {
			return nil, nil, errors.Wrapf(err, "tensor %s", e.name)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, errors.Wrap(err, "the header is not JSON")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("the header goes on after its object")
	}
	return entries, metadata, nil
}

// checkEntries puts the tensors in the order of their data, which has so many bytes, and checks that they fill it
// without holes or overlaps, each with as many bytes as its shape and type need.
func checkEntries(entries []namedEntry, data int64) error {
	for i := range entries {
		if n := len(entries[i].Offsets); n != 2 {
			return errors.Errorf("tensor %s: want two data offsets, found %d", entries[i].name, n)
		}
	}
	slices.SortStableFunc(entries, func(a, b namedEntry) int { // tensors without elements stay in the header's order
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	at := int64(0)
	for i := range entries {
		e := &entries[i]
		if e.Offsets[0] != at {
			return errors.Errorf("tensor %s starts at byte %d, want %d", e.name, e.Offsets[0], at)
		}
		if err := e.check(data); err != nil {
			return errors.Wrapf(err, "tensor %s", e.name)
		}
		at = e.Offsets[1]
	}
	if at != data {
		return errors.Errorf("the tensors end at byte %d, the data at byte %d", at, data)
	}
	return nil
}

// check compares shape, element type and offsets, of which the first is right.
func (e *namedEntry) check(data int64) error {
	start, end := e.Offsets[0], e.Offsets[1]
	if end < start || end > data {
		return errors.Errorf("bytes %d to %d, but the file holds %d bytes of data", start, end, data)
	}
	kind, ok := number.Of(e.Dtype)
	if !ok {
		return errors.Errorf("element type %s; want %s", e.Dtype, number.Names)
	}
	n, err := dense.Size(e.Shape)
	if err != nil && slices.Contains(e.Shape, 0) && slices.Min(e.Shape) == 0 {
		n, err = 0, nil
	}
	if err != nil {
		return err
	}
	if need := int64(n) * int64(kind.Width); need != end-start {
		return errors.Errorf("shape %v of %s needs %d bytes, found %d", e.Shape, e.Dtype, need, end-start)
	}
	e.n = n
	return nil
}
