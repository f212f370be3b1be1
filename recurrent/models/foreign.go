package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Foreign is a network of another framework of which a model of this package can be made: an embedding or rows of numbers,
// recurrent layers of one cell and one width, and a head. Recognize fills it by the names and shapes of tensors; whatever it
// guessed may be set to something else before Model.
type Foreign struct {
	// Kind is the kind of the model: KindTagger where there is a CRF, KindLanguage where the head has as many rows as the
	// embedding, KindClassifier where it has others, and KindSequence without an embedding.
	Kind Kind
	// Vocabulary are the tokens of the embedding's rows. A language model, a classifier and a tagger need them.
	Vocabulary []string
	Tokens     string   // of a language model or classifier: datasets.Character or Word; empty for what the vocabulary looks like
	Labels     []string // of the head's rows, or of a head with one row no and yes; nil for their numbers
	Pool       string   // of a classifier or SequenceModel, one of Poolings: "last" unless set
	Columns    []string // of a SequenceModel, the names of its features; nil for their numbers

	shape  foreignShape
	layers []foreignLayer
	embed  *tensor.Dense // [V, E]; nil for rows of numbers
	head   *tensor.Dense // [C, D·H]
	bias   *tensor.Dense // [C]; nil for none
	chain  map[string]*tensor.Dense
}

// foreignShape is what the recurrent layers have in common.
type foreignShape struct {
	cell          string
	hidden, input int
	both          bool
}

// like tells whether layers of both shapes may follow each other.
func (s foreignShape) like(t foreignShape) bool {
	return s.cell == t.cell && s.hidden == t.hidden && s.both == t.both
}

// foreignLayer is one recurrent layer: the tensors of its directions by their names without suffix.
type foreignLayer []map[string]*tensor.Dense

// Recognize tells by the names and shapes of tensors, which are PyTorch's, what network they are of; values are plain values
// beside them, in which a vocabulary and labels are looked for. The error names all tensors that have no place.
func Recognize(tensors []graph.Named, values map[string]string) (*Foreign, error) {
	f := &Foreign{chain: map[string]*tensor.Dense{}}
	parts, problems := foreignParts(tensors)
	problems = append(problems, f.take(parts)...)
	if len(problems) > 0 {
		return nil, errors.Errorf("models: the tensors are not those of an embedding, recurrent layers of one cell and width, and a head: %s",
			strings.Join(problems[:min(len(problems), 20)], "; "))
	}
	rows := f.head.Shape()[0]
	switch {
	case len(f.chain) > 0:
		f.Kind = KindTagger
	case f.embed == nil:
		f.Kind = KindSequence
	case f.embed.Shape()[0] == rows && !f.shape.both:
		f.Kind = KindLanguage
	default:
		f.Kind = KindClassifier
	}
	if f.embed != nil {
		f.Vocabulary = listOf(values, f.embed.Shape()[0])
	}
	if f.Kind != KindLanguage {
		f.Labels = listOf(values, rows)
	}
	return f, nil
}

// String says what was recognised.
func (f *Foreign) String() string {
	if f == nil || f.head == nil {
		return "no network"
	}
	ways := "forward"
	if f.shape.both {
		ways = "both directions"
	}
	in := fmt.Sprintf("%d features", f.shape.input)
	if f.embed != nil {
		in = fmt.Sprintf("embedding of %d tokens, width %d", f.embed.Shape()[0], f.embed.Shape()[1])
	}
	out := fmt.Sprintf("head of %d", f.head.Shape()[0])
	if len(f.chain) > 0 {
		out += ", CRF"
	}
	return fmt.Sprintf("%s, %d x %s of width %d, %s, %s", in, len(f.layers), f.shape.cell, f.shape.hidden, ways, out)
}

// foreignPart is the tensors of one scope, by their local names.
type foreignPart struct {
	scope   string
	tensors map[string]*tensor.Dense
}

// foreignParts groups tensors by their scopes, in order.
func foreignParts(tensors []graph.Named) (parts []*foreignPart, problems []string) {
	at := map[string]*foreignPart{}
	for _, t := range tensors {
		if dense.Empty(t.Value) {
			continue // nothing is computed from it
		}
		if err := dense.Check(t.Value, tensor.Float32, tensor.Float64, tensor.Int); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", t.Name, err))
			continue
		}
		dot := strings.LastIndexByte(t.Name, '.')
		scope, local := t.Name[:max(dot, 0)], t.Name[dot+1:]
		if !foreignName(local) || t.Value.Dtype() == tensor.Int {
			problems = append(problems, fmt.Sprintf("%s %v", t.Name, []int(t.Value.Shape())))
			continue
		}
		if at[scope] == nil {
			at[scope] = &foreignPart{scope, map[string]*tensor.Dense{}}
			parts = append(parts, at[scope])
		}
		at[scope].tensors[local] = t.Value
	}
	return parts, problems
}

