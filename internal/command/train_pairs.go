package command

import (
	"context"
	"fmt"
	"io"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/baseline"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a translator.
func (*pairsTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	all, parts, err := readPairParts(p.config)
	if err != nil {
		return err
	}
	hash, err := pairsHash(*origin)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved", origin.Pairs.Pairs, fl.resume)
	}
	origin.Hash = hash
	w := cmd.ErrOrStderr()
	all.describe(w, parts)
	m, err := translatorFor(cmd, p, parts.fit, fl)
	if err != nil {
		return err
	}
	if err := m.describeLong(w, &parts); err != nil {
		return err
	}
	loop, err := m.Loop(parts.fit, parts.check, fl.run())
	if err != nil {
		return err
	}
	c := m.Config()
	result, err := p.run(cmd, loop, "tokens", fl, func(w io.Writer) {
		tell(w, "Model", "%s", c.Network(m.Kind()))
	})
	if err != nil {
		return err
	}
	found, err := besideBaseline(cmd.Context(), m.Translator, parts, usualSearch)
	if err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := found.print(w); err != nil {
		return err
	}
	tellSaved(w, fl.out, "translate", "eval")
	_, err = fmt.Fprintln(cmd.OutOrStdout(), found.figures(result))
	return err
}

// trainee is a translator that is to be trained.
type trainee struct{ *models.Translator }

// translatorFor is a new model for pairs, or one from a file.
func translatorFor(cmd *cobra.Command, p *plan, fit models.Pairs, fl trainFlags) (trainee, error) {
	w := cmd.ErrOrStderr()
	from, _ := p.from.(*models.Translator)
	if p.same {
		m, err := from.With(p.config)
		return trainee{m}, err
	}
	how := ""
	if f := cmd.Flags(); from == nil && !f.Changed("tokens") && !f.Changed("target-tokens") && !f.Changed("joint") {
		if source, target, why := guessTokens(fit); why != "" {
			p.config.Tokens, p.config.Translate.TargetTokens = source, target
			how = ": " + why + " (--tokens, --target-tokens)"
		}
	}
	begun, err := p.begin(cmd, fl, func(c models.Config) (models.Model, error) {
		if from != nil && !fl.newTokens {
			return models.NewTranslatorOf(c, from)
		}
		return models.NewTranslator(c, fit)
	})
	if err != nil {
		return trainee{}, err
	}
	m := begun.(*models.Translator)
	source, target := m.Tokenizers()
	c := m.Config()
	what := tokensInWords(c.Tokens, source.Len())
	switch kind := c.Translate.TargetTokens; {
	case c.Translate.Joint:
		what += " of both sides"
	case kind == "" || kind == c.Tokens:
		what = fmt.Sprintf("%s and %s", thousands(source.Len()), tokensInWords(c.Tokens, target.Len()))
	default:
		what += " to " + tokensInWords(kind, target.Len())
	}
	tell(w, "Tokens", "%s", what+how)
	return trainee{m}, enough(w, m, max(source.Len(), target.Len()), machineMemory())
}

// describeLong leaves out pairs that are too long to train on, and says how many they are.
func (m trainee) describeLong(w io.Writer, p *pairParts) error {
	before := p.fit.Len() + p.check.Len()
	for _, part := range []*models.Pairs{&p.fit, &p.check} {
		short, err := m.Short(*part)
		if err != nil {
			return err
		}
		*part = short
	}
	if long := before - p.fit.Len() - p.check.Len(); long > 0 {
		tell(w, "Long", "left out, with a side of more than %d tokens (--seq): %s", m.Config().Seq, count(long, "pair", "pairs"))
	}
	if p.fit.Len() == 0 || p.check.Len() == 0 {
		return errors.Errorf("no pairs are left to train on and to stop by: all have a side of more than %d tokens; give a larger --seq",
			m.Config().Seq)
	}
	return nil
}

// translations is how good a translator is, beside a baseline.
type translations struct {
	Pairs     int     `json:"pairs"`
	Sources   int     `json:"sources"`
	Loss      number  `json:"loss"` // nats a token
	BLEU      number  `json:"bleu"`
	ChrF      number  `json:"chrf"`
	ErrorRate number  `json:"error_rate"` // of the tokens between blanks
	Wrong     number  `json:"wrong"`      // share of sources
	Baseline  *scored `json:"baseline,omitempty"`

	name    string
	symbols bool
}

// scored is how good a baseline is.
type scored struct {
	Name      string `json:"name"`
	BLEU      number `json:"bleu"`
	ChrF      number `json:"chrf"`
	ErrorRate number `json:"error_rate"`
	Wrong     number `json:"wrong"`
}

