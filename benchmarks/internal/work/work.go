// Package work says what the benchmarks measure, and in which words: names of models and sizes, how a step is timed,
// and the lines that report it. Every program of the comparison keeps to it, in Go or not, so that one command can run
// them all. It imports nothing but the standard library.
package work

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The kinds of work.
const (
	Train        = "Train"        // a step: gradients, clipping of the global norm to 1, Adam
	TrainBF16    = "TrainBF16"    // Train with products of numbers that are rounded to bfloat16
	Ragged       = "Ragged"       // Train on sequences of many lengths, see Lengths; padding counts for nothing
	Infer        = "Infer"        // the logits of a batch, without gradients
	Generate     = "Generate"     // a token: one step of the network, the likeliest token is the next input
	GenerateInt8 = "GenerateInt8" // Generate with weights in 8 bits
)

// Fifth is a cell that no library knows: an LSTM with one gate more, written as a user writes it.
//
//	i, f, o, m = σ(...)   n = tanh(...)
//	c' = f⊙c + m⊙i⊙n
//	h' = o⊙tanh(c')
const Fifth = "fifth"

// Work is one thing to measure on a language model: embedding [V, I], L layers of a recurrent cell of width H, and a
// softmax head over V tokens. Training takes a batch of B sequences of T tokens.
type Work struct {
	Kind string // Train and so on
	Cell string // rnn, lstm, gru, Fifth; birnn, bilstm, bigru read in both directions and join the outputs, [T, B, 2H]

	B, T, I, H, L, V int
}

// Cells are the kinds of cell that every library has.
var Cells = []string{"lstm", "gru", "rnn"}

var name = regexp.MustCompile(`^(Train|TrainBF16|Ragged|Infer|Generate|GenerateInt8)/((?:bi)?(?:lstm|gru|rnn)|fifth)` +
	`/B(\d+)T(\d+)I(\d+)H(\d+)L(\d+)V(\d+)$`)

// Parse reads a name such as Train/lstm/B32T50I128H128L1V65.
func Parse(s string) (Work, error) {
	m := name.FindStringSubmatch(s)
	if m == nil {
		return Work{}, fmt.Errorf("work: want a name like Train/lstm/B32T50I128H128L1V65, found %q", s)
	}
	w := Work{Kind: m[1], Cell: m[2]}
	for i, field := range []*int{&w.B, &w.T, &w.I, &w.H, &w.L, &w.V} {
		n, err := strconv.Atoi(m[i+3])
		if err != nil || n < 1 {
			return Work{}, fmt.Errorf("work: sizes are positive numbers, found %s in %q", m[i+3], s)
		}
		*field = n
	}
	if w.Generates() && (w.B != 1 || w.T != 1 || w.Bidirectional()) {
		return Work{}, fmt.Errorf("work: one sequence is generated forward, token by token, so want B1T1 and one direction, found %q", s)
	}
	return w, nil
}

// String is the name, without the Benchmark before it.
func (w Work) String() string { return w.Kind + "/" + w.Cell + "/" + w.Size() }

// Size is the last part of the name.
func (w Work) Size() string {
	return fmt.Sprintf("B%dT%dI%dH%dL%dV%d", w.B, w.T, w.I, w.H, w.L, w.V)
}

// Bidirectional tells whether the layers read in both directions.
func (w Work) Bidirectional() bool { return strings.HasPrefix(w.Cell, "bi") }

// Trains tells whether gradients are taken.
func (w Work) Trains() bool { return w.Kind == Train || w.Kind == TrainBF16 || w.Kind == Ragged }

// Generates tells whether it writes one sequence, token by token.
func (w Work) Generates() bool { return w.Kind == Generate || w.Kind == GenerateInt8 }

// Base is the cell's name without the direction.
func (w Work) Base() string { return strings.TrimPrefix(w.Cell, "bi") }

// Shortest is the length of the shortest sequence of Ragged work, if T is not shorter still.
const Shortest = 5

// Lengths are those of the batch's sequences: T each, but for Ragged work evenly spread from Shortest to T.
func (w Work) Lengths() []int {
	lengths := make([]int, w.B)
	for b := range lengths {
		lengths[b] = w.T
		if w.Kind == Ragged && w.B > 1 {
			shortest := min(Shortest, w.T)
			lengths[b] = shortest + (w.T-shortest)*b/(w.B-1)
		}
	}
	return lengths
}

// Tokens is how many tokens a step works through, padding left out.
func (w Work) Tokens() int {
	n := 0
	for _, length := range w.Lengths() {
		n += length
	}
	return n
}

// FLOPs counts the operations of a step's matrix products, by the definition of the model: a multiplication and an
// addition per weight and token, three times as many with both gradients. Element-wise work is not counted.
func (w Work) FLOPs() float64 {
	gates := map[string]int{"rnn": 1, "gru": 3, "lstm": 4, Fifth: 5}[w.Base()]
	directions := 1
	if w.Bidirectional() {
		directions = 2
	}
	weights, in := 0, w.I
	for range w.L {
		weights += directions * gates * w.H * (in + w.H)
		in = directions * w.H
	}
	weights += in * w.V
	flops := 2 * float64(weights) * float64(w.Tokens())
	if w.Trains() {
		flops *= 3
	}
	return flops
}
