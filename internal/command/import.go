package command

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/internal/fileformat"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/recurrent/models"
	"gorgonia.org/tensor"
)

// importing is what a call of import is told.
type importing struct {
	model, out                           string
	as, vocabulary, tokens, labels, pool string
	names, state                         string
	force                                bool
}

func importCommand() *cobra.Command {
	var i importing
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a model of a file of PyTorch, Keras, NumPy or ONNX",
		Long: `Make a model of this command of another framework's file, to use and train on:
an embedding, or rows of numbers; recurrent layers of one cell, rnn, lstm or
gru, and one width; and a head, with a CRF or without. It becomes a language
model, a classifier, a tagger or a model of sequences, by the shapes of its
layers; what is guessed is said, and --as says otherwise. A model of anything
else is refused, with the names of all tensors that have no place.

What rows of the embedding are, --vocabulary tells: a file with a JSON object
of numbers by token, a JSON list, or a token a line; where a file of PyTorch
has such an object beside its tensors, it is found. --labels tells the labels
of the head's rows, divided by commas; without, they are numbers. A model of
Keras or ONNX is run on a few inputs, and what was made of it must compute
the same.

With --model, the weights are put into that model instead, which says what the
layers and the vocabulary are; the file is of a kind that export writes, or any
of PyTorch, and every weight of the model must be in it, with its shape.

To train on from the result: unroll train --from. To run a file as it is:
unroll run.`,
		Example: `  unroll import tagger.pt --out tagger.safetensors
  unroll import names.h5 --vocabulary letters.json --labels no,yes
  unroll import model.weights.h5 --model book.safetensors`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error { return i.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.StringVar(&i.model, modelFlag, "", "model whose weights are replaced; the file itself stays")
	f.StringVar(&i.as, "as", "", "language, classifier, tagger or sequences, instead of what it looks like")
	f.StringVar(&i.vocabulary, "vocabulary", "", "what the rows of the embedding are, a file")
	f.StringVar(&i.tokens, "tokens", "", "character or word, instead of what the vocabulary looks like")
	f.StringVar(&i.labels, "labels", "", "labels of the head's rows, divided by commas")
	f.StringVar(&i.pool, "pool", "", "what is made of all steps: "+oneOf(models.Poolings())+"; last unless set")
	f.StringVar(&i.names, "names", "", "which tensors are which, a JSON file")
	f.StringVar(&i.state, "state", "", "the state dict to take, of a PyTorch file with several")
	f.StringVar(&i.out, "out", "imported.safetensors", "file to save to")
	f.BoolVar(&i.force, "force", false, "overwrite an existing file")
	return cmd
}

func (i *importing) run(cmd *cobra.Command, path string) error {
	var m models.Model
	var err error
	if i.model != "" {
		m, err = i.into(path)
	} else {
		m, err = i.made(cmd.ErrOrStderr(), path)
	}
	if err != nil {
		return err
	}
	inputs := []string{path, i.model, i.vocabulary, i.names}
	return saveBeside(cmd, "--out", []string{i.out}, inputs, i.force, func() error { return m.Save(i.out) })
}

// into puts the weights into a model that is there.
func (i *importing) into(path string) (models.Model, error) {
	for flag, value := range map[string]string{"as": i.as, "vocabulary": i.vocabulary, "tokens": i.tokens, "labels": i.labels, "pool": i.pool,
		"names": i.names, "state": i.state} {
		if value != "" {
			return nil, usage("--%s has no meaning with --model, which says what the layers are", flag)
		}
	}
	m, err := load(i.model)
	if err != nil {
		return nil, err
	}
	return m, m.Import(path)
}

// kindsByName are the values of --as.
var kindsByName = []struct {
	name string
	kind models.Kind
}{
	{"language", models.KindLanguage}, {"classifier", models.KindClassifier},
	{"tagger", models.KindTagger}, {"sequences", models.KindSequence},
}

// made makes a model of a file.
func (i *importing) made(w io.Writer, path string) (models.Model, error) {
	in, err := open(path)
	if err != nil {
		return nil, err
	}
	if len(in.names) > 0 {
		return nil, errors.Errorf("%s: %s", path, strings.Join(append([]string{in.kind}, in.notes...), ": "))
	}
	tensors, err := in.state(i.state, path)
	if err != nil {
		return nil, err
	}
	if tensors, err = mapped(tensors, i.names); err != nil {
		return nil, err
	}
	f, err := models.Recognize(tensors, in.values)
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	if err := i.overrule(f); err != nil {
		return nil, err
	}
	m, err := f.Model()
	if err != nil {
		if f.Kind != models.KindSequence && f.Vocabulary == nil {
			return nil, errors.Errorf("%s: %v (--vocabulary FILE)", path, err)
		}
		return nil, errors.Wrap(err, path)
	}
	tell(w, "Found", "%v", f)
	tell(w, "Model", "%v%s", m.Kind(), map[bool]string{true: ", as it looks (another: --as)"}[i.as == ""])
	return m, i.compare(w, path, f, m)
}

// overrule sets what was told.
func (i *importing) overrule(f *models.Foreign) error {
	if i.as != "" {
		var names []string
		found := false
		for _, k := range kindsByName {
			names = append(names, k.name)
			if k.name == i.as {
				f.Kind, found = k.kind, true
			}
		}
		if !found {
			return usage("--as %q; want %s", i.as, oneOf(names))
		}
	}
	if i.vocabulary != "" {
		list, err := readVocabulary(i.vocabulary)
		if err != nil {
			return err
		}
		f.Vocabulary = list
	}
	if i.labels != "" {
		f.Labels = strings.Split(i.labels, ",")
	}
	f.Tokens, f.Pool = i.tokens, i.pool
	return nil
}

// readVocabulary reads tokens in the order of their numbers: a JSON object of numbers by token, a list, or a token a line.
func readVocabulary(path string) ([]string, error) {
	data, err := inputfile.Read(path)
	if err != nil {
		return nil, errors.Wrap(err, "--vocabulary")
	}
	var list []string
	if json.Unmarshal(data, &list) == nil {
		return list, nil
	}
	var ids map[string]int
	if json.Unmarshal(data, &ids) != nil {
		return strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n"), nil
	}
	const most = 1 << 24
	for token, id := range ids {
		if id < 0 || id > most {
			return nil, errors.Errorf("--vocabulary %s: the token %q has the number %d", path, token, id)
		}
		for len(list) <= id {
			list = append(list, "")
		}
		list[id] = token
	}
	for id, token := range list {
		if token == "" {
			list[id] = fmt.Sprintf("<unused %d>", id)
		}
	}
	return list, nil
}

// compare runs the file's own network, if it says how it computes, and the model on the same inputs.
func (i *importing) compare(w io.Writer, path string, f *models.Foreign, m models.Model) error {
	format, err := fileformat.OfFile(path)
	if err != nil {
		return err
	}
	if format != fileformat.Keras && format != fileformat.HDF5 && format != fileformat.ONNX {
		tell(w, "Note", "the file does not say how its layers compute; PyTorch's defaults are taken")
		return nil
	}
	n, err := openNetwork(path, openOptions{})
	if err != nil {
		return err
	}
	if len(n.In) != 1 {
		return errors.Errorf("%s has %d inputs; a model that is made of a file has one", path, len(n.In))
	}
	p, err := n.Params(1)
	if err != nil {
		return err
	}
	theirs := func(in *tensor.Dense) (*tensor.Dense, error) {
		out, err := n.run(p, []*tensor.Dense{in})
		if err != nil {
			return nil, err
		}
		return out[0], nil
	}
	difference, err := f.Difference(m, theirs)
	if format == fileformat.ONNX && (err != nil || !(difference < sameResult)) { // PyTorch's modules have the time first, unless told
		if d, wrong := f.Difference(m, timeFirst(theirs)); wrong == nil {
			difference, err = d, nil
		}
	}
	if err != nil {
		return errors.Wrap(err, path)
	}
	if !(difference < sameResult) {
		return errors.Errorf("%s computes something else than the %v that was made of it, by %.2g of the largest value: "+
			"its layers have other activations, a mask, or layers between them; unroll run runs it as it is", path, m.Kind(), difference)
	}
	tell(w, "Checked", "it computes what the file's network computes, to %.1g", math.Max(difference, 1e-7))
	return nil
}

// sameResult is the largest difference, as a share of the largest value, between results that count as equal.
const sameResult = 1e-4

// timeFirst is a function of inputs [T, B, ...] as one of inputs [B, T, ...], as far as it has steps.
func timeFirst(f func(*tensor.Dense) (*tensor.Dense, error)) func(*tensor.Dense) (*tensor.Dense, error) {
	turned := func(t *tensor.Dense) (*tensor.Dense, error) {
		axes := []int{1, 0, 2}[:t.Dims()]
		out, ok := t.Clone().(*tensor.Dense)
		if !ok {
			return nil, errors.New("a tensor that cannot be copied")
		}
		if err := out.T(axes...); err != nil {
			return nil, err
		}
		return out, out.Transpose()
	}
	return func(in *tensor.Dense) (*tensor.Dense, error) {
		there, err := turned(in)
		if err != nil {
			return nil, err
		}
		out, err := f(there)
		if err != nil || out.Dims() != 3 {
			return out, err
		}
		return turned(out)
	}
}
