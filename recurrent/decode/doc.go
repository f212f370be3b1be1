// Package decode turns the predictions of a model into sequences: logits into tokens, frames into labels.
//
// A Sampler draws one token from one row of logits, with temperature, top-k, top-p and other filters. A Search generates
// whole sequences, by greedy search, beam search or sampling, under Constraints, and returns them as Hypothesis values with
// their log-probabilities. It runs over any Model, which predicts the next token of each of its rows. A Stepper is a Model
// made of a graph.Func; a Seq2Seq searches for the targets of a trained recurrent.Seq2Seq. A CTC finds the labels in the
// frames of a network that was trained with losses.CTC, with a Language model if there is one, and a Transducer those of a
// recurrent.Transducer. Both also say where given labels are: an Alignment.
//
// Settings are plain values, which are checked before anything runs. Results do not depend on what else is in the batch,
// and draws depend on the seed alone. All decoders check every row of logits that they read: NaN and +Inf are errors that
// say where they were found; -Inf is legal and forbids its token.
package decode
