// Package framework opens networks of other frameworks that can be run as they are.
package framework

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
)

// Network is a network with what it takes and gives.
type Network struct {
	Builder
	In, Out []Port
}

// Builder is what makes a network's function.
type Builder interface {
	Params(seed uint64) (*graph.Params, error)
	Build(g *graph.Graph, in []graph.Node) []graph.Node
}

// Port is an input or output of a network.
type Port struct {
	Name  string
	Ints  bool   // whole numbers instead of floats
	Bools bool   // floats that say what is true or false
	Shape []int  // -1 for what may vary; nil where the file leaves it open, or it is not known
	Text  string // all of that, for people
}

// Open opens a file of ONNX, or of Keras with its options. The format is that of the file.
func Open(path string, format fileformat.Format, o keras.Options) (*Network, error) {
	switch format {
	case fileformat.ONNX:
		m, err := onnx.Read(path)
		if err != nil {
			return nil, err
		}
		return &Network{m, Ports(m.Inputs(), onnxPort), Ports(m.Outputs(), onnxPort)}, nil
	case fileformat.Keras, fileformat.HDF5:
		m, err := keras.Open(path, o)
		if err != nil {
			return nil, err
		}
		return &Network{m, Ports(m.Inputs(), kerasPort), Ports(m.Outputs(), kerasPort)}, nil
	}
	return nil, errors.Errorf("%s is %v; want a network of ONNX or Keras", path, format)
}

// Ports are those of a list.
func Ports[P any](list []P, one func(P) Port) []Port {
	var out []Port
	for _, p := range list {
		out = append(out, one(p))
	}
	return out
}

func onnxPort(p onnx.Port) Port {
	out := Port{Name: p.Name, Ints: p.Ints, Bools: p.Bools, Text: p.String()}
	for _, d := range p.Dims {
		out.Shape = append(out.Shape, d.Size)
	}
	return out
}

func kerasPort(p keras.Port) Port {
	return Port{Name: p.Name, Ints: p.Ints, Shape: p.Shape, Text: p.String()}
}
