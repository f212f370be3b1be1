// Package decode turns what a model predicts into what a reader wants: logits into tokens, frames into labels.
//
// A Sampler draws one token from one row of logits, by temperature, top-k, top-p and their kind. A Search writes whole
// sequences, greedily, with a beam or by drawing, under Constraints, and returns them as Hypothesis values with their
// log-probabilities. It runs over any Model, which predicts the next token of each of its rows: a Stepper is one made of
// a graph.Func, and Seq2Seq searches for the targets of a trained recurrent.Seq2Seq. A CTC finds the labels in the frames
// of a network that was trained with losses.CTC.
//
// Settings are plain values, which are checked before anything runs. Results do not depend on what else is in the batch,
// and draws depend on the seed alone. All decoders check every row of logits that they read: NaN and +Inf are errors that
// say where; -Inf is legal and forbids its token.
package decode