// foreignName tells whether a tensor may have a place.
func foreignName(local string) bool {
	if slices.Contains([]string{"weight", "bias", "transitions", "start_transitions", "end_transitions"}, local) {
		return true
	}
	for _, prefix := range recurrentNames {
		if strings.HasPrefix(local, prefix) {
			return true
		}
	}
	return false
}

// recurrentNames begin the names of a recurrent layer's weights.
var recurrentNames = []string{"weight_ih", "weight_hh", "bias_ih", "bias_hh"}

// take finds out which part is what.
func (f *Foreign) take(parts []*foreignPart) (problems []string) {
	var dense []*foreignPart
	refuse := func(p *foreignPart, why string) {
		problems = append(problems, fmt.Sprintf("%s: %s", strings.Trim(p.scope, "."), why))
	}
	for _, p := range parts {
		switch {
		case p.tensors["weight_ih_l0"] != nil || p.tensors["weight_ih"] != nil:
			if why := f.recurrent(p); why != "" {
				refuse(p, why)
			}
		case p.tensors["transitions"] != nil && len(p.tensors) == 3:
			f.chain = p.tensors
		default:
			dense = append(dense, p)
		}
	}
	if len(f.layers) == 0 {
		return append(problems, "there is no recurrent layer")
	}
	width := f.shape.hidden
	if f.shape.both {
		width *= 2
	}
	for _, p := range dense {
		w, b := p.tensors["weight"], p.tensors["bias"]
		matrix := w != nil && w.Dims() == 2 && len(p.tensors) <= 2
		switch {
		case !matrix:
			refuse(p, "it has tensors of another layer")
		case b == nil && f.embed == nil && w.Shape()[1] == f.shape.input:
			f.embed = w
		case f.head == nil && w.Shape()[1] == width && (b == nil || b.Dims() == 1 && b.Shape()[0] == w.Shape()[0]):
			f.head, f.bias = w, b
		default:
			refuse(p, fmt.Sprintf("one layer too many, of shape %v", []int(w.Shape())))
		}
	}
	if f.head == nil {
		problems = append(problems, fmt.Sprintf("there is no head [classes, %d]", width))
	} else if k := f.head.Shape()[0]; len(f.chain) > 0 && (f.chain["transitions"].Dims() != 2 || f.chain["transitions"].Shape()[0] != k) {
		problems = append(problems, fmt.Sprintf("the CRF is not one of %d tags", k))
	}
	return problems
}

// recurrent takes the layers of one module; several modules follow each other.
func (f *Foreign) recurrent(p *foreignPart) (problem string) {
	left := len(p.tensors)
	for n := 0; ; n++ {
		layer := foreignLayer{}
		for _, reverse := range []string{"", "_reverse"} {
			own := map[string]*tensor.Dense{}
			for _, name := range recurrentNames {
				t := p.tensors[name+"_l"+strconv.Itoa(n)+reverse]
				if t == nil && n == 0 && reverse == "" {
					t = p.tensors[name] // of a single cell
				}
				if t != nil {
					own[name] = t
					left--
				}
			}
			if len(own) > 0 {
				layer = append(layer, own)
			}
		}
		if len(layer) == 0 {
			break
		}
		if problem = f.fits(layer); problem != "" {
			return fmt.Sprintf("layer %d: %s", n, problem)
		}
		f.layers = append(f.layers, layer)
	}
	if left > 0 {
		return "it has tensors of no layer, such as projections"
	}
	return ""
}

// gatesOf are the cells by the number of their gates.
var gatesOf = map[int]string{1: "rnn", 3: "gru", 4: "lstm"}

