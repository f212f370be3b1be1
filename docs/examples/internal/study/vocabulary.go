package study

import "github.com/unroll-go/unroll/datasets"

// Vocabulary numbers the tokens of sequences that come up often enough, and has the special tokens.
func Vocabulary(sequences [][]string, minCount int) (*datasets.Vocabulary, error) {
	b := datasets.VocabularyBuilder{Kind: datasets.Label, MinCount: minCount}
	for _, s := range sequences {
		if err := b.AddTokens(s...); err != nil {
			return nil, err
		}
	}
	v, err := b.Vocabulary()
	if err != nil {
		return nil, err
	}
	return v.WithSpecials()
}

// Encode maps sequences of tokens to their ids.
func Encode(v *datasets.Vocabulary, sequences [][]string) ([][]int, error) {
	out := make([][]int, len(sequences))
	for i, s := range sequences {
		ids, err := v.EncodeTokens(s)
		if err != nil {
			return nil, err
		}
		out[i] = ids
	}
	return out, nil
}

// Pairs encodes pairs of sequences of tokens.
func (t *Translator) Pairs(sources, targets [][]string) (Pairs, error) {
	source, err := Encode(t.Source, sources)
	if err != nil {
		return Pairs{}, err
	}
	target, err := Encode(t.Target, targets)
	return Pairs{Source: source, Target: target}, err
}

// Tokens are the tokens of what the translator found.
func (t *Translator) Tokens(ids []int) ([]string, error) {
	out := make([]string, len(ids))
	for i, id := range ids {
		token, err := t.Target.Token(id)
		if err != nil {
			return nil, err
		}
		out[i] = token
	}
	return out, nil
}
