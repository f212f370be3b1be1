package onnx

import (
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/nn/onnx/internal/onnxpb"
)

// externalFiles reads tensors that a model keeps in files beside it, as exporters do with large weights. dir is the
// model's folder; locations outside of it are refused, so that a model cannot read other files.
func externalFiles(dir string) func(*onnxpb.TensorProto) ([]byte, error) {
	return func(t *onnxpb.TensorProto) ([]byte, error) {
		entry := map[string]string{}
		for _, e := range t.ExternalData {
			entry[e.Key] = e.Value
		}
		location := filepath.FromSlash(entry["location"])
		if !filepath.IsLocal(location) {
			return nil, errors.Errorf("its data is in %q, which is not a file beside the model", entry["location"])
		}
		number := func(key string, otherwise int64) (int64, error) {
			if entry[key] == "" {
				return otherwise, nil
			}
			v, err := strconv.ParseInt(entry[key], 10, 64)
			if err != nil || v < 0 {
				return 0, errors.Errorf("its external data has %s %q; want a number of bytes", key, entry[key])
			}
			return v, nil
		}
		f, err := os.Open(filepath.Join(dir, location))
		if err != nil {
			return nil, errors.Wrap(err, "its external data")
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Wrap(err, "its external data")
		}
		offset, err := number("offset", 0)
		if err != nil {
			return nil, err
		}
		length, err := number("length", info.Size()-offset)
		if err != nil {
			return nil, err
		}
		if offset > info.Size() || length < 0 || length > info.Size()-offset {
			return nil, errors.Errorf("its data is bytes %d to %d of %s, which has %d", offset, offset+length, location, info.Size())
		}
		data := make([]byte, length)
		_, err = io.ReadFull(io.NewSectionReader(f, offset, length), data)
		return data, errors.Wrap(err, "its external data")
	}
}

// noFiles is for models that were not read from a file.
func noFiles(*onnxpb.TensorProto) ([]byte, error) {
	return nil, errors.New("its data is in another file; use Read instead of Parse")
}
