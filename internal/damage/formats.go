package main

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// What reading a file and using it may allocate in all, garbage included, is a fixed amount and a multiple of its size.
// An ONNX model is a program, whose values may take what nn/onnx allows every model: twice 64 MiB, in the graph and
// again when it runs.
var (
	ofFiles    = allowance{fixed: 8 << 20, perByte: 300}
	ofPrograms = allowance{fixed: 256 << 20, perByte: 1000}
	ofArchives = allowance{fixed: 32 << 20, perByte: 300} // an archive may unpack to 16 MiB, whatever its size
)

type allowance struct{ fixed, perByte int64 }

// formats are all that the library reads.
var formats = []format{
	{name: "onnx", files: testdata("nn/onnx/testdata/*/*.onnx"), edit: editMessage, use: useONNX, memory: ofPrograms},
	{name: "keras model", files: kerasModelFiles, use: useKerasModel, memory: ofPrograms},
	{name: "modules", files: moduleFiles, edit: editHeader, use: useModules, memory: ofPrograms},
	{name: "keras", files: kerasFiles, use: useKeras, memory: ofFiles},
	{name: "safetensors", files: safetensors, edit: editHeader, use: useSafetensors, memory: ofFiles},
	{name: "torch", files: testdata("nn/torch/testdata/[^r]*.pt"), edit: editPickle, use: useTorch, memory: ofArchives},
	{name: "numpy", files: testdata("nn/numpy/testdata/[^r]*.npz", "nn/numpy/testdata/*.npy"), edit: editArray,
		use: useNumPy, memory: ofArchives},
	{name: "checkpoint", files: checkpoints, edit: editHeader, use: useCheckpoint, memory: ofFiles},
	{name: "tokenizer", files: tokenizers, use: useTokenizer, memory: ofFiles},
	{name: "vocabulary", files: vocabularies, use: useVocabulary, memory: ofFiles},
	{name: "ids", files: idFiles, use: useIDs, memory: ofFiles},
	{name: "csv", files: inline(tables...), use: useCSV, memory: ofFiles},
	{name: "tsv", files: inline(tabbed...), use: useTSV, memory: ofFiles},
	{name: "jsonl", files: inline(objects...), use: useJSONL, memory: ofFiles},
	{name: "conllu", files: inline(trees...), use: useCoNLLU, memory: ofFiles},
	{name: "conll", files: inline(columns...), use: useCoNLL, memory: ofFiles},
	{name: "text", files: inline(texts...), use: useText, memory: ofFiles},
	{name: "idx", files: inline(arrays...), use: useIDX, memory: ofFiles},
}

// inline are files that are written in this program.
func inline(files ...string) func() ([][]byte, error) {
	return func() ([][]byte, error) {
		var out [][]byte
		for _, s := range files {
			out = append(out, []byte(s))
		}
		return out, nil
	}
}

// testdata are the files of the repository that patterns match.
func testdata(patterns ...string) func() ([][]byte, error) {
	return func() ([][]byte, error) {
		root, err := repository()
		if err != nil {
			return nil, err
		}
		var out [][]byte
		for _, p := range patterns {
			paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(p)))
			if err != nil || len(paths) == 0 {
				return nil, errors.Errorf("no files %s", p)
			}
			for _, path := range paths {
				data, err := os.ReadFile(path)
				if err != nil {
					return nil, err
				}
				out = append(out, data)
			}
		}
		return out, nil
	}
}

// repository is the folder with go.mod, this one or one above it.
func repository() (string, error) {
	at, err := os.Getwd()
	for ; err == nil; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", errors.New("run this in the repository")
		}
	}
	return "", err
}

// made are files that a function writes to a path.
func made(writers ...func(path string) error) ([][]byte, error) {
	folder, err := os.MkdirTemp("", "damage")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	var out [][]byte
	for _, w := range writers {
		path := filepath.Join(folder, "file")
		if err := w(path); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}
