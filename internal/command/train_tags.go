package command

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a tagger.
func (*tagsTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	data, parts, err := readTaggedParts(p.config)
	if err != nil {
		return err
	}
	hash, err := taggedHash(*origin)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved", origin.Tags.TagFile, fl.resume)
	}
	origin.Tags, origin.Hash, p.config.Tag.Scheme = data.how, hash, parts.scheme.String()
	m, err := taggerFor(cmd, p, parts, fl)
	if err != nil {
		return err
	}
	loop, err := m.Loop(parts.fit, parts.check, fl.run())
	if err != nil {
		return err
	}
	c := m.Config()
	result, err := p.run(cmd, loop, "words", fl, func(w io.Writer) {
		data.describe(w, parts.scheme)
		parts.describe(w)
		tell(w, "Model", "%s; %s words, %d tags", c.Network(m.Kind()), thousands(m.Words().Len()), len(m.Tags()))
	})
	if err != nil {
		return err
	}
	return taggerFigures(cmd, m, parts, result, fl)
}

// taggerFigures tests the model, and prints how good it is beside the baseline.
func taggerFigures(cmd *cobra.Command, m *models.Tagger, parts *taggedParts, r train.Result, fl trainFlags) error {
	test, err := m.Evaluate(parts.test)
	if err != nil {
		return err
	}
	b, err := models.NewTagBaseline(parts.fit)
	if err != nil {
		return err
	}
	var found [][]string
	for _, words := range parts.test.Words {
		found = append(found, b.Tag(words))
	}
	base, err := models.CompareTags(parts.test, found, parts.scheme)
	if err != nil {
		return err
	}
	w := cmd.ErrOrStderr()
	if test.UnknownTags > 0 {
		tell(w, "Note", "of %s words to test, %d have tags that the model does not know: they count as wrong",
			thousands(test.Words), test.UnknownTags)
	}
	tellSaved(w, fl.out, "eval", "tag")
	fmt.Fprintf(w, "\nThe baseline takes the most frequent tag of each word; of a new word, by its\nending.\n")
	figures := fmt.Sprintf("test_accuracy=%.4f", test.Confusion.Accuracy())
	baseline := fmt.Sprintf("baseline_accuracy=%.4f", base.Confusion.Accuracy())
	if test.Spans != nil {
		figures += fmt.Sprintf(" test_f1=%.4f", test.Spans.Micro().F1)
		baseline += fmt.Sprintf(" baseline_f1=%.4f", base.Spans.Micro().F1)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s val_loss=%.4f words_per_s=%.0f\n", baseline, figures, r.Best, r.TokensPerSecond)
	return err
}

// taggerFor is a new model for sentences, or one from a file.
func taggerFor(cmd *cobra.Command, p *plan, parts *taggedParts, fl trainFlags) (*models.Tagger, error) {
	w := cmd.ErrOrStderr()
	from, _ := p.from.(*models.Tagger)
	if p.same {
		return from.With(p.config)
	}
	name := p.config.Origin.Tags.TagFile
	if parts.fit.Len() < 1 || parts.check.Len() < 1 {
		return nil, errors.Errorf("%s: %s to train on and to stop by is too little (--valid, --test-part)", name,
			count(parts.fit.Len()+parts.check.Len(), "sentence", "sentences"))
	}
	tags := append(parts.fit.AllTags(), parts.check.AllTags()...)
	slices.Sort(tags)
	tags = slices.Compact(tags)
	if err := checkTagColumn(p, parts, tags); err != nil {
		return nil, err
	}
	if n := unknownWords(from, parts.fit); n > 0 && !fl.newTokens {
		tell(w, "Unknown", "%s of %s words are not in the model's vocabulary",
			thousands(n), thousands(parts.fit.Count()))
	}
	m, err := p.begin(cmd, fl, func(c models.Config) (models.Model, error) {
		if from != nil && !fl.newTokens {
			return models.NewTaggerOf(c, from, tags)
		}
		return models.NewTagger(c, parts.fit, tags)
	})
	if err != nil {
		return nil, err
	}
	tagger := m.(*models.Tagger)
	return tagger, enough(w, m, tagger.Words().Len(), machineMemory())
}

// checkTagColumn refuses tags that no tagger can learn: a column of something else.
func checkTagColumn(p *plan, parts *taggedParts, tags []string) error {
	o := p.config.Origin.Tags
	words := parts.fit.Count()
	switch {
	case len(tags) < 2:
		return errors.Errorf("%s: all words have one tag, %s, in column %s; want two at least (--tag-column)", o.TagFile, tags[0], o.TagColumn)
	case len(tags) > words/3 && len(tags) > 10:
		return errors.Errorf("%s: %s different tags of %s words in column %s; is it the right one? (--tag-column)",
			o.TagFile, thousands(len(tags)), thousands(words), o.TagColumn)
	}
	return nil
}

// unknownWords counts words that a model does not know.
func unknownWords(m *models.Tagger, s models.Sentences) int {
	if m == nil {
		return 0
	}
	n := 0
	for _, sentence := range s.Words {
		for _, word := range sentence {
			if _, ok := m.Words().ID(strings.ToLower(word)); !ok {
				n++
			}
		}
	}
	return n
}
