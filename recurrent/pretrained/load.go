package pretrained

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// Load opens a model in a folder.
func Load(path string) (*Model, error) {
	m, err := load(path)
	return m, errors.Wrapf(err, "pretrained: %s", path)
}

func load(path string) (*Model, error) {
	data, err := inputfile.Read(filepath.Join(path, "config.json"))
	if err != nil {
		return nil, err
	}
	c, err := parseConfig(data)
	if err != nil {
		return nil, err
	}
	m := &Model{path: path, params: graph.NewParams(1)}
	if m.family, m.net, err = familyOf(c); err != nil {
		return nil, err
	}
	tensors, _, err := graph.ReadSafetensors(weightsIn(path))
	if err != nil {
		return nil, err
	}
	if err := m.params.SetAll(tensors); err != nil {
		return nil, err
	}
	m.params.Seal()
	_, err = m.try(1, 1)
	return m, err
}

// weightsIn is the file with the weights, or their index.
func weightsIn(folder string) string {
	index := filepath.Join(folder, "model.safetensors.index.json")
	if _, err := os.Stat(index); err == nil {
		return index
	}
	return filepath.Join(folder, "model.safetensors")
}
