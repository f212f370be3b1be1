package models

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent"
)

// Symbols is the kind of token of texts that are symbols with blanks between, such as phonemes: only a Translator has it.
const Symbols = "symbol"

// TranslateConfig is what a Config says of a Translator alone. Its encoder reads in both directions unless Config.OneWay is
// set, with half of Config.Hidden in each; its decoder is Config.Hidden wide. Config.Seq is the longest side of a pair, in
// tokens, that Fit trains on.
type TranslateConfig struct {
	// TargetTokens is what a token of the targets is, if it is not what Config.Tokens says: bpe, word, character or
	// symbol. Words are those of datasets.CutWords; those that come once in training are unknown, and left out of
	// translations.
	TargetTokens string
	Lower        bool // texts are read, and written, in small letters
	Joint        bool // one encoding, and one table of embeddings, for both sides
	Tied         bool // the head's weights are the target's embeddings; Embed and Hidden must then be equal

	Attention    string  // what a step of the decoder sees of the source: one of Attentions
	InputFeeding bool    // what a step saw is an input of the next (Luong et al., 2015)
	Smoothing    float64 // part of a target's probability that training spreads over all tokens (Szegedy et al., 2016)
}

// attentions are the ways in which a decoder may look at the source, by their names.
var attentions = []struct {
	name string
	kind recurrent.Attention
}{
	{"general", recurrent.LuongGeneral}, {"dot", recurrent.LuongDot}, {"concat", recurrent.LuongConcat}, {"additive", recurrent.Bahdanau},
	{noAttention, recurrent.NoAttention},
}

const noAttention = "none"

// Attentions are the names of the ways in which a Translator may look at the source: Luong's three scores general, dot and
// concat, Bahdanau's additive one, and none.
func Attentions() []string {
	out := make([]string, len(attentions))
	for i, a := range attentions {
		out[i] = a.name
	}
	return out
}

func attentionOf(name string) (recurrent.Attention, error) {
	for _, a := range attentions {
		if a.name == name {
			return a.kind, nil
		}
	}
	return 0, wrong("Attention", "%q; want %s", name, oneOf(Attentions()))
}

// pairTokens are the kinds of token of a translator.
func pairTokens() []string { return []string{BytePairs, datasets.Word, datasets.Character, Symbols} }

// targetTokens are the kind of token of a translator's targets.
func (c Config) targetTokens() string {
	if c.Translate.TargetTokens == "" {
		return c.Tokens
	}
	return c.Translate.TargetTokens
}

// checkTranslate refuses what no translator can be.
func (c Config) checkTranslate() error {
	t := c.Translate
	if target := c.targetTokens(); !slices.Contains(pairTokens(), target) {
		return wrong("TargetTokens", "%q; want %s", target, oneOf(pairTokens()))
	}
	kind, err := attentionOf(t.Attention)
	if err != nil {
		return err
	}
	cell, err := cellOf(c.Cell)
	if err != nil {
		return err
	}
	switch {
	case (cell.heads == matrix || cell.chunked) && !c.OneWay:
		return wrong("Cell", "%q; want another, or OneWay: the matrices of two directions make no decoder's", c.Cell)
	case !c.OneWay && c.Hidden%2 != 0:
		return wrong("Hidden", "%d; want an even number: half of it is the encoder's in each direction", c.Hidden)
	case c.Heads > 0 && !c.OneWay && c.Hidden/2%c.Heads != 0:
		return wrong("Heads", "%d; want a divisor of half of the width of the hidden state, %d: the encoder's in each direction",
			c.Heads, c.Hidden/2)
	case t.Tied && c.Embed != c.Hidden:
		return wrong("Tied", "true, with Embed %d and Hidden %d; want them equal", c.Embed, c.Hidden)
	case t.Joint && c.targetTokens() != c.Tokens:
		return wrong("Joint", "true, with tokens %s and %s; want one kind for both sides", c.Tokens, c.targetTokens())
	case t.InputFeeding && (kind == recurrent.NoAttention || kind == recurrent.Bahdanau):
		return wrong("InputFeeding", "true, with attention %s; want general, dot or concat", t.Attention)
	case !(t.Smoothing >= 0 && t.Smoothing < 1) || math.IsNaN(t.Smoothing):
		return wrong("Smoothing", "%g; want at least 0 and below 1", t.Smoothing)
	}
	return nil
}
