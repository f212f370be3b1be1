package main

import (
	"archive/zip"
	"bytes"
	"io"
	"math/rand/v2"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/torch"
)

// useTorch reads a file, takes its weights, loads them and writes them.
func useTorch(path string, _ []byte) error {
	f, err := torch.Read(path)
	if err != nil {
		return err
	}
	for _, state := range f.States {
		if _, err := f.State(state); err != nil {
			return err
		}
	}
	_, weights := f.Weights()
	_, _ = torch.Load(graph.NewParams(1), path)
	return torch.Write(path+".out", weights)
}

// useNumPy reads a file and writes its arrays.
func useNumPy(path string, _ []byte) error {
	list, err := numpy.Read(path)
	if err != nil {
		return err
	}
	return numpy.Write(path+".out", list)
}

// editPickle damages the pickle in an archive of PyTorch, and keeps the archive right.
func editPickle(rng *rand.Rand, data []byte) []byte { return editEntry(rng, data, "data.pkl") }

// editArray damages an array in an archive of NumPy, and keeps the archive right.
func editArray(rng *rand.Rand, data []byte) []byte { return editEntry(rng, data, "") }

// editEntry damages the first file of an archive whose name ends so, or any one, and packs the archive again. What is no
// archive stays as it is.
func editEntry(rng *rand.Rand, data []byte, ending string) []byte {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || len(z.File) == 0 {
		return data
	}
	chosen := rng.IntN(len(z.File))
	for i, f := range z.File {
		if ending != "" && strings.HasSuffix(f.Name, ending) {
			chosen = i
		}
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for i, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return data
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			return data
		}
		if i == chosen && len(raw) > 0 {
			for k := rng.IntN(3); k >= 0 && len(raw) > 0; k-- {
				raw = mutations[rng.IntN(len(mutations))](rng, raw, [][]byte{raw})
			}
		}
		entry, err := w.CreateHeader(&zip.FileHeader{Name: f.Name, Method: f.Method})
		if err == nil {
			_, err = entry.Write(raw)
		}
		if err != nil {
			return data
		}
	}
	if w.Close() != nil {
		return data
	}
	return out.Bytes()
}
