package main

import (
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/docs/internal/cloze"
)

// embedded is the width of the networks' embeddings.
const embedded = 32

// ask answers one sentence, which must be made of known words.
func ask(n *cloze.Network, sentence string) (string, error) {
	words := strings.Fields(sentence)
	for _, w := range words {
		if _, ok := n.Words.IDs[w]; !ok {
			return "", errors.Errorf("the word %q is unknown", w)
		}
	}
	logits, err := n.Ask(words)
	if err != nil {
		return "", err
	}
	return n.Words.Words[cloze.Likeliest(logits)], nil
}
