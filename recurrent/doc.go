// Package recurrent has recurrent cells, written as a few lines of mathematics over a graph, the functions that run any of
// them over a sequence, and the models that are made of them.
//
// A cell describes one time step. Unroll repeats it over a sequence in one graph; differentiating that graph is
// backpropagation through time. A cell holds no weights and no shapes beyond its own width: weights live in graph.Params,
// and input widths are inferred.
//
// There are nineteen cells: RNN (IRNN with an option), LSTM (with options for peepholes, projection, coupled gates, no
// forget gate and layer normalisation), MultiplicativeLSTM, GRU (reset gate before or after the product, layer normalisation),
// GRUD for missing values, MGU, LiGRU, IndRNN, CoRNN, SLSTM, SLSTMBlock and MLSTM of xLSTM, and ConvLSTM. MLSTM, SRU, QRNN, MinGRU,
// MinLSTM and LRU have a linear recurrence, so Scan can compute all of their steps at once; so has WindowAttention, whose state
// are keys and values. Each type's comment has its equations, its paper, what differs from the paper, and its parameters.
//
// Stack, Zoneout and Attentive are cells around cells. Unidirectional, Scanned, Bidirectional and Deep are layers, which map
// whole sequences. OneToOne, OneToMany, ManyToOne, ManyToMany and Seq2Seq are the topologies: models with an embedding and a
// head. All that reads a whole sequence is called alike: Apply(g, inputs, options) returns the outputs and the final state.
package recurrent
