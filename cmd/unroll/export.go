package main

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/nn/onnx"
)

func exportCommand() *cobra.Command {
	var path, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write a trained model for ONNX Runtime, Keras or PyTorch",
		Long: `Write a trained model for other frameworks; the ending of the --out file's name
says for which:

  .onnx         the whole model, for ONNX Runtime and wherever else ONNX is
                read; language models only
  .weights.h5   its weights, for load_weights of a Keras 3 model with the same
                layers; not those of a classifier with --pool attention
  .safetensors  its weights, with PyTorch's names, for load_state_dict of a
                module with these parts:
                  language model: embedding (nn.Embedding),
                  rnn, lstm or gru (nn.RNN, nn.LSTM, nn.GRU), head (nn.Linear)
                  classifier: embedding, rnn (of any of the three kinds, with
                  bidirectional=True unless trained --one-way), head, and with
                  --pool attention also pool: weight, bias, query`,
		Example: `  unroll export --model book.safetensors --out book.onnx
  unroll export --model reviews.safetensors --out reviews.weights.h5
  unroll export --out weights.safetensors`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unexpected argument %q; --model FILE says what to read, --out FILE what to write", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if formatOf(out) == "" {
				return unknownEnding("--out", out)
			}
			m, err := loadAny(path)
			if err != nil {
				return err
			}
			return saveTo(cmd, out, force, m.export)
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", firstName, "checkpoint of the model")
	f.StringVar(&out, "out", "", "file to write, .onnx, .weights.h5 or .safetensors")
	f.BoolVar(&force, "force", false, "overwrite an existing file")
	return cmd
}

func importCommand() *cobra.Command {
	var path, out string
	var force bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Put weights from ONNX, Keras or PyTorch into a model",
		Long: `Put the weights of another framework's file into a model of this command, which
says what the layers and the vocabulary are, and save the result as a model of
its own. The file is .onnx, .weights.h5 or .safetensors, as export writes them;
every weight of the model must be in it, with its shape. To train on from the
result: unroll train --init-from.`,
		Example: `  unroll export --out model.weights.h5
  unroll import model.weights.h5 --out tuned.safetensors
  unroll train --init-from tuned.safetensors --text book.txt`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if formatOf(args[0]) == "" {
				return unknownEnding("FILE", args[0])
			}
			m, err := loadAny(path)
			if err != nil {
				return err
			}
			if err := m.take(args[0]); err != nil {
				return err
			}
			metadata, err := m.metadata()
			if err != nil {
				return err
			}
			return saveTo(cmd, out, force, func(out string) error { return m.params().Save(out, metadata) })
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "model", firstName, "model whose weights are replaced; the file itself stays")
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

// formatOf is the ending of a name that says which framework a file is for; empty if none.
func formatOf(path string) string {
	for _, ending := range []string{onnxEnding, kerasEnding, torchEnding} {
		if strings.HasSuffix(path, ending) {
			return ending
		}
	}
	return ""
}

func unknownEnding(flag, path string) error {
	return usage("%s %q; want a name that ends in %s, %s or %s", flag, path, onnxEnding, kerasEnding, torchEnding)
}

// export writes the model in the form that the file's name says.
func (m anyModel) export(path string) error {
	switch formatOf(path) {
	case onnxEnding:
		if m.language == nil {
			return errors.Errorf("%s: a classifier cannot be written as ONNX; its weights can, as %s or %s", path, torchEnding, kerasEnding)
		}
		return m.language.writeONNX(path)
	case kerasEnding:
		layers, err := m.keras()
		if err != nil {
			return err
		}
		return layers.Write(m.params(), path)
	}
	return m.params().Save(path, nil)
}

// take replaces the model's weights by those of a file.
func (m anyModel) take(path string) error {
	own := m.params()
	given := graph.NewParams(1) // draws nothing: it takes all from the file
	switch formatOf(path) {
	case onnxEnding:
		file, err := onnx.Read(path)
		if err != nil {
			return err
		}
		if given, err = file.Params(1); err != nil {
			return err
		}
	case kerasEnding:
		layers, err := m.keras()
		if err != nil {
			return err
		}
		if err := layers.Read(given, path); err != nil {
			return err
		}
	default:
		if _, err := given.Load(path); err != nil {
			return err
		}
	}
	for i := range own.Len() {
		name := own.At(i).Name()
		w := given.Get(name)
		if w == nil {
			return errors.Errorf("%s lacks the weight %s", path, name)
		}
		if err := own.Set(name, w.Value()); err != nil {
			return errors.Wrap(err, path)
		}
	}
	return nil
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
func (m anyModel) keras() (keras.Model, error) {
	if m.language != nil {
		c := m.language.config
		return kerasLayers(c, c.Cell, false), nil
	}
	c := m.classifier.config
	if c.Pool == "attention" {
		return nil, errors.Errorf("Keras has no layer like --pool attention; %s takes all weights", torchEnding)
	}
	return kerasLayers(c.config, "rnn", !c.OneWay), nil
}

func kerasLayers(c config, scope string, bothWays bool) keras.Model {
	kind := map[string]keras.Kind{"rnn": keras.SimpleRNN, "lstm": keras.LSTM, "gru": keras.GRU}[c.Cell]
	path := map[string]string{"rnn": "simple_rnn", "lstm": "lstm", "gru": "gru"}[c.Cell]
	if bothWays {
		path = "bidirectional"
	}
	out := keras.Model{{Path: "layers/embedding", Kind: keras.Embedding, Scope: "embedding"}}
	for i := range c.Layers {
		name := "layers/" + path
		if i > 0 {
			name += fmt.Sprint("_", i)
		}
		out = append(out, keras.Layer{Path: name, Kind: kind, Scope: scope, Index: i, Bidirectional: bothWays})
	}
	return append(out, keras.Layer{Path: "layers/dense", Kind: keras.Dense, Scope: "head"})
}
