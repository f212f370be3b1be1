package command

import "github.com/spf13/cobra"

// measuresTopic is what unroll help tells of the figures that train and eval print, for whoever has not met them before. It does
// nothing else.
func measuresTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "measures",
		Short: "What the figures of train and eval mean",
		Long: `What the figures of train and eval mean. A model is judged by data that it has
not seen, and beside a simple method that it has to beat.

While it trains:
  loss          how far its answers are from the right ones; 0 is perfect, and
                only its fall counts. Of labels and tokens in nats: guessing
                among 3 has ln 3 = 1.1. train: on what it learns from; val: on
                what it does not. When val rises and train falls, it learns by
                heart, which is overfitting; the best epoch is kept
  epoch, step   one pass over all data; one batch of them

Of labels, tags and classes:
  accuracy      share of right answers. One label for all has it, too, where a
                label is frequent: look at the others
  precision     of all that were given this label, the share that has it
  recall        of all that have this label, the share that were given it
  F1            both in one, between 0 and 1; macro: the mean of all labels,
                rare ones included
  support       how many have this label
  truth \ predicted   the confusion matrix: a row for each true label, a
                column for each answer; what is right stands on the diagonal
  Matthews, Kappa    1 is perfect, 0 no better than chance
  ROC-AUC       how often one with the label is ranked above one without: 1 is
                perfect, 0.5 is chance
  Brier score, calibration error   are probabilities true? 0 is best

Of forecasts and numbers (less is better, but for R2):
  MAE, RMSE     how far it is off on average, in the units of the data; RMSE
                counts large errors more
  MASE, RMSSE   the same, as a share of what repeating the last season, or the
                last value, is off: below 1 is better than that
  sMAPE         how far it is off, in percent
  CRPS          the same for a whole fan of possible values
  in 80 %       how many true values were within the band of 80 %: about 80
  R2            1 is perfect, 0 no better than the mean

Of texts:
  perplexity    among how many tokens it hesitates, as it were; less is better
  BLEU, chrF    how much a translation has in common with right ones, up to 100
  error rates   share of words or characters to be put right; 0 is best

Formulas, sources and when to use which: docs/measures.md.`,
	}
}
