package command

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent/decode"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a language model.
func (t *textTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	if t.sample < 0 {
		return usage("--sample %d; want 0 or more", t.sample)
	}
	var corpus datasets.Corpus
	var err error
	if fl.resume != "" && !cmd.Flags().Changed("text") {
		corpus, err = ownText(p.config.Origin)
	} else {
		corpus, err = readText(p.config.Origin.Text)
	}
	if err != nil {
		return err
	}
	m, err := languageModelFor(cmd, p, corpus, fl)
	if err != nil {
		return err
	}
	loop, told, err := languageLoop(m, corpus, fl)
	if err != nil {
		return errors.Wrap(err, corpus.Name)
	}
	c := m.Config()
	result, err := p.run(cmd, loop, "tokens", fl, func(w io.Writer) {
		tell(w, "Text", "%s: %s, vocabulary %d", corpus.Name, told, m.Vocabulary().Len())
		tell(w, "Model", "%s", c.Network(m.Kind()))
		tell(w, "Train", "%d steps of %d x %d tokens, %s, rate %g, clip %g, seed %d",
			loop.Total(), c.Seq, c.Batch, c.Optimizer, c.Rate, c.Clip, c.Seed)
	})
	if err != nil {
		return err
	}
	return sampleAndFigures(cmd, m, result, t.sample, fl)
}

// languageLoop is the training of a language model on a text; one that is tuned may learn to answer prompts. Told says how much
// there is to learn from.
func languageLoop(m *models.LanguageModel, corpus datasets.Corpus, fl trainFlags) (loop *train.Loop, told string, err error) {
	if fl.tune != nil && hasAnswers(corpus.Name) {
		pairs, err := models.ReadAnswers(corpus.Name)
		if err != nil {
			return nil, "", err
		}
		loop, err = m.AnswersLoop(pairs, fl.run())
		return loop, count(pairs.Len(), "prompt and its answer", "prompts with their answers"), err
	}
	ids, err := m.Vocabulary().Encode(corpus.Text)
	if err != nil {
		return nil, "", err
	}
	loop, err = m.LoopOf(ids, fl.run())
	return loop, fmt.Sprintf("%d %ss", len(ids), m.Config().Tokens), err
}

// languageModelFor is a new model for a text, or one from a file.
func languageModelFor(cmd *cobra.Command, p *plan, corpus datasets.Corpus, fl trainFlags) (*models.LanguageModel, error) {
	hash := textHash(corpus)
	if fl.resume != "" && hash != p.config.Origin.Hash {
		return nil, errors.Errorf("%s has changed since %s was saved (or --text was another file); "+
			"to train on with another text: --from", corpus.Name, fl.resume)
	}
	p.config.Origin.Hash = hash
	from, _ := p.from.(*models.LanguageModel)
	if from != nil && !fl.newTokens && fl.resume == "" && !(p.same && hasAnswers(corpus.Name)) {
		if err := canRead(cmd.ErrOrStderr(), from, fl, corpus); err != nil {
			return nil, err
		}
	}
	if p.same {
		return from.With(p.config)
	}
	m, err := p.begin(cmd, fl, func(c models.Config) (models.Model, error) {
		if from != nil && !fl.newTokens {
			return models.NewLanguageModelOf(c, from.Vocabulary())
		}
		return models.NewLanguageModel(c, corpus.Text)
	})
	if err != nil {
		return nil, err
	}
	language := m.(*models.LanguageModel)
	return language, enough(cmd.ErrOrStderr(), m, language.Vocabulary().Len(), machineMemory())
}

// canRead tells whether a model can read a text: characters that its vocabulary lacks are an error that names them, words
// are counted.
func canRead(w io.Writer, m *models.LanguageModel, fl trainFlags, corpus datasets.Corpus) error {
	unknown, tokens, err := m.Unknown(corpus.Text)
	if err != nil || len(unknown) == 0 {
		return errors.Wrap(err, corpus.Name)
	}
	if m.Vocabulary().Kind() != datasets.Character {
		n := unknown[0].Count
		tell(w, "Unknown", "%s of %s words (%.1f %%) are not in the model's vocabulary, and are read as %s",
			thousands(n), thousands(tokens), 100*float64(n)/float64(tokens), datasets.Unknown)
		return nil
	}
	var list []string
	for _, u := range unknown[:min(len(unknown), 10)] {
		list = append(list, fmt.Sprintf("%q (%d)", u.Token, u.Count))
	}
	if len(unknown) > len(list) {
		list = append(list, "...")
	}
	way := "Take the characters of the text with --new-tokens, or replace them in it"
	if fl.tune != nil {
		way = "Replace them in it: an adapter has the characters of its model"
	}
	return errors.Errorf("%s has %d kinds of character that the vocabulary of %s lacks: %s. %s",
		corpus.Name, len(unknown), fl.from, strings.Join(list, ", "), way)
}

// sampleAndFigures prints a sample and the final figures.
func sampleAndFigures(cmd *cobra.Command, m *models.LanguageModel, r train.Result, sample int, fl trainFlags) error {
	out := cmd.OutOrStdout()
	if sample > 0 {
		fmt.Fprintln(out, "\nA sample, at temperature 0.8:")
		o := models.Generation{Length: sample, Sampler: decode.Sampler{Temperature: 0.8}, Seed: m.Config().Seed}
		if err := generate(cmd.Context(), out, m, "", o); err != nil {
			return err
		}
		fmt.Fprintln(out)
	}
	tellSaved(cmd.ErrOrStderr(), fl.out, "generate", "eval")
	_, err := fmt.Fprintf(out, "val_loss=%.4f val_ppl=%.2f tokens_per_s=%.0f\n", r.Validation, math.Exp(r.Validation), r.TokensPerSecond)
	return err
}