// fits compares a layer with those before it.
func (f *Foreign) fits(layer foreignLayer) string {
	for _, own := range layer {
		ih, hh := own["weight_ih"], own["weight_hh"]
		if ih == nil || hh == nil || ih.Dims() != 2 || hh.Dims() != 2 || ih.Shape()[0] != hh.Shape()[0] || hh.Shape()[1] == 0 {
			return "weight_ih and weight_hh are not two matrices with as many rows"
		}
		hidden := hh.Shape()[1]
		s := foreignShape{gatesOf[hh.Shape()[0]/hidden], hidden, ih.Shape()[1], len(layer) == 2}
		width := f.shape.hidden * len(layer)
		switch {
		case hh.Shape()[0]%hidden != 0 || s.cell == "":
			return fmt.Sprintf("weight_hh has shape %v; want 1, 3 or 4 times as many rows as columns", []int(hh.Shape()))
		case f.shape.hidden == 0:
			f.shape = s
		case len(f.layers) == 0 && s != f.shape, !s.like(f.shape):
			return fmt.Sprintf("a %s of width %d after one that is another: layers have one cell, width and direction", s.cell, hidden)
		case len(f.layers) > 0 && s.input != width:
			return fmt.Sprintf("it reads %d numbers; the layer before it gives %d", s.input, width)
		}
		for _, name := range []string{"bias_ih", "bias_hh"} {
			if b := own[name]; b != nil && (b.Dims() != 1 || b.Shape()[0] != ih.Shape()[0]) {
				return fmt.Sprintf("%s has shape %v; want [%d]", name, []int(b.Shape()), ih.Shape()[0])
			}
		}
	}
	return ""
}

// kindsForeign are the kinds that Foreign makes.
var kindsForeign = []Kind{KindLanguage, KindClassifier, KindTagger, KindSequence}

// Model makes the model. It can be used and trained on like any other.
func (f *Foreign) Model() (Model, error) {
	if f == nil || f.head == nil {
		return nil, errors.New("models: there is no network; want one that Recognize found")
	}
	if !slices.Contains(kindsForeign, f.Kind) {
		return nil, errors.Errorf("models: a network of another framework can be a %v, %v, %v or %v, and no %v", KindLanguage, KindClassifier,
			KindTagger, KindSequence, f.Kind)
	}
	if (f.embed == nil) != (f.Kind == KindSequence) {
		return nil, errors.Errorf("models: the network (%v) is none of a %v, by its first layer", f, f.Kind)
	}
	own, weights, err := f.contents()
	if err != nil {
		return nil, errors.Wrap(err, "models")
	}
	s, err := f.Kind.spec()
	if err != nil {
		return nil, err
	}
	metadata, err := s.metadata(f.config(), own)
	if err != nil {
		return nil, err
	}
	read, err := parseFile("the network", append(weights, f.recurrence()...), metadata)
	if err != nil {
		return nil, errors.Wrap(err, "models")
	}
	return read.model()
}

// config is the model's configuration.
func (f *Foreign) config() Config {
	c := Defaults(f.Kind)
	c.Cell, c.Layers, c.Hidden = f.shape.cell, len(f.layers), f.shape.hidden
	s, _ := f.Kind.spec()
	if s.has("Embed") {
		c.Embed = f.shape.input
	}
	if s.has("Tokens") {
		c.Tokens = f.tokens()
	}
	if f.Kind != KindLanguage {
		c.OneWay = !f.shape.both
	}
	if s.has("Pool") {
		if c.Pool = f.Pool; c.Pool == "" {
			c.Pool = "last"
		}
	}
	c.Tag.Softmax, c.Sequence.TargetKind = false, ""
	switch f.Kind {
	case KindTagger:
		c.Tag = TagConfig{Characters: SpellingNone, Softmax: len(f.chain) == 0}.complete()
	case KindSequence:
		if c.Sequence.TargetKind = TargetClass; f.number() {
			c.Sequence.TargetKind = TargetNumber
		}
	}
	return c
}

// number tells whether a network of rows predicts a number.
func (f *Foreign) number() bool {
	return f.Kind == KindSequence && f.head.Shape()[0] == 1 && len(f.Labels) != 2
}

// recurrence are the weights of the recurrent layers by our names. Biases that there are not are zeros.
func (f *Foreign) recurrence() []graph.Named {
	scope := "rnn"
	if f.Kind == KindLanguage {
		scope = f.shape.cell
	}
	var out []graph.Named
	for n, layer := range f.layers {
		for d, own := range layer {
			for _, name := range recurrentNames {
				t := own[name]
				if t == nil {
					rows := own["weight_ih"].Shape()[0]
					t = graph.Floats(make([]float32, rows), rows)
				}
				suffix := "_l" + strconv.Itoa(n) + []string{"", "_reverse"}[d]
				out = append(out, graph.Named{Name: scope + "." + name + suffix, Value: floats32(t)})
			}
		}
	}
	return out
}

// tokens is the kind of the vocabulary's tokens: characters if none but special ones is longer.
func (f *Foreign) tokens() string {
	if f.Tokens != "" {
		return f.Tokens
	}
	for _, t := range f.Vocabulary {
		if specialOf(t) == "" && len([]rune(t)) > 1 {
			return datasets.Word
		}
	}
	return datasets.Character
}
