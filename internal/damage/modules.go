package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/modules"
	"gorgonia.org/tensor"
)

// The entries of a file of weights with its description: how package modules would be given them by a program.
const (
	descriptionEntry = "description"
	namesEntry       = "names"
	shapesEntry      = "shapes" // of the inputs, by their names
)

// moduleFiles are the recorded networks of nn/modules, each a safetensors file with the description in its metadata.
func moduleFiles() ([][]byte, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, "nn", "modules", "testdata")
	data, err := os.ReadFile(filepath.Join(folder, "recorded.json"))
	if err != nil {
		return nil, err
	}
	var descriptions map[string]json.RawMessage
	if err := json.Unmarshal(data, &descriptions); err != nil {
		return nil, err
	}
	list, _, err := graph.ReadSafetensors(filepath.Join(folder, "recorded.safetensors"))
	if err != nil {
		return nil, err
	}
	var writers []func(path string) error
	for _, name := range slices.Sorted(maps.Keys(descriptions)) {
		state := []graph.Named{{Name: "beside", Value: graph.Floats([]float32{1, 2, 3, 4}, 2, 2)}}
		for _, t := range list {
			if local, ok := strings.CutPrefix(t.Name, name+"/state/"); ok {
				state = append(state, graph.Named{Name: local, Value: t.Value})
			}
		}
		shapes := map[string][]int{}
		for _, t := range list {
			if local, ok := strings.CutPrefix(t.Name, name+"/in/"); ok {
				shapes[local] = t.Value.Shape()
			}
		}
		given, err := json.Marshal(shapes)
		if err != nil {
			return nil, err
		}
		writers = append(writers, func(path string) error {
			return graph.WriteSafetensors(path, state, map[string]string{
				descriptionEntry: string(descriptions[name]),
				shapesEntry:      string(given),
				namesEntry:       `{"other": {"from": ["beside", "beside"], "transpose": true, "rows": [0, 1], "blocks": [0], "shape": [4, 1]}}`,
			})
		})
	}
	return made(writers...)
}

// useModules opens a description with the weights beside it, and runs it.
func useModules(path string, _ []byte) error {
	tensors, metadata, err := graph.ReadSafetensors(path)
	if err != nil {
		return err
	}
	names, err := modules.ParseNames([]byte(metadata[namesEntry]))
	if err == nil {
		if renamed, wrong := names.Apply(tensors); wrong == nil {
			tensors = renamed
		}
	}
	n, err := modules.Open([]byte(metadata[descriptionEntry]), tensors)
	if err != nil {
		return err
	}
	p, err := n.Params(1)
	if err != nil {
		return err
	}
	shapes := map[string][]int{}
	if err := json.Unmarshal([]byte(metadata[shapesEntry]), &shapes); err != nil {
		return err
	}
	var in []*tensor.Dense
	for _, port := range n.Inputs() {
		shape, size := shapes[port.Name], 1
		for _, d := range shape {
			if d < 1 || d > largestInput {
				return nil
			}
			if size *= d; size > largestInput {
				return nil
			}
		}
		if port.Ints {
			in = append(in, graph.Ints(make([]int, size), shape...))
		} else {
			in = append(in, graph.Floats(slices.Repeat([]float32{0.5}, size), shape...)) // not zeros, by which one may divide
		}
	}
	_, err = n.Run(p, in...)
	return err
}
