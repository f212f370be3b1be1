package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
)

func exportCommand() *cobra.Command {
	var path string
	var force bool
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write a trained model for ONNX Runtime, Keras or PyTorch",
		Long: `Write a trained model for other frameworks; the ending of the file's name says for which:

  .onnx          the whole model, for ONNX Runtime and wherever else ONNX is read
  .weights.h5    its weights, for load_weights of a Keras 3 model with the same layers
  .safetensors   its weights alone, with PyTorch's names: torch's load_state_dict takes them`,
		Example: `  unroll export model.onnx --model model.safetensors
  unroll export book.weights.h5 --model book.safetensors`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := loadModel(path)
			if err != nil {
				return err
			}
			if _, err := os.Stat(args[0]); err == nil && !force {
				return errors.Errorf("%s exists; choose another name, or --force", args[0])
			}
			if err := m.export(args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "Saved %s\n", args[0])
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", "model.safetensors", "checkpoint of the model")
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

func importCommand() *cobra.Command {
	var path, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put weights from ONNX, Keras or PyTorch into a model",
		Long: `Put the weights of another framework's file into a model of this command, which says what the layers and
the vocabulary are, and save the result as a model of its own. The file is .onnx, .weights.h5 or .safetensors, as
export writes them; every weight of the model must be in it, with its shape.`,
		Example: `  unroll export model.weights.h5 --model model.safetensors     # then train on in Keras, and
  unroll import model.weights.h5 --model model.safetensors --out tuned.safetensors`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := loadModel(path)
			if err != nil {
				return err
			}
			if _, err := os.Stat(out); err == nil && !force {
				return errors.Errorf("%s exists; choose another name, or --force", out)
			}
			if err := m.take(args[0]); err != nil {
				return err
			}
			metadata, err := m.metadata()
			if err != nil {
				return err
			}
			if err := m.params.Save(out, metadata); err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "Saved %s\n", out)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", "model.safetensors", "model whose weights are replaced; the file itself stays")
	f.StringVar(&out, "out", "imported.safetensors", "file to save to")
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

// oneFile refuses any other number of arguments.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("found %d files; want one", len(args))
	}
	return nil
}

const (
	onnxEnding  = ".onnx"
	kerasEnding = ".weights.h5"
	torchEnding = ".safetensors"
)

// export writes the model in the form that the file's name says.
func (m *model) export(path string) error {
	switch {
	case strings.HasSuffix(path, onnxEnding):
		return m.writeONNX(path)
	case strings.HasSuffix(path, kerasEnding):
		return m.keras().Write(m.params, path)
	case strings.HasSuffix(path, torchEnding):
		return m.params.Save(path, nil)
	}
	return unknownEnding(path)
}

// take replaces the model's weights by those of a file.
func (m *model) take(path string) error {
	given := graph.NewParams(m.config.Seed)
	switch {
	case strings.HasSuffix(path, onnxEnding):
		file, err := onnx.Read(path)
		if err != nil {
			return err
		}
		if given, err = file.Params(m.config.Seed); err != nil {
			return err
		}
	case strings.HasSuffix(path, kerasEnding):
		if err := m.keras().Read(given, path); err != nil {
			return err
		}
	case strings.HasSuffix(path, torchEnding):
		if _, err := given.Load(path); err != nil {
			return err
		}
	default:
		return unknownEnding(path)
	}
	for i := range m.params.Len() {
		name := m.params.At(i).Name()
		w := given.Get(name)
		if w == nil {
			return errors.Errorf("%s lacks the weight %s", path, name)
		}
		if err := m.params.Set(name, w.Value()); err != nil {
			return errors.Wrap(err, path)
		}
	}
	return nil
}

func unknownEnding(path string) error {
	return usage("%s: want a name that ends in %s, %s or %s", path, onnxEnding, kerasEnding, torchEnding)
}

// writeONNX writes the model from ids to logits.
func (m *model) writeONNX(path string) error {
	b := onnx.NewBuilder(m.params)
	x, scope := b.Embedding(b.Tokens("ids"), "embedding"), m.config.Cell
	var y onnx.Value
	switch scope {
	case "rnn":
		y = b.RNN(x, scope, onnx.Layers{}).Y
	case "lstm":
		y = b.LSTM(x, scope, onnx.Layers{}).Y
	default:
		y = b.GRU(x, scope, onnx.Layers{}).Y
	}
	b.Output("logits", b.Dense(y, "head"))
	return b.Write(path)
}

// keras says which layers of a Keras model, built in this order, the weights belong to.
func (m *model) keras() keras.Model {
	kind := map[string]keras.Kind{"rnn": keras.SimpleRNN, "lstm": keras.LSTM, "gru": keras.GRU}[m.config.Cell]
	path := map[string]string{"rnn": "simple_rnn", "lstm": "lstm", "gru": "gru"}[m.config.Cell]
	out := keras.Model{{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"}}
	for i := range m.config.Layers {
		name := "layers/" + path
		if i > 0 {
			name += fmt.Sprint("_", i)
		}
		out = append(out, keras.Layer{Path: name, Kind: kind, Scope: m.config.Cell, Index: i})
	}
	return append(out, keras.Layer{Path: "layers/dense", Kind: keras.Dense, Scope: "head"})
}
