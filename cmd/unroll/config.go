package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/dense"
)

// config describes a language model and how it is trained. A checkpoint carries it.
type config struct {
	Text       string  `json:"text"` // a file, or empty for the text that comes with the library
	TextHash   string  `json:"text_sha256"`
	InitFrom   string  `json:"init_from,omitempty"` // the model whose weights training began with
	Vocabulary string  `json:"vocabulary"`          // character or word
	VocabLimit int     `json:"vocabulary_limit"`
	Cell       string  `json:"cell"`
	Layers     int     `json:"layers"`
	Hidden     int     `json:"hidden"`
	Embed      int     `json:"embed"`
	Dropout    float64 `json:"dropout"`
	Seq        int     `json:"seq"`
	Batch      int     `json:"batch"`
	Optimizer  string  `json:"optimizer"`
	Rate       float64 `json:"lr"`
	Clip       float64 `json:"clip"`
	Epochs     int     `json:"epochs"`
	Steps      int     `json:"steps"`
	Patience   int     `json:"patience"`
	Seed       uint64  `json:"seed"`
}

// badSetting is a setting that makes no sense: a flag on the command line, or a field of the configuration in a file,
// which is input like any other.
type badSetting struct {
	flag, field string
	problem     string // what was found, and what is wanted
}

func (b badSetting) Error() string { return "--" + b.flag + " " + b.problem }

func bad(flag, field, format string, args ...interface{}) error {
	return badSetting{flag, field, fmt.Sprintf(format, args...)}
}

// most is the limit of whole numbers that only count. Products of two of them do not overflow.
const most = math.MaxInt32

// check refuses settings that cannot work, before anything is read or written, and before memory is taken.
func (c config) check() error {
	for _, v := range []struct {
		flag, field         string
		value, least, limit int
	}{
		{"layers", "layers", c.Layers, 1, math.MaxInt}, {"hidden", "hidden", c.Hidden, 1, math.MaxInt}, {"embed", "embed", c.Embed, 1, math.MaxInt},
		{"seq", "seq", c.Seq, 1, most}, {"batch", "batch", c.Batch, 1, most}, {"epochs", "epochs", c.Epochs, 1, most},
		{"steps", "steps", c.Steps, 0, most}, {"patience", "patience", c.Patience, 0, most},
		{"vocabulary", "vocabulary_limit", c.VocabLimit, 2, most},
	} {
		if v.value < v.least {
			return bad(v.flag, v.field, "%d; want at least %d", v.value, v.least)
		}
		if v.value > v.limit {
			return bad(v.flag, v.field, "%d; want at most %d", v.value, v.limit)
		}
	}
	if _, err := dense.Size([]int{c.Seq, c.Batch}); err != nil {
		return bad("batch", "batch", "%d, and --seq %d: that is too much for one batch", c.Batch, c.Seq)
	}
	switch {
	case c.Vocabulary != datasets.Character && c.Vocabulary != datasets.Word:
		return bad("tokens", "vocabulary", "%q; want %s or %s", c.Vocabulary, datasets.Character, datasets.Word)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return bad("dropout", "dropout", "%g; want at least 0 and below 1", c.Dropout)
	case !(c.Rate > 0) || math.IsInf(c.Rate, 0):
		return bad("lr", "lr", "%g; want above 0", c.Rate)
	case !(c.Clip >= 0):
		return bad("clip", "clip", "%g; want 0 or more", c.Clip)
	case !slices.Contains(cells, c.Cell):
		return bad("cell", "cell", "%q; want %s", c.Cell, oneOf(cells))
	}
	_, err := optimizerOf(c.Optimizer)
	return err
}

// The values of flags that take one of some.
var (
	cells      = []string{"rnn", "lstm", "gru"}
	optimizers = []string{"sgd", "momentum", "rmsprop", "adam", "adamw", "adagrad"}
)

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
	return nil, bad("optimizer", "optimizer", "%q; want %s", name, oneOf(optimizers))
}

// network says what the network is.
func (c config) network() string {
	return fmt.Sprintf("%d x %s, hidden %d, embedding %d", c.Layers, strings.ToUpper(c.Cell), c.Hidden, c.Embed)
}

// network says what the network is.
func (c classConfig) network() string {
	ways := "both directions"
	if c.OneWay {
		ways = "left to right"
	}
	return fmt.Sprintf("%d x %s, %s, hidden %d, embedding %d, %s over time", c.Layers, strings.ToUpper(c.Cell), ways, c.Hidden, c.Embed, c.Pool)
}

// oneOf lists values as a sentence does: "a, b or c".
func oneOf(list []string) string {
	last := len(list) - 1
	return strings.Join(list[:last], ", ") + " or " + list[last]
}
