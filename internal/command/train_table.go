package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a classifier.
func (*tableTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	t, parts, err := readTables(*origin)
	if err != nil {
		return err
	}
	hash, err := tablesHash(*origin)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved", origin.Table.File, fl.resume)
	}
	origin.Table.TextColumn, origin.Table.LabelColumn, origin.Hash = t.columns.text, t.columns.label, hash
	w := cmd.ErrOrStderr()
	m, err := classifierFor(cmd, p, t, parts.fit, fl)
	if err != nil {
		return err
	}
	loop, err := m.Loop(parts.fit, parts.check, fl.run())
	if err != nil {
		return err
	}
	c := m.Config()
	result, err := p.run(cmd, loop, "texts", fl, func(w io.Writer) {
		t.describe(w)
		parts.describe(w)
		tell(w, "Model", "%s, %d %s tokens", c.Network(m.Kind()), m.Tokenizer().Len(), c.Tokens)
		describeWeights(w, m.Labels(), m.ClassWeights())
	})
	if err != nil {
		return err
	}
	test, err := m.Evaluate(parts.test)
	if err != nil {
		return err
	}
	tellSaved(w, fl.out, "eval", "predict")
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "test_accuracy=%.4f test_macro_f1=%.4f val_loss=%.4f texts_per_s=%.0f\n",
		test.Confusion.Accuracy(), test.Confusion.MacroF1(), result.Best, result.TokensPerSecond)
	return err
}

// classifierFor is a new model for a table, or one from a file.
func classifierFor(cmd *cobra.Command, p *plan, t *labelledTable, fit models.Examples, fl trainFlags) (*models.Classifier, error) {
	from, _ := p.from.(*models.Classifier)
	if p.same {
		return from.With(p.config)
	}
	if err := t.checkLabels(); err != nil {
		return nil, err
	}
	if fit.Len() < 1 {
		return nil, errors.Errorf("%s: %d rows are too few to train on", p.config.Origin.Table.File, t.Len())
	}
	labels := t.classes()
	m, err := p.begin(cmd, fl, func(c models.Config) (models.Model, error) {
		if from != nil && !fl.newTokens {
			return models.NewClassifierOf(c, from.Tokenizer(), labels)
		}
		return models.NewClassifier(c, fit.Texts, labels)
	})
	if err != nil {
		return nil, err
	}
	class := m.(*models.Classifier)
	return class, enough(cmd.ErrOrStderr(), m, class.Tokenizer().Len(), machineMemory())
}

// describeWeights says how much labels count, if not all alike.
func describeWeights(w io.Writer, labels []string, weights []float64) {
	if weights == nil {
		return
	}
	var list []string
	for i, label := range labels {
		list = append(list, fmt.Sprintf("%s %.3g", quoted(label), weights[i]))
	}
	tell(w, "Weights", "%s (--class-weights)", strings.Join(list, ", "))
}
