package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/recurrent/models"
)

func readText(path string) (datasets.Corpus, error) {
	if path == "" {
		bible, err := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
		return bible.Train, err
	}
	return datasets.ReadFile(path)
}

// ownText reads the text that a model's file names.
func ownText(own models.Origin) (datasets.Corpus, error) {
	if err := regular(own.Text); err != nil {
		return datasets.Corpus{}, err
	}
	return readText(own.Text)
}

// textHash tells whether a text is still the same.
func textHash(corpus datasets.Corpus) string {
	sum := sha256.Sum256([]byte(corpus.Text))
	return hex.EncodeToString(sum[:])
}

// generate writes a prompt and its continuation, token by token.
func generate(ctx context.Context, w io.Writer, m *models.LanguageModel, prompt string, o models.Generation) error {
	if _, err := m.Vocabulary().Encode(prompt); err != nil {
		return errors.Wrap(err, "--prompt")
	}
	if _, err := io.WriteString(w, prompt); err != nil {
		return err
	}
	o.Each = func(piece string) error {
		_, err := io.WriteString(w, piece)
		return err
	}
	_, err := m.Generate(ctx, prompt, o)
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}
