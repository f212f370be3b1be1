package command

import (
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// hearing are the flags that say how words are found.
type hearing struct {
	how      models.Transcribing
	language string // file of a language model
}

// widerBeam is how many beginnings are followed with a language model, unless --beam says.
const widerBeam = 16

func (h *hearing) flags(f *pflag.FlagSet) {
	f.IntVar(&h.how.Beam, "beam", 1, "beginnings of a text that are followed at a time; 1 takes the likeliest label of every step")
	f.StringVar(&h.language, "lm", "", "language model, of train --text, that judges these, of which there are 16 then unless --beam says")
	f.Float64Var(&h.how.LanguageWeight, "lm-weight", 0.5, "weight of its log-probability")
	f.Float64Var(&h.how.Insertion, "insertion", 0, "what each token gains: a language model prefers short texts")
	f.Float64Var(&h.how.Pause, "pause", 0.6, "seconds of silence that end a segment")
}

// transcribing loads the language model if there is one.
func (h *hearing) transcribing(f *pflag.FlagSet) (models.Transcribing, error) {
	how := h.how
	if h.language == "" {
		if f.Changed("lm-weight") {
			return how, usage("--lm-weight goes with --lm, a language model")
		}
		how.LanguageWeight = 0
		return how, nil
	}
	if !(how.LanguageWeight > 0) {
		return how, usage("--lm-weight %g; want more than 0", how.LanguageWeight)
	}
	m, err := load(h.language)
	if err != nil {
		return how, err
	}
	var ok bool
	if how.Language, ok = m.(*models.LanguageModel); !ok {
		return how, wrongKind(h.language, m, models.KindLanguage)
	}
	if !f.Changed("beam") {
		how.Beam = widerBeam
	}
	return how, nil
}
