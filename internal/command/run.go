package command

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/framework"
	"github.com/unroll-go/unroll/nn/numpy"
	"gorgonia.org/tensor"
)

func runCommand() *cobra.Command {
	var input, out string
	var force bool
	var o openOptions
	cmd := &cobra.Command{
		Use:   "run FILE --input FILE.npz --out FILE.npz",
		Short: "Run a model of Keras, ONNX or PyTorch on arrays of NumPy",
		Long: `Run a model of another framework on the arrays of an .npz file, which have the
names of the model's inputs; for a model with one input, any name will do. What
it gives is written as an .npz file, by the names of its outputs.

Whole models of Keras 2 and 3 (.keras, .h5) and ONNX models run as they are.
Files of weights alone need --config, which says how they compute: for PyTorch
(.pt, .pth), safetensors and NumPy (.npz) a list of PyTorch's modules in JSON,
as docs/interoperability.md describes it; for HDF5 what Keras's model.to_json()
writes. --names maps the names of a project's own to those of the modules.

--class NAME=FUNCTION runs a layer of a class that is not Keras's own:
squeeze takes an axis of length 1 away, weighted_average averages steps with
learned weights, identity does nothing.`,
		Example: `  unroll run tagger.keras --input x.npz --out y.npz
  unroll run labels.pth --config labels.json --input ids.npz --out y.npz
  unroll run g2p.npz --config g2p.json --names n.json --input x.npz --out y.npz
  unroll run chords.h5 --class SqueezeLayer=squeeze --input x.npz --out y.npz`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if input == "" || out == "" {
				return usage("run needs --input FILE.npz, with the model's inputs, and --out FILE.npz")
			}
			if err := keepInputs("--out", out, args[0], input, o.config, o.names); err != nil {
				return err
			}
			list, err := runFile(args[0], input, o)
			if err != nil {
				return err
			}
			return saveTo(cmd, out, force, func(path string) error { return numpy.Write(path, list) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&input, "input", "", "arrays for the model's inputs, an .npz file")
	f.StringVar(&out, "out", "", "where the model's outputs go, an .npz file")
	f.StringVar(&o.config, "config", "", "what the layers of a file of weights are, a JSON file")
	f.StringVar(&o.names, "names", "", "which tensors are which, a JSON file")
	f.StringVar(&o.state, "state", "", "the state dict to take, of a PyTorch file with several")
	f.StringArrayVar(&o.classes, "class", nil, "what a layer of a class of one's own does: NAME=FUNCTION")
	f.BoolVar(&force, "force", false, "overwrite a file that is there")
	return cmd
}

// runFile runs a model on the arrays of a file.
func runFile(path, input string, o openOptions) ([]graph.Named, error) {
	n, err := openNetwork(path, o)
	if err != nil {
		return nil, err
	}
	arrays, err := numpy.Read(input)
	if err != nil {
		return nil, err
	}
	in, err := arranged(n.wanted(len(arrays)), arrays, input)
	if err != nil {
		return nil, err
	}
	p, err := n.Params(1)
	if err != nil {
		return nil, err
	}
	results, err := n.run(p, in)
	if err != nil {
		return nil, err
	}
	list := make([]graph.Named, len(results))
	for i, r := range results {
		list[i] = graph.Named{Name: n.Out[i].Name, Value: r}
	}
	return list, nil
}

// arranged puts arrays in the order of a model's inputs.
func arranged(ins []framework.Port, arrays []graph.Named, path string) ([]*tensor.Dense, error) {
	wanted, names := make([]string, len(ins)), make([]string, len(arrays))
	for i, p := range ins {
		wanted[i] = p.Text
	}
	for i, a := range arrays {
		names[i] = a.Name
	}
	if len(arrays) != len(ins) {
		return nil, errors.Errorf("%s has the arrays %s; the model wants %s", path, strings.Join(names, ", "), strings.Join(wanted, ", "))
	}
	out := make([]*tensor.Dense, len(ins))
	for i, p := range ins {
		at := slices.Index(names, p.Name)
		if at < 0 && len(ins) == 1 {
			at = 0
		}
		if at < 0 {
			return nil, errors.Errorf("%s has no array %s; it has %s, and the model wants %s",
				path, p.Name, strings.Join(names, ", "), strings.Join(wanted, ", "))
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
func fitting(t *tensor.Dense, p framework.Port) (*tensor.Dense, error) {
	switch isInts := t.Dtype() == tensor.Int; {
	case isInts == p.Ints && t.Dtype() != tensor.Float64:
		return t, nil
	case p.Ints:
		ids := make([]int, t.DataSize())
		for i, v := range floatsOf(t) {
			if ids[i] = int(v); float64(ids[i]) != v {
				return nil, errors.Errorf("element %d is %g; %s wants whole numbers", i, v, p.Text)
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
