package main

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/numpy"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// network is a model of another framework that can be run as it is.
type network interface {
	Params(seed uint64) (*graph.Params, error)
	Build(g *graph.Graph, in []graph.Node) []graph.Node
}

// port is an input or output of a network.
type port struct {
	name string
	ints bool
	text string // with its shape
}

func runCommand() *cobra.Command {
	var input, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "run FILE --input FILE.npz --out FILE.npz",
		Short: "Run a Keras or ONNX model on arrays of NumPy",
		Long: `Run a whole model of Keras 2 or 3 (.keras, .h5) or an ONNX model on the arrays
of an .npz file, which have the names of the model's inputs; for a model with
one input, any name will do. What it gives is written as an .npz file, by the
names of its outputs. unroll inspect shows the names and shapes of a Keras
model's inputs.`,
		Example: `  unroll inspect tagger.keras
  unroll run tagger.keras --input x.npz --out y.npz`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if input == "" || out == "" {
				return usage("run needs --input FILE.npz, with the model's inputs, and --out FILE.npz")
			}
			if err := keepInputs("--out", out, args[0], input); err != nil {
				return err
			}
			list, err := runFile(args[0], input)
			if err != nil {
				return err
			}
			return saveTo(cmd, out, force, func(path string) error { return numpy.Write(path, list) })
		},
	}
	cmd.Flags().StringVar(&input, "input", "", "arrays for the model's inputs, an .npz file")
	cmd.Flags().StringVar(&out, "out", "", "where the model's outputs go, an .npz file")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite a file that is there")
	return cmd
}

// runFile runs a model on the arrays of a file.
func runFile(path, input string) ([]graph.Named, error) {
	n, ins, outs, err := openNetwork(path)
	if err != nil {
		return nil, err
	}
	arrays, err := numpy.Read(input)
	if err != nil {
		return nil, err
	}
	in, err := arranged(ins, arrays, input)
	if err != nil {
		return nil, err
	}
	p, err := n.Params(1)
	if err != nil {
		return nil, err
	}
	results, err := graph.NewFunc(p, n.Build).Run(in...)
	if err != nil {
		return nil, err
	}
	list := make([]graph.Named, len(results))
	for i, r := range results {
		list[i] = graph.Named{Name: outs[i].name, Value: r}
	}
	return list, nil
}

// openNetwork opens a model by the format of its file.
func openNetwork(path string) (n network, in, out []port, err error) {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return nil, nil, nil, err
	}
	switch format {
	case fileformat.Keras, fileformat.HDF5:
		m, err := keras.Open(path, keras.Options{})
		if err != nil {
			return nil, nil, nil, err
		}
		return m, kerasPorts(m.Inputs()), kerasPorts(m.Outputs()), nil
	case fileformat.ONNX:
		m, err := onnx.Read(path)
		if err != nil {
			return nil, nil, nil, err
		}
		return m, onnxPorts(m.Inputs()), onnxPorts(m.Outputs()), nil
	}
	return nil, nil, nil, errors.Errorf("%s is %v; run wants a model of Keras or ONNX, which says how it computes", path, format)
}

func kerasPorts(list []keras.Port) []port {
	out := make([]port, len(list))
	for i, p := range list {
		out[i] = port{p.Name, p.Ints, p.String()}
	}
	return out
}

func onnxPorts(list []onnx.Port) []port {
	out := make([]port, len(list))
	for i, p := range list {
		out[i] = port{p.Name, p.Ints, p.String()}
	}
	return out
}

// arranged puts arrays in the order of a model's inputs.
func arranged(ins []port, arrays []graph.Named, path string) ([]*tensor.Dense, error) {
	wanted, names := make([]string, len(ins)), make([]string, len(arrays))
	for i, p := range ins {
		wanted[i] = p.text
	}
	for i, a := range arrays {
		names[i] = a.Name
	}
	if len(arrays) != len(ins) {
		return nil, errors.Errorf("%s has the arrays %s; the model wants %s", path, strings.Join(names, ", "), strings.Join(wanted, ", "))
	}
	out := make([]*tensor.Dense, len(ins))
	for i, p := range ins {
		at := slices.Index(names, p.name)
		if at < 0 && len(ins) == 1 {
			at = 0
		}
		if at < 0 {
			return nil, errors.Errorf("%s has no array %s; it has %s, and the model wants %s",
				path, p.name, strings.Join(names, ", "), strings.Join(wanted, ", "))
		}
		v, err := fitting(arrays[at].Value, p)
		if err != nil {
			return nil, errors.Wrapf(err, "%s: %s", path, names[at])
		}
		out[i] = v
	}
	return out, nil
}

// fitting turns whole numbers into floats and floats that are whole into ids, as the input wants them.
func fitting(t *tensor.Dense, p port) (*tensor.Dense, error) {
	switch isInts := t.Dtype() == tensor.Int; {
	case isInts == p.ints && t.Dtype() != tensor.Float64:
		return t, nil
	case p.ints:
		ids := make([]int, t.DataSize())
		for i, v := range floatsOf(t) {
			if ids[i] = int(v); float64(ids[i]) != v {
				return nil, errors.Errorf("element %d is %g; %s wants whole numbers", i, v, p.text)
			}
		}
		return graph.Ints(ids, t.Shape()...), nil
	}
	floats := make([]float32, t.DataSize())
	for i, v := range floatsOf(t) {
		floats[i] = float32(v)
	}
	return graph.Floats(floats, t.Shape()...), nil
}
