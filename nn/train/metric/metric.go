// Package metric measures predictions against the truth, beside the loss that a network is trained on.
//
//	Confusion       classes: accuracy, precision, recall and F1, as scikit-learn computes them
//	ErrorRate       sequences of tokens: word, character and phoneme error rates, by EditDistance
//	BLEU, ChrF      translations, as sacreBLEU computes them
//	ForecastErrors  numbers: MAE, RMSE, MAPE, and MASE with the scale of NaiveError
//	Perplexity      a mean cross-entropy, in other words
//
// All but the last work alike: add the predictions of a test set, batch by batch or sentence by sentence, then ask. They
// take plain slices and strings and know nothing of networks.
package metric

import "math"

// Perplexity is e to the power of a mean cross-entropy in nats: among how many equally likely classes a choice would be
// as hard.
func Perplexity(loss float64) float64 { return math.Exp(loss) }
