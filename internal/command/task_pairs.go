package command

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// pairsTask is the translator of pairs of texts.
type pairsTask struct {
	simple
	// of eval
	judged pairSource
	format tableFormat

	search models.Translation
	reads  textRows // what is predicted
}

func (t *pairsTask) kind() models.Kind { return models.KindTranslator }

func (t *pairsTask) data() string { return "pairs" }

func (t *pairsTask) help() string {
	return `With --pairs: a translator of texts, such as sentences to another language or
words to their phonemes, on a file with a source, a tab and its target a line;
on a table in CSV or JSONL; or with --pairs-target on two texts of as many
lines. A tenth of the sources, which the seed chooses, is kept for the test, a
twentieth to stop by, and the weights of the best pass are kept. The last line
is test_bleu=<BLEU> baseline=<that of the nearest sentence>
val_loss=<nats a token> tokens_per_s=<speed>, all in one; of targets that are
symbols with blanks between, such as phonemes, it begins with
test_error_rate=<share of symbols> baseline=<that of letter rules>.
` + otherDefaults(t)
}

// judge takes lines of two texts for pairs; in a table, which may have labels, both must mostly differ from line to line.
func (t *pairsTask) judge(s *sample) (likelihood, string) {
	if len(s.lines) == 0 || s.ends(".csv", ".jsonl") || s.namesSounds() {
		return impossible, ""
	}
	var differ [2]map[string]bool
	for i := range differ {
		differ[i] = map[string]bool{}
	}
	for _, line := range s.lines {
		fields := strings.SplitN(line, "\t", 3)
		if line == "" {
			continue
		}
		if len(fields) < 2 || strings.TrimSpace(fields[0]) == "" || strings.TrimSpace(fields[1]) == "" {
			return impossible, ""
		}
		for i := range differ {
			differ[i][fields[i]] = true
		}
	}
	const enough = 10 // lines, to tell by
	if isTable(s.path) && (len(s.lines) < enough || 2*min(len(differ[0]), len(differ[1])) < len(s.lines)) {
		return impossible, ""
	}
	return certain, "every line has a tab between two texts"
}

func (t *pairsTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	pairFlags(f, &c.Origin.Pairs)
	f.BoolVar(&c.Origin.Pairs.Swap, "swap", c.Origin.Pairs.Swap, "translate the other way round, from targets to sources")
	partFlags(f, &c.Origin)
	formatFlags(f, (*tableFormat)(&c.Origin.Format))
	o := &c.Translate
	f.StringVar(&o.TargetTokens, "target-tokens", o.TargetTokens,
		"what a token of the targets is, if it is not what --tokens says; also symbol")
	f.BoolVar(&o.Lower, "lower", o.Lower, "read and write small letters alone")
	f.BoolVar(&o.Joint, "joint", o.Joint, "one encoding and one table of embeddings for both sides")
	f.BoolVar(&o.Tied, "tied", o.Tied, "the target's embeddings are the weights of the head; --embed must be --hidden")
	f.StringVar(&o.Attention, "attention", o.Attention, "how the decoder looks at the source: "+oneOf(models.Attentions()))
	f.BoolVar(&o.InputFeeding, "input-feeding", o.InputFeeding, "what a step saw is an input of the next")
	f.Float64Var(&o.Smoothing, "smoothing", o.Smoothing, "part of a target's probability that training spreads over all tokens")
}

// pairFlags name the pairs.
func pairFlags(f *pflag.FlagSet, p *models.PairFiles) {
	f.StringVar(&p.Pairs, "pairs", p.Pairs, "pairs to learn to translate: a source, a tab and its target a line; or .csv, .jsonl")
	f.StringVar(&p.PairsTarget, "pairs-target", p.PairsTarget, "text with the target of each line of --pairs, which then has sources alone")
	f.StringVar(&p.SourceColumn, "source-column", p.SourceColumn, "column of the sources; the first unless given")
	f.StringVar(&p.TargetColumn, "target-column", p.TargetColumn, "column of the targets; the second unless given")
}

func (t *pairsTask) check(c models.Config) error { return pairSourceOf(c.Origin).check(c.Origin) }

