package command

import (
	"maps"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/modules"
	"github.com/unroll-go/unroll/nn/onnx"
	"gorgonia.org/tensor"
)

// network is a model of another framework that can be run as it is.
type network struct {
	builder
	in, out   []port
	run       func(p *graph.Params, in []*tensor.Dense) ([]*tensor.Dense, error)
	generates bool // it makes what its last input wants, unless that is given
}

// builder is what makes a network's function.
type builder interface {
	Params(seed uint64) (*graph.Params, error)
	Build(g *graph.Graph, in []graph.Node) []graph.Node
}

// port is an input or output of a network.
type port struct {
	name string
	ints bool
	text string // with its shape
}

// wanted are the inputs to give where there are so many arrays.
func (n *network) wanted(arrays int) []port {
	if n.generates && arrays == len(n.in)-1 {
		return n.in[:arrays]
	}
	return n.in
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
		return openKerasNetwork(path, o)
	case fileformat.ONNX:
		if err := o.refuse("an ONNX model, which says all", "--config", "--names", "--state", "--class"); err != nil {
			return nil, err
		}
		m, err := onnx.Read(path)
		if err != nil {
			return nil, err
		}
		return plainNetwork(m, portsOf(m.Inputs(), func(p onnx.Port) port { return port{p.Name, p.Ints, p.String()} }),
			portsOf(m.Outputs(), func(p onnx.Port) port { return port{p.Name, p.Ints, p.String()} })), nil
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

func portsOf[P any](list []P, one func(P) port) []port {
	var out []port
	for _, p := range list {
		out = append(out, one(p))
	}
	return out
}

// plainNetwork is one whose results are those of its graph.
func plainNetwork(b builder, in, out []port) *network {
	return &network{builder: b, in: in, out: out, run: func(p *graph.Params, in []*tensor.Dense) ([]*tensor.Dense, error) {
		return graph.NewFunc(p, b.Build).Run(in...)
	}}
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

func openKerasNetwork(path string, o openOptions) (*network, error) {
	options, err := o.kerasOptions()
	if err != nil {
		return nil, err
	}
	if whole, err := keras.IsModel(path); err == nil && !whole && o.config == "" {
		return nil, errors.Errorf("%s holds weights alone, and does not say how they compute: "+
			"--config FILE.json does, as Keras's model.to_json() writes it", path)
	}
	m, err := keras.Open(path, options)
	if err != nil {
		return nil, err
	}
	one := func(p keras.Port) port { return port{p.Name, p.Ints, p.String()} }
	return plainNetwork(m, portsOf(m.Inputs(), one), portsOf(m.Outputs(), one)), nil
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
	one := func(p modules.Port) port { return port{p.Name, p.Ints, p.String()} }
	return &network{builder: m, in: portsOf(m.Inputs(), one), out: portsOf(m.Outputs(), one), generates: m.Generates(),
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
