// Package baseline predicts without a network: what a trained one has to beat before its figures mean anything.
//
//	Nearest      translates by looking up the training sentence that shares the most words
//	LetterRules  spells a word out symbol by symbol, by the letters around each letter
//
// Both are made of training pairs in one pass and then read only, so goroutines may share them.
package baseline
