package graph

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

const (
	// indexEnding is that of the file which tells what stands in which file of a model in several.
	indexEnding = ".safetensors.index.json"
	// maxIndex is the most bytes of an index.
	maxIndex = 100 << 20
)

// safetensorsIndex says in which file each tensor is.
type safetensorsIndex struct {
	Files map[string]string `json:"weight_map"`
}

// readIndexed reads a model in several files by its index: the tensors of one file after the other, in the order of the
// files' names. The metadata is that of all files; a key must have one value.
func readIndexed(path string, read func(path string) ([]Named, map[string]string, error)) ([]Named, map[string]string, error) {
	index, err := readIndex(path)
	if err != nil {
		return nil, nil, err
	}
	where := map[string]bool{}
	for name, file := range index.Files {
		if file == "" || file != filepath.Base(file) || strings.ContainsAny(file, `/\`) {
			return nil, nil, errors.Errorf("tensor %s is in %q; want the name of a file in the folder of the index", name, file)
		}
		where[file] = true
	}
	var tensors []Named
	metadata := map[string]string{}
	for _, file := range slices.Sorted(maps.Keys(where)) {
		list, more, err := read(filepath.Join(filepath.Dir(path), file))
		if err != nil {
			return nil, nil, err
		}
		for _, t := range list {
			if index.Files[t.Name] != file {
				return nil, nil, errors.Errorf("%s has the tensor %s, which the index has in %q", file, t.Name, index.Files[t.Name])
			}
			delete(index.Files, t.Name)
			tensors = append(tensors, t)
		}
		for key, value := range more {
			if had, ok := metadata[key]; ok && had != value {
				return nil, nil, errors.Errorf("%s has another %s in its metadata than a file before it", file, key)
			}
			metadata[key] = value
		}
	}
	if len(index.Files) > 0 {
		missing := slices.Sorted(maps.Keys(index.Files))
		return nil, nil, errors.Errorf("tensor %s is not in %s, as the index says", missing[0], index.Files[missing[0]])
	}
	return tensors, metadata, nil
}

func readIndex(path string) (*safetensorsIndex, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err != nil {
		return nil, err
	}
	if len(raw) > maxIndex {
		return nil, errors.Errorf("the index has more than %d bytes", maxIndex)
	}
	index := &safetensorsIndex{}
	if err := json.Unmarshal(raw, index); err != nil {
		return nil, errors.Wrap(err, "the index is not JSON")
	}
	if len(index.Files) == 0 {
		return nil, errors.New("the index has no weight_map")
	}
	return index, nil
}
