package models

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Begun tells what became of a weight when a model began with the weights of another.
type Begun struct {
	Name string
	// Kept is how many rows were taken over, of Rows that the model has: all of them, some, whose tokens or labels the
	// other model knows too, or none, in which case the weight is as a new model draws it.
	Kept, Rows int
	// Left is set for a weight of the other model that this one has no place for.
	Left bool
}

// Whole tells whether all of the weight was taken over.
func (b Begun) Whole() bool { return !b.Left && b.Kept == b.Rows }

// meanings are what the rows of a weight stand for, tokens or labels; and its columns, if they stand for anything.
type meanings struct{ rows, columns []string }

// rowed is a model that knows what the rows of its weights stand for, by the beginnings of the weights' names. All weights
// that are not named there have rows that stand for nothing.
type rowed interface {
	rows() map[string]meanings
}

// rows of an embedding and of the head are those of tokens; an adaptive head's have an order of their own.
func (m *LanguageModel) rows() map[string]meanings {
	words := tokensIn(m.vocab)
	return map[string]meanings{embeddingScope + ".": {rows: words}, headScope + ".": {rows: words}}
}

func (m *Classifier) rows() map[string]meanings {
	return map[string]meanings{embeddingScope + ".": {rows: tokensIn(m.tokens)}, headScope + ".": {rows: m.labels}}
}

func (m *Translator) rows() map[string]meanings {
	source, target := meanings{rows: tokensIn(m.source.tokens)}, meanings{rows: tokensIn(m.target.tokens)}
	return map[string]meanings{"source.": source, "target.": target, embeddingScope + ".": source, headScope + ".": target}
}

// rows of a tagger: the CRF has a number for each tag after each other.
func (m *Tagger) rows() map[string]meanings {
	return map[string]meanings{
		embeddingScope + ".": {rows: tokensIn(m.words)}, charactersScope + ".": {rows: tokensIn(m.characters)},
		headScope + ".": {rows: m.tags}, crfScope + ".transitions": {m.tags, m.tags}, crfScope + ".": {rows: m.tags},
	}
}

func (m *SequenceModel) rows() map[string]meanings {
	return map[string]meanings{headScope + ".": {rows: m.own.labels}}
}

// tokensIn are the tokens of a tokenizer, by their ids.
func tokensIn(t interface {
	Len() int
	Token(id int) (string, error)
}) []string {
	out := make([]string, t.Len())
	for i := range out {
		out[i], _ = t.Token(i)
	}
	return out
}

// Begin gives a new model the weights of another one of the same kind, as far as they fit, to train on from. A weight of the
// same name and shape is taken over. Where rows stand for tokens or labels, those that both models have keep theirs, whatever
// their numbers. All other weights stay as a new model draws them.
func Begin(m, from Model) ([]Begun, error) {
	to, ok := m.(built)
	other, also := from.(built)
	if !ok || !also {
		return nil, errors.New("models: Begin: want two models of this package")
	}
	if to.Kind() != other.Kind() {
		return nil, errors.Errorf("models: Begin: a %v cannot begin with the weights of a %v", to.Kind(), other.Kind())
	}
	a, b := to.base(), other.base()
	if err := a.draw(); err != nil {
		return nil, err
	}
	if err := b.draw(); err != nil {
		return nil, err
	}
	mine, theirs := rowsIn(m), rowsIn(from)
	var out []Begun
	var list []graph.Named
	for i := range a.params.Len() {
		p := a.params.At(i)
		value, kept := merged(p, b.params.Get(p.Name()), named(mine, p.Name()), named(theirs, p.Name()))
		if kept > 0 {
			list = append(list, graph.Named{Name: p.Name(), Value: value})
		}
		out = append(out, Begun{Name: p.Name(), Kept: kept, Rows: rowCount(p)})
	}
	for i := range b.params.Len() {
		if name := b.params.At(i).Name(); a.params.Get(name) == nil {
			out = append(out, Begun{Name: name, Left: true})
		}
	}
	return out, a.params.SetAll(list)
}

func rowsIn(m Model) map[string]meanings {
	if r, ok := m.(rowed); ok {
		return r.rows()
	}
	return nil
}

// named is what the rows of a weight stand for, by the longest beginning of its name; nothing, if none is its.
func named(rows map[string]meanings, weight string) (found meanings) {
	longest := -1
	for prefix, names := range rows {
		if strings.HasPrefix(weight, prefix) && len(prefix) > longest {
			found, longest = names, len(prefix)
		}
	}
	return found
}

// rowCount is the number of a weight's rows; a single number is one.
func rowCount(p *graph.Param) int {
	if shape := p.Shape(); len(shape) > 0 {
		return shape[0]
	}
	return 1
}

// merged is a weight with the rows of another that fit, and how many these are.
func merged(p, from *graph.Param, mine, theirs meanings) (value *tensor.Dense, kept int) {
	if from == nil {
		return nil, 0
	}
	to, other := p.Shape(), from.Shape()
	value = weights.Of(p).Clone().(*tensor.Dense)
	if slices.Equal(mine.rows, theirs.rows) && slices.Equal(mine.columns, theirs.columns) {
		if !slices.Equal(to, other) {
			return nil, 0
		}
		dense.Copy(value, weights.Of(from))
		return value, rowCount(p)
	}
	if !mine.fit(to) || !theirs.fit(other) || mine.columns == nil && !slices.Equal(to[1:], other[1:]) {
		return nil, 0
	}
	// A row for each name on both sides; of it, all, or the columns that have names on both sides.
	columns := places(mine.columns, theirs.columns)
	width, wide := p.Len()/max(to[0], 1), from.Len()/max(other[0], 1)
	a, b := value.Float32s(), weights.Of(from).Float32s()
	for i, j := range places(mine.rows, theirs.rows) {
		if j < 0 {
			continue
		}
		kept++
		if columns == nil {
			copy(a[i*width:(i+1)*width], b[j*wide:(j+1)*wide])
		}
		for k, l := range columns {
			if l >= 0 {
				a[i*width+k] = b[j*wide+l]
			}
		}
	}
	return value, kept
}

// fit tells whether a weight of such a shape can have these meanings.
func (m meanings) fit(shape []int) bool {
	return len(shape) > 0 && shape[0] == len(m.rows) && (m.columns == nil || len(shape) == 2 && shape[1] == len(m.columns))
}

// places are where some names stand in another list; -1 for those that do not.
func places(names, list []string) []int {
	number := make(map[string]int, len(list))
	for i, name := range list {
		number[name] = i
	}
	out := make([]int, 0, len(names))
	for _, name := range names {
		at, ok := number[name]
		if !ok {
			at = -1
		}
		out = append(out, at)
	}
	if names == nil {
		return nil
	}
	return out
}
