package decode

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/recurrent"
)

// Seq2Seq generates the target sequences of a trained encoder-decoder.
type Seq2Seq struct {
	model        recurrent.Seq2Seq
	encode, step *graph.Func
	pad          int
}

// NewSeq2Seq combines a description with its weights. Sources are padded with pad, which may be any token: padding has no
// effect.
func NewSeq2Seq(m recurrent.Seq2Seq, p *graph.Params, pad int) *Seq2Seq {
	if p == nil {
		return &Seq2Seq{} // Run says so
	}
	return &Seq2Seq{model: m, encode: graph.NewFunc(p, m.Encoding), step: graph.NewFunc(p, m.Decoding), pad: pad}
}

// SetWeightFormat has the search read its weights in another format from now on, see graph.Func.
func (d *Seq2Seq) SetWeightFormat(w graph.WeightFormat) error {
	if d == nil || d.encode == nil {
		return errNoWeights
	}
	if err := d.encode.SetWeightFormat(w); err != nil {
		return err
	}
	return d.step.SetWeightFormat(w)
}

// errNoWeights is the error of a Seq2Seq that NewSeq2Seq did not make, or of no store.
var errNoWeights = errors.New("decode: a Seq2Seq without weights; NewSeq2Seq makes one of a description and its store")

// Run searches for the targets of all sources, token ids without padding, in one batch. An empty source is an error.
func (d *Seq2Seq) Run(s Search, sources [][]int) ([][]Hypothesis, error) {
	if d == nil || d.encode == nil {
		return nil, errNoWeights
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, nil
	}
	steps, lengths := 0, make([]int, len(sources))
	for i, source := range sources {
		if lengths[i] = len(source); len(source) == 0 {
			return nil, errors.Errorf("decode: source %d is empty", i)
		}
		steps = max(steps, len(source))
	}
	ids := make([]int, steps*len(sources))
	for b, source := range sources {
		for t := range steps {
			ids[t*len(sources)+b] = d.pad
			if t < len(source) {
				ids[t*len(sources)+b] = source[t]
			}
		}
	}
	out, err := d.encode.Run(graph.Ints(ids, steps, len(sources)), graph.Ints(lengths))
	if err != nil {
		return nil, err
	}
	states := d.model.States()
	var context []Context
	for _, v := range out[states:] { // memory and keys, [S, B, ...]
		context = append(context, Context{v, 1})
	}
	if len(context) > 0 {
		context = append(context, Context{graph.Ints(lengths), 0})
	}
	m, err := NewStepper(d.step, out[:states], context, lengths, s.Rows())
	if err != nil {
		return nil, err
	}
	return s.Run(m)
}

// CopyUnknown replaces every unknown word of a result by the word of the source with the largest attention weight (Luong et
// al., 2015, "Addressing the rare word problem"), so that names are copied. words are those of the result.
func CopyUnknown(words []string, unknown string, h Hypothesis, source []string) ([]string, error) {
	if len(h.Attention) < len(words) {
		return nil, errors.Errorf("decode: attention for %d of %d words; want a model with attention", len(h.Attention), len(words))
	}
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = w
		if w != unknown {
			continue
		}
		at := 0
		for j, a := range h.Attention[i] {
			if a > h.Attention[i][at] {
				at = j
			}
		}
		if at >= len(source) {
			return nil, errors.Errorf("decode: word %d looks at word %d of a source of %d", i, at, len(source))
		}
		out[i] = source[at]
	}
	return out, nil
}
