package command

import (
	"fmt"
	"io"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/models"
)

// train trains a model of sequences.
func (*sequencesTask) train(cmd *cobra.Command, p *plan, fl trainFlags) error {
	origin := &p.config.Origin
	hash, err := sequencesHash(*origin)
	if err != nil {
		return err
	}
	if fl.resume != "" && hash != origin.Hash {
		return errors.Errorf("%s has changed since %s was saved", origin.Sequences.File, fl.resume)
	}
	t, parts, err := readParts(p.config)
	if err != nil {
		return err
	}
	t.settle(&p.config, hash)
	w := cmd.ErrOrStderr()
	m, err := sequenceModelFor(cmd, p, parts.fit, fl)
	if err != nil {
		return err
	}
	loop, err := m.Loop(parts.fit, parts.check, fl.run())
	if err != nil {
		return err
	}
	c := m.Config()
	result, err := p.run(cmd, loop, "sequences", fl, func(w io.Writer) {
		t.describe(w)
		parts.describe(w)
		tell(w, "Model", "%s", c.Network(m.Kind()))
		describeWeights(w, m.Labels(), m.ClassWeights())
	})
	if err != nil {
		return err
	}
	test, err := m.Evaluate(parts.test)
	if err != nil {
		return err
	}
	base, err := m.Baselines(parts.fit, parts.check, parts.test)
	if err != nil {
		return err
	}
	besides(w, base)
	tellSaved(w, fl.out, "eval", "predict")
	last := base[len(base)-1]
	figures := fmt.Sprintf("test_mae=%.4g test_rmse=%.4g test_r2=%.4f baseline=%.4g", test.MAE, test.RMSE, test.R2, last.RMSE)
	if test.Confusion != nil {
		figures = fmt.Sprintf("test_accuracy=%.4f test_macro_f1=%.4f baseline=%.4f",
			test.Confusion.Accuracy(), test.Confusion.MacroF1(), last.Confusion.Accuracy())
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s val_loss=%.4f\n", figures, result.Best)
	return err
}

// settle writes down in a configuration what was found out about the table.
func (t *sequenceTable) settle(c *models.Config, hash string) {
	o := &c.Origin.Sequences
	o.IDColumn, o.TimeColumn, o.TargetColumn, o.Features = t.columns.id, t.columns.time, t.columns.target, t.columns.features
	c.Origin.Hash = hash
	if t.commas {
		c.Origin.Format.Decimal = "comma"
	}
	c.Sequence.TargetKind = models.TargetClass
	if t.Numbers != nil {
		c.Sequence.TargetKind = models.TargetNumber
	}
}

// besides says how good the baselines are on the test.
func besides(w io.Writer, base []*models.SequenceEvaluation) {
	for i, b := range base {
		title := "Beside "
		if i > 0 {
			title = "       "
		}
		if b.Confusion != nil {
			fmt.Fprintf(w, "%s %s: accuracy %.4f, macro F1 %.4f\n", title, b.Name, b.Confusion.Accuracy(), b.Confusion.MacroF1())
		} else {
			fmt.Fprintf(w, "%s %s: MAE %.4g, RMSE %.4g, R2 %.4f\n", title, b.Name, b.MAE, b.RMSE, b.R2)
		}
	}
}

// sequenceModelFor is a new model for sequences, or one from a file.
func sequenceModelFor(cmd *cobra.Command, p *plan, fit models.Sequences, fl trainFlags) (*models.SequenceModel, error) {
	from, _ := p.from.(*models.SequenceModel)
	if p.same {
		return from.With(p.config)
	}
	if n := len(distinctOf(fit.Labels)); fit.Labels != nil && n < 2 {
		return nil, errors.Errorf("%s: the column %q has one class only, %q; want two at least (--target)",
			p.config.Origin.Sequences.File, p.config.Origin.Sequences.TargetColumn, fit.Labels[0])
	} else if n > len(fit.Labels)/2 && fit.Labels != nil {
		return nil, errors.Errorf("%s: the column %q has %d different classes of %d sequences; is it the right one? (--target)",
			p.config.Origin.Sequences.File, p.config.Origin.Sequences.TargetColumn, n, fit.Len())
	}
	if fl.newTokens {
		return nil, usage("--new-tokens goes with texts: a model of sequences keeps its columns")
	}
	m, err := p.begin(cmd, fl, func(c models.Config) (models.Model, error) {
		if from != nil {
			return models.NewSequenceModelOf(c, from, fit)
		}
		return models.NewSequenceModel(c, fit)
	})
	if err != nil {
		return nil, err
	}
	return m.(*models.SequenceModel), enough(cmd.ErrOrStderr(), m, 0, machineMemory())
}
