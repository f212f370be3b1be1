package models

import (
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/recurrent"
)

// translatorNetwork maps a source to the tokens of its target, each predicted from those before it.
func translatorNetwork(c Config, sources, targets int) (network, error) {
	t := c.Translate
	attention, err := attentionOf(t.Attention)
	if err != nil {
		return nil, err
	}
	decoder, err := c.recurrence("decoder", c.Embed)
	if err != nil {
		return nil, err
	}
	half := c
	if !c.OneWay {
		half.Hidden /= 2
	}
	encoder, err := half.recurrence("encoder", c.Embed)
	if err != nil {
		return nil, err
	}
	encoder.bothWays, encoder.dropout = !c.OneWay, c.Dropout
	stack := recurrent.StackOf(c.Layers, decoder.cell())
	stack.Dropout = c.Dropout
	switch {
	case attention == recurrent.Bahdanau:
		decoder.input += encoder.output()
	case t.InputFeeding:
		decoder.input += c.Hidden
	}
	sparse := c.Optimizer == sparseAdam
	return network{encoderDecoder{
		encoder: encoder, decoder: decoder, sources: sources, targets: targets, embed: c.Embed,
		smoothing: t.Smoothing,
		model: recurrent.Seq2Seq{
			Source:  nn.Embedding{Tokens: sources, Size: c.Embed, Sparse: sparse},
			Encoder: encoder.layer(),
			Target:  nn.Embedding{Tokens: targets, Size: c.Embed, Sparse: sparse},
			Decoder: stack, Attention: attention, InputFeeding: t.InputFeeding,
			Shared: t.Joint, Tied: t.Tied, Dropout: c.Dropout,
		},
	}}, nil
}

// encoderDecoder is a whole translator as one layer. Weights: as recurrent.Seq2Seq has them.
type encoderDecoder struct {
	encoder, decoder        recurrence
	sources, targets, embed int
	smoothing               float64
	model                   recurrent.Seq2Seq
}

// padding is a target that the loss passes over.
const padding = -1

// build maps sources [S, B] and the tokens before [U, B] to logits [U, B, V], or, with targets [U, B], also to their mean
// loss.
func (e encoderDecoder) build(g *graph.Graph, f flow) flow {
	f.x, _ = e.model.Apply(g, f.x, f.before, recurrent.Options{Lengths: f.lengths})
	if f.targets.Valid() {
		ignore := padding
		loss := losses.CrossEntropy{Ignore: &ignore}
		if g.Training() {
			loss.Smoothing = e.smoothing
		}
		f.loss = loss.Apply(g, f.x, f.targets)
	}
	return f
}

func (e encoderDecoder) sizes() []size {
	source, target := e.tables()
	out := append(e.decoder.sizes(), // first, since it is as wide as the configuration says
		size{"source_tokens", e.sources, source, 2, 0, 1, 0}, size{"embed", e.embed, source, 2, 1, 1, 0},
		size{"target_tokens", e.targets, target, 2, 0, 1, 0}, size{"embed", e.embed, target, 2, 1, 1, 0},
		size{"target_tokens", e.targets, "head.bias", 1, 0, 1, 0})
	for _, s := range e.encoder.sizes() {
		if e.encoder.bothWays && s.field == "hidden" {
			s.field = "half of hidden"
		}
		out = append(out, s)
	}
	return out
}

// absent are the weights that there must not be.
func (e encoderDecoder) absent() []absence { return append(e.encoder.absent(), e.decoder.absent()...) }

// tables are the names of the embeddings' weights.
func (e encoderDecoder) tables() (source, target string) {
	if e.model.Shared {
		return "embedding.weight", "embedding.weight"
	}
	return "source.weight", "target.weight"
}

func (e encoderDecoder) weights() float64 {
	embed, hidden, memory := float64(e.embed), float64(e.decoder.hidden), float64(e.encoder.output())
	total := e.encoder.weights() + e.decoder.weights() + float64(e.sources)*embed + float64(e.targets)
	if !e.model.Shared {
		total += float64(e.targets) * embed
	}
	if !e.model.Tied {
		total += float64(e.targets) * hidden
	}
	switch e.model.Attention {
	case recurrent.NoAttention:
		return total
	case recurrent.LuongGeneral:
		total += hidden * memory
	case recurrent.LuongConcat, recurrent.Bahdanau:
		total += hidden * (hidden + memory + 1)
	}
	return total + hidden*(hidden+memory)
}

// depth and tensor count the layers by those of the decoder, which are as many as the encoder's.
func (e encoderDecoder) depth() int              { return e.decoder.depth() }
func (e encoderDecoder) tensor(layer int) string { return e.decoder.tensor(layer) }

// kept has the embeddings of both sides, the recurrent layers, what attention makes of a step, and the logits.
func (e encoderDecoder) kept() float64 {
	return 2*float64(e.embed) + e.encoder.kept() + e.decoder.kept() +
		float64(e.encoder.output()) + 2*float64(e.decoder.hidden) + float64(e.targets)
}
