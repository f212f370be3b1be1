package command

import (
	"cmp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models"
)

// textTask is the language model of a text.
type textTask struct {
	simple
	sample int      // tokens of sample text to print after training
	judged string   // text to judge the model by
	reads  textRows // what is predicted
}

func (t *textTask) kind() models.Kind { return models.KindLanguage }

func (t *textTask) data() string { return "text" }

func (t *textTask) help() string {
	return `With --text, or nothing: a language model. The first 90 % of the text are
trained on, the rest validates. The last line printed is
val_loss=<nats a token> val_ppl=<perplexity> tokens_per_s=<training speed>.`
}

func (t *textTask) judge(s *sample) (likelihood, string) {
	switch {
	case isTable(s.path):
		return impossible, ""
	case s.ends(".txt", ".text", ".md"):
		return likely, "its name ends in " + s.ending
	}
	return possible, "it looks like no table"
}

func (t *textTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	f.StringVar(&c.Origin.Text, t.data(), c.Origin.Text,
		"text to learn to go on, in UTF-8, such as book.txt; without it, the King James text that comes with the library")
}

func (t *textTask) runFlags(f *pflag.FlagSet) {
	f.IntVar(&t.sample, "sample", 300, "tokens of sample text to print at the end; 0 for none")
}

func (t *textTask) inputs(c models.Config) []string { return []string{c.Origin.Text} }

func (t *textTask) evalFlags(f *pflag.FlagSet) {
	f.StringVar(&t.judged, t.data(), "", "text to judge a language model by")
}

func (t *textTask) eval(_ *cobra.Command, m models.Model) (report, error) {
	return evalLanguage(m.(*models.LanguageModel), t.judged)
}

func (t *textTask) predictFlags(f *pflag.FlagSet) { t.reads.flags(f) }

func (t *textTask) predict(cmd *cobra.Command, m models.Model, args []string) error {
	return t.reads.predict(cmd, m, args, func(p *predictor) error { return p.judge(m.(*models.LanguageModel)) })
}

func (t *textTask) about(a *account, c models.Config) {
	if a.takeTokens("vocabulary") {
		a.say("vocabulary", "%s %ss", thousands(a.tokens), c.Tokens)
	}
	if c.Origin.Hash != "" { // a program other than the command does not tell
		a.say("text", "%s", cmp.Or(c.Origin.Text, "the one that comes with the library"))
	}
}