// besideBaseline judges a translator by the pairs to test, and the baseline that knows the pairs to train on.
func besideBaseline(ctx context.Context, m *models.Translator, p pairParts, o models.Translation) (*translations, error) {
	out, err := translationsOf(ctx, m, p.test, o)
	if err != nil || p.fit.Len() == 0 {
		return out, err
	}
	b := &scored{Name: "nearest sentence"}
	var say func(string) string
	if out.symbols {
		b.Name = "letter rules"
		rules, err := baseline.NewLetterRules(p.fit.Sources, p.fit.Targets)
		if err != nil {
			return nil, err
		}
		say = rules.Translate
	} else {
		nearest, err := baseline.NewNearest(p.fit.Sources, p.fit.Targets)
		if err != nil {
			return nil, err
		}
		say = nearest.Translate
	}
	s, err := p.test.Score(m.Config().Translate.Lower, say)
	if err != nil {
		return nil, err
	}
	b.BLEU, b.ChrF = number(s.BLEU.Score), number(s.ChrF)
	b.ErrorRate, b.Wrong = number(s.Errors.Rate()), number(s.Errors.SentenceRate())
	out.Baseline = b
	return out, nil
}

// translationsOf judges a translator by pairs.
func translationsOf(ctx context.Context, m *models.Translator, p models.Pairs, o models.Translation) (*translations, error) {
	e, err := m.Evaluate(ctx, p, o)
	if err != nil {
		return nil, err
	}
	c := m.Config()
	return &translations{
		Pairs: e.Pairs, Sources: e.Sources, Loss: number(e.Loss), BLEU: number(e.BLEU.Score), ChrF: number(e.ChrF),
		ErrorRate: number(e.Errors.Rate()), Wrong: number(e.Errors.SentenceRate()),
		name: fmt.Sprintf("the model, beam %d", o.Beam), symbols: c.Translate.TargetTokens == models.Symbols ||
			c.Translate.TargetTokens == "" && c.Tokens == models.Symbols,
	}, nil
}

func (t *translations) print(w io.Writer) error {
	fmt.Fprintf(w, "%s, %s, loss %.4f nats a token\n\n", count(t.Sources, "source", "sources"), count(t.Pairs, "pair", "pairs"), t.Loss)
	own := scored{t.name, t.BLEU, t.ChrF, t.ErrorRate, t.Wrong}
	rows := []string{"\t  BLEU\t chrF"}
	line := func(s scored) string { return fmt.Sprintf("%s\t%6.2f\t%5.2f", s.Name, s.BLEU, s.ChrF) }
	if t.symbols {
		rows = []string{"\twrong symbols\twrong sources"}
		line = func(s scored) string {
			return fmt.Sprintf("%s\t%11.2f %%\t%11.2f %%", s.Name, 100*s.ErrorRate, 100*s.Wrong)
		}
	}
	if t.Baseline != nil {
		rows = append(rows, line(*t.Baseline))
	}
	return table(w, append(rows, line(own)))
}

// figures are the last line of a training.
func (t *translations) figures(r train.Result) string {
	end := fmt.Sprintf("val_loss=%.4f tokens_per_s=%.0f", r.Best, r.TokensPerSecond)
	if t.symbols {
		return fmt.Sprintf("test_error_rate=%.4f baseline=%.4f %s", t.ErrorRate, t.Baseline.ErrorRate, end)
	}
	return fmt.Sprintf("test_bleu=%.2f baseline=%.2f %s", t.BLEU, t.Baseline.BLEU, end)
}

// evalTranslator judges a translator by pairs, or, without any, by those of its own that were kept for the test, beside the
// baseline.
func evalTranslator(cmd *cobra.Command, m *models.Translator, judged pairSource, format tableFormat, o models.Translation) (report, error) {
	c := m.Config()
	if judged.Pairs == "" {
		if judged.PairFiles != (models.PairFiles{}) || !format.isAuto() {
			return nil, usage("--pairs-target, --source-column, --target-column, --header, --delimiter and --encoding go with --pairs")
		}
		p, err := ownPairs(c)
		if err != nil {
			return nil, err
		}
		return besideBaseline(cmd.Context(), m, p, o)
	}
	judged.format, judged.Swap = format, c.Origin.Pairs.Swap
	if err := judged.check(models.Origin{Format: models.Format(format)}); err != nil {
		return nil, err
	}
	read, err := judged.read()
	if err != nil {
		return nil, err
	}
	tell(cmd.ErrOrStderr(), "Format", "%s", read.how)
	return translationsOf(cmd.Context(), m, read.Pairs, o)
}