func (t *pairsTask) inputs(c models.Config) []string { return pairSourceOf(c.Origin).files(c.Origin) }

func (t *pairsTask) evalFlags(f *pflag.FlagSet) {
	pairFlags(f, &t.judged.PairFiles)
	formatFlags(f, &t.format)
	searchFlags(f, &t.search)
}

// searchFlags say how translations are found.
func searchFlags(f *pflag.FlagSet, o *models.Translation) {
	f.IntVar(&o.Beam, "beam", usualSearch.Beam, "translations that are followed at a time; 1 takes the likeliest token at every step")
	f.Float64Var(&o.LengthPenalty, "length-penalty", usualSearch.LengthPenalty,
		"how much long translations are preferred; 0 ranks by probability")
	f.IntVar(&o.Max, "max-tokens", 0, "tokens of a translation at most; 0 for half as many again as the longest in training")
}

// usualSearch is how translations are found unless told otherwise.
var usualSearch = models.Translation{Beam: 5, LengthPenalty: 1}

// checkSearch refuses a search that cannot work.
func checkSearch(o models.Translation) error {
	const most = 1000
	switch {
	case o.Beam < 1 || o.Beam > most:
		return usage("--beam %d; want 1 to %d", o.Beam, most)
	case o.Best > max(o.Beam, 1) || o.Best < 0:
		return usage("--n-best %d of a --beam of %d; want 1 to the beam", o.Best, o.Beam)
	case !(o.LengthPenalty >= 0 && o.LengthPenalty <= most):
		return usage("--length-penalty %g; want 0 to %d, 1 is usual", o.LengthPenalty, most)
	case o.Max < 0 || o.Max > 1<<20:
		return usage("--max-tokens %d; want 0 to %d", o.Max, 1<<20)
	}
	return nil
}

func (t *pairsTask) eval(cmd *cobra.Command, m models.Model) (report, error) {
	if err := checkSearch(t.search); err != nil {
		return nil, err
	}
	return evalTranslator(cmd, m.(*models.Translator), t.judged, t.format, t.search)
}

func (t *pairsTask) predictFlags(f *pflag.FlagSet) {
	t.reads.flags(f)
	searchFlags(f, &t.search)
	f.IntVar(&t.search.Best, "n-best", 1, "translations of each text, the best first")
}

func (t *pairsTask) predict(cmd *cobra.Command, m models.Model, args []string) error {
	if err := checkSearch(t.search); err != nil {
		return err
	}
	return t.reads.predict(cmd, m, args, func(p *predictor) error {
		found, unreadable := m.(*models.Translator).Translate(cmd.Context(), p.texts.Texts, t.search)
		for i, list := range found {
			if err := p.out.Encode(record.TranslatedOf(p.texts.Texts[i], list, p.columns[i])); err != nil {
				return err
			}
		}
		return unreadable
	})
}

func (t *pairsTask) about(a *account, c models.Config) {
	if a.takeTokens("source_tokens") {
		a.say("sources", "%s", tokensInWords(c.Tokens, a.tokens))
	}
	if a.takeTokens("target_tokens") {
		kind := c.Tokens
		if c.Translate.TargetTokens != "" {
			kind = c.Translate.TargetTokens
		}
		a.say("targets", "%s", plural(kind))
	}
	var longest int
	if a.take("longest_target", &longest) && longest > 0 {
		a.say("longest", "%s a target in training", count(longest, "token", "tokens"))
	}
	if o := c.Origin.Pairs; o.Pairs != "" {
		what := o.Pairs
		if o.PairsTarget != "" {
			what += " and " + o.PairsTarget
		}
		if o.Swap {
			what += ", swapped"
		}
		a.say("pairs", "%s", what)
	}
}

// plural is a kind of token in words.
func plural(kind string) string {
	if kind == models.BytePairs {
		return "byte pairs"
	}
	return kind + "s"
}

// tokensInWords says how many tokens of a kind there are, if that is known.
func tokensInWords(kind string, n int) string {
	if n == 0 {
		return plural(kind)
	}
	return thousands(n) + " " + plural(kind)
}
