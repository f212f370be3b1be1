package main

import (
	"math"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
)

// check refuses settings that cannot work, before anything is read or written.
func (c config) check() error {
	for _, v := range []struct {
		name         string
		value, least int
	}{
		{"layers", c.Layers, 1}, {"hidden", c.Hidden, 1}, {"embed", c.Embed, 1}, {"seq", c.Seq, 1},
		{"batch", c.Batch, 1}, {"epochs", c.Epochs, 1}, {"steps", c.Steps, 0}, {"patience", c.Patience, 0},
		{"vocabulary", c.VocabLimit, 2},
	} {
		if v.value < v.least {
			return usage("--%s %d; want at least %d", v.name, v.value, v.least)
		}
	}
	switch {
	case c.Vocabulary != datasets.Character && c.Vocabulary != datasets.Word:
		return usage("--tokens %q; want %s or %s", c.Vocabulary, datasets.Character, datasets.Word)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return usage("--dropout %g; want at least 0 and below 1", c.Dropout)
	case !(c.Rate > 0) || math.IsInf(c.Rate, 0):
		return usage("--lr %g; want above 0", c.Rate)
	case !(c.Clip >= 0):
		return usage("--clip %g; want 0 or more", c.Clip)
	}
	if _, err := cellOf(c); err != nil {
		return err
	}
	_, err := optimizerOf(c.Optimizer)
	return err
}

func optimizerOf(name string) (optim.Optimizer, error) {
	switch name {
	case "sgd":
		return &optim.SGD{}, nil
	case "momentum":
		return &optim.SGD{Momentum: 0.9, Nesterov: true}, nil
	case "rmsprop":
		return &optim.RMSProp{}, nil
	case "adam":
		return &optim.Adam{}, nil
	case "adamw":
		return optim.AdamW(0.01), nil
	case "adagrad":
		return &optim.AdaGrad{}, nil
	}
	return nil, usage("--optimizer %q; want sgd, momentum, rmsprop, adam, adamw or adagrad", name)
}
