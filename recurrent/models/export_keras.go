package models

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/keras"
	"github.com/unroll-go/unroll/recurrent"
)

// kerasFlow is what goes from layer to layer in a model for Keras.
type kerasFlow struct {
	*keras.Builder
	x       keras.Value
	refused []string // what Keras lacks
}

// lacks remembers that Keras has no such thing.
func (f *kerasFlow) lacks(format string, args ...any) {
	if text := "Keras has " + fmt.Sprintf(format, args...); !slices.Contains(f.refused, text) {
		f.refused = append(f.refused, text)
	}
}

// keras writes the network for Keras, with the batch first. It has no lengths: sequences of a batch are equally long.
func (n network) keras(p *graph.Params) (*keras.Builder, error) {
	f := &kerasFlow{Builder: keras.NewBuilder(p)}
	for _, l := range n {
		l.keras(f)
	}
	if len(f.refused) > 0 {
		return nil, errors.Errorf("%s; %s takes all weights", strings.Join(f.refused, "; "), formatTorch)
	}
	f.Output(f.x)
	return f.Builder, nil
}

// kerasModel says which layers of that model the weights belong to.
func (n network) kerasModel(p *graph.Params) (keras.Model, error) {
	b, err := n.keras(p)
	if err != nil {
		return nil, err
	}
	return b.Model()
}

func (e embedding) keras(f *kerasFlow) {
	f.x = f.Module(f.IDs("ids"), embeddingScope, nn.Embedding{Tokens: e.tokens, Size: e.width})
}

func (n numbers) keras(f *kerasFlow) { f.x = f.Sequence("rows", n.width) }

func (d dropout) keras(f *kerasFlow) { f.x = f.Module(f.x, "dropout", nn.Dropout{Rate: d.rate}) }

func (r recurrence) keras(f *kerasFlow) {
	switch {
	case !r.kind.keras:
		f.lacks("no layer like the cell %s", r.kind.name())
	case r.layerNorm:
		f.lacks("no recurrent layers with layer normalization in cells")
	case r.zoneout > 0:
		f.lacks("no recurrent layers with zoneout")
	default:
		f.x = f.Recurrent(f.x, r.scope, r.layer(), r.pooled)
	}
}

func (p pooling) keras(f *kerasFlow) {
	switch p.pool {
	case recurrent.PoolLast: // the recurrence gives that alone
	case recurrent.PoolMax:
		f.x = f.Module(f.x, "pool", nn.GlobalMaxPool{})
	case recurrent.PoolMean:
		f.x = f.Module(f.x, "pool", nn.GlobalMeanPool{})
	default:
		f.lacks("no layer like pooling by %s", p.name)
	}
}

func (h head) keras(f *kerasFlow) { f.x = f.Module(f.x, headScope, nn.Head{Classes: h.classes}) }

func (a adaptive) keras(f *kerasFlow) { f.lacks("no layer like an adaptive softmax") }

func (s spelling) keras(f *kerasFlow) { f.lacks("no layer that reads the characters of words") }

func (t tagHead) keras(f *kerasFlow) {
	if !t.softmax {
		f.lacks("no layer like a CRF")
	}
	t.head.keras(f)
}

func (s seriesInput) keras(f *kerasFlow) { f.lacks("no layers like a forecaster's") }

func (h horizonHead) keras(*kerasFlow) {}

func (e encoderDecoder) keras(f *kerasFlow) { f.lacks("no layer like an encoder-decoder") }
