package pretrained

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// MergedWeights is the file of a merged model's weights.
const MergedWeights = "model.safetensors"

// besides are the files of a folder that say how a model computes and reads texts.
var besides = []string{
	"config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
	worldVocabulary,
}

// SaveMerged writes a folder that Load opens, of the model with its adapter in its weights: it computes the same, up to rounding,
// and needs no adapter. Weights are of 32 bits; configuration and tokenizer are copied. The model must have come from a folder.
func (m *Model) SaveMerged(folder string) error {
	if err := m.made(); err != nil {
		return err
	}
	return errors.Wrap(m.saveMerged(folder), "pretrained: SaveMerged")
}

func (m *Model) saveMerged(folder string) error {
	if m.adapter.Rank == 0 {
		return errors.New("the model has no adapter: LoadAdapter gives it one")
	}
	if !exists(filepath.Join(m.path, besides[0])) {
		return errors.Errorf("%s is no folder with config.json, of which there could be another", m.path)
	}
	from, err := os.Stat(m.path)
	if err != nil {
		return err
	}
	if to, err := os.Stat(folder); err == nil && os.SameFile(from, to) {
		return errors.Errorf("%s is the model itself; want another folder", folder)
	}
	merged, err := m.adapter.Merge(m.params)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, name := range besides {
		path := filepath.Join(m.path, name)
		if !exists(path) {
			continue
		}
		data, err := inputfile.Read(path)
		if err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(filepath.Join(folder, name), data); err != nil {
			return err
		}
	}
	return merged.Save(filepath.Join(folder, MergedWeights), map[string]string{"format": "pt"}) // which transformers asks for
}
