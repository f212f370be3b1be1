// Package metric measures predictions against the truth, beside the loss that a network is trained on.
//
//	Confusion       classes: accuracy, precision, recall and F1, as scikit-learn computes them
//	ErrorRate       sequences of tokens: word, character and phoneme error rates, by EditDistance
//	BLEU, ChrF      translations, as sacreBLEU computes them
//	ForecastErrors  numbers: MAE, RMSE, MAPE, and MASE with the scale of NaiveError
//
// All of them work alike: add the predictions of a test set, batch by batch or sentence by sentence, then ask. They take
// plain slices and strings and know nothing of networks. The perplexity of a loss is losses.Perplexity.
package metric
