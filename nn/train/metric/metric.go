// Package metric measures predictions against the truth, beside the loss that a network is trained on.
//
//	Confusion       classes: accuracy, precision, recall, F1, Matthews correlation, Cohen's kappa, as scikit-learn computes them
//	Probabilities   probabilities of classes: ROC-AUC, average precision, log loss, Brier score, top-k, calibration error
//	ErrorRate       sequences of tokens: word, character and phoneme error rates, by EditDistance
//	BLEU, ChrF      translations, as sacreBLEU computes them
//	ForecastErrors  numbers: MAE, RMSE, MAPE, sMAPE, and MASE and RMSSE with the scales of NaiveError and NaiveSquaredError
//	QuantileErrors  quantiles: pinball loss, CRPS, coverage
//	IntervalErrors  intervals: coverage, width, Winkler score
//	CRPS, FairCRPS  samples of a forecast
//	Bootstrap       how sure any of these is
//	Perplexity      a mean cross-entropy, in other words
//
// docs/measures.md has the formula of each. Most work alike: add the predictions of a test set, batch by batch or sentence by sentence,
// then ask. They take plain slices and strings and know nothing of networks.
package metric

import "math"

// Perplexity is e to the power of a mean cross-entropy in nats: among how many equally likely classes a choice would be
// as hard.
func Perplexity(loss float64) float64 { return math.Exp(loss) }

// BitsPerCharacter is a mean cross-entropy in nats per token, as bits for each character of the text: what compares models with
// different tokens. For bytes instead of characters, give their number.
func BitsPerCharacter(loss float64, tokens, characters int) float64 {
	return loss / math.Ln2 * float64(tokens) / float64(characters)
}
