package command

import (
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/framework"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/modules"
	"gorgonia.org/tensor"
)

// network is a model of another framework that can be run as it is.
type network struct {
	framework.Network
	run       func(p *graph.Params, in []*tensor.Dense) ([]*tensor.Dense, error)
	generates bool // it makes what its last input wants, unless that is given
}

// wanted are the inputs to give where there are so many arrays.
func (n *network) wanted(arrays int) []framework.Port {
	if n.generates && arrays == len(n.In)-1 {
		return n.In[:arrays]
	}
	return n.In
}

// openOptions say what a file does not.
type openOptions struct {
	config, names string // files
	state         string
	classes       []string
}

// openNetwork opens a model by the format of its file.
func openNetwork(path string, o openOptions) (*network, error) {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return nil, err
	}
	switch format {
	case fileformat.Keras, fileformat.HDF5:
		return openKerasNetwork(path, format, o)
	case fileformat.ONNX:
		if err := o.refuse("an ONNX model, which says all", "--config", "--names", "--state", "--class"); err != nil {
			return nil, err
		}
		return plainNetwork(path, format, keras.Options{})
	}
	return openWeights(path, o)
}

// refuse refuses flags that have no meaning for a file.
func (o openOptions) refuse(what string, flags ...string) error {
	given := map[string]bool{"--config": o.config != "", "--names": o.names != "", "--state": o.state != "", "--class": o.classes != nil}
	for _, f := range flags {
		if given[f] {
			return usage("%s has no meaning for %s", f, what)
		}
	}
	return nil
}

// plainNetwork is one whose results are those of its graph.
func plainNetwork(path string, format fileformat.Format, o keras.Options) (*network, error) {
	n, err := framework.Open(path, format, o)
	if err != nil {
		return nil, err
	}
	return &network{Network: *n, run: func(p *graph.Params, in []*tensor.Dense) ([]*tensor.Dense, error) {
		return graph.NewFunc(p, n.Build).Run(in...)
	}}, nil
}

// kerasFunctions are what --class may name.
var kerasFunctions = map[string]keras.Function{
	"squeeze": keras.Squeeze, "weighted_average": keras.WeightedAverage,
	"identity": func(g *graph.Graph, _ map[string]any, _ []string, in []graph.Node) graph.Node {
		if len(in) != 1 {
			return g.Failf("identity", "%d inputs; want one", len(in))
		}
		return in[0]
	},
}

// kerasOptions are the options of a Keras file.
func (o openOptions) kerasOptions() (keras.Options, error) {
	out := keras.Options{Classes: map[string]keras.Function{}}
	if err := o.refuse("a file of Keras", "--names", "--state"); err != nil {
		return out, err
	}
	for _, c := range o.classes {
		name, function, ok := strings.Cut(c, "=")
		f, known := kerasFunctions[function]
		if !ok || !known || name == "" {
			return out, usage("--class %q; want NAME=FUNCTION, where the function is %s", c, oneOf(slices.Sorted(maps.Keys(kerasFunctions))))
		}
		out.Classes[name] = f
	}
	if o.config != "" {
		data, err := inputfile.Read(o.config)
		if err != nil {
			return out, errors.Wrap(err, "--config")
		}
		out.Config = string(data)
	}
	return out, nil
}

func openKerasNetwork(path string, format fileformat.Format, o openOptions) (*network, error) {
	options, err := o.kerasOptions()
	if err != nil {
		return nil, err
	}
	if whole, err := keras.IsModel(path); err == nil && !whole && o.config == "" {
		return nil, errors.Errorf("%s holds weights alone, and does not say how they compute: "+
			"--config FILE.json does, as Keras's model.to_json() writes it", path)
	}
	return plainNetwork(path, format, options)
}

// openWeights opens a file of weights with the description that --config names.
func openWeights(path string, o openOptions) (*network, error) {
	in, err := open(path)
	if err != nil {
		return nil, err
	}
	if err := o.refuse("a file of weights", "--class"); err != nil {
		return nil, err
	}
	if o.config == "" {
		return nil, errors.Errorf("%s is %s, and does not say how its weights compute: --config FILE.json does, "+
			"a list of PyTorch's modules", path, in.kind)
	}
	tensors, err := in.state(o.state, path)
	if err != nil {
		return nil, err
	}
	if tensors, err = mapped(tensors, o.names); err != nil {
		return nil, err
	}
	data, err := inputfile.Read(o.config)
	if err != nil {
		return nil, errors.Wrap(err, "--config")
	}
	m, err := modules.Open(data, tensors)
	if err != nil {
		return nil, errors.Wrapf(err, "--config %s", o.config)
	}
	one := func(p modules.Port) framework.Port {
		return framework.Port{Name: p.Name, Ints: p.Ints, Text: p.String()}
	}
	n := framework.Network{Builder: m, In: framework.Ports(m.Inputs(), one), Out: framework.Ports(m.Outputs(), one)}
	return &network{Network: n, generates: m.Generates(),
		run: func(p *graph.Params, in []*tensor.Dense) ([]*tensor.Dense, error) { return m.Run(p, in...) }}, nil
}

// state are the tensors of the one state dict, or of the one that is named.
func (in *opened) state(name, path string) ([]graph.Named, error) {
	if name == "" && len(in.states) == 1 {
		name = in.states[0]
	}
	if name == "" {
		return in.tensors, nil
	}
	var out []graph.Named
	for _, t := range in.tensors {
		if local, ok := strings.CutPrefix(t.Name, name+"."); ok {
			out = append(out, graph.Named{Name: local, Value: t.Value})
		}
	}
	if out == nil {
		return nil, errors.Errorf("%s has no tensors below %q (--state)", path, name)
	}
	return out, nil
}

// mapped gives tensors the names that a file says.
func mapped(tensors []graph.Named, path string) ([]graph.Named, error) {
	if path == "" {
		return tensors, nil
	}
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "--names")
	}
	names, err := modules.ParseNames(data)
	if err != nil {
		return nil, errors.Wrapf(err, "--names %s", path)
	}
	out, err := names.Apply(tensors)
	return out, errors.Wrapf(err, "--names %s", path)
}
