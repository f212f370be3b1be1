package models

import "math"

// What a layer of a cell from package linear weighs, where counts cannot say it: cells have one matrix for each of so many heads,
// as headsFor says.

// mambaWeights counts those of a Mamba: two channels for each number of its output, and what chooses their steps.
func mambaWeights(input, hidden, _ float64) float64 {
	inner, rank := 2*hidden, math.Ceil(hidden/16)
	const states, kernel = 16, 4
	projections := 2*inner*input + (rank+2*states)*inner + inner*rank + hidden*inner
	return projections + inner*(kernel+1+1+states+1) // convolution and its bias, b_Δ, A and D
}

// retentionWeights counts those of a RetNet, whose keys are even.
func retentionWeights(input, hidden, heads float64) float64 {
	key := 2 * math.Ceil(math.Floor(hidden/heads)/2)
	return 2*heads*key*input + 2*hidden*input + hidden/heads + hidden*hidden
}

// glaWeights counts those of a GLA, whose keys are half as wide as values.
func glaWeights(input, hidden, heads float64) float64 {
	const rank = 16
	keys := heads * math.Ceil(hidden/heads/2)
	return 2*keys*input + 2*hidden*input + rank*input + keys*(rank+1) + hidden/heads + hidden*hidden
}

// convolution is how many steps the short convolutions see.
const convolution = 4

func deltaWeights(input, hidden, heads float64) float64 {
	return 3*hidden*(input+convolution) + heads*input + hidden/heads + hidden*hidden
}

func gatedDeltaWeights(input, hidden, heads float64) float64 {
	return deltaWeights(input, hidden, heads) + hidden*input + heads*input + 2*heads
}

func kdaWeights(input, hidden, heads float64) float64 {
	gates := 2*(hidden/heads)*(input+hidden) + hidden + heads // of low rank: what is forgotten, with its bias and rates, and what is read
	return deltaWeights(input, hidden, heads) + gates
}

// mamba2Weights counts those of a Mamba2, with heads of width 64 if these divide its inner width.
func mamba2Weights(input, hidden, _ float64) float64 {
	const states, width = 128, 64
	inner, heads := 2*hidden, 1.0
	if math.Mod(inner, width) == 0 {
		heads = inner / width
	}
	return (2*inner+2*states+heads)*input + (inner+2*states)*(convolution+1) + 3*heads + inner + hidden*inner
}

// rwkv7Weights counts those of the first block of an RWKV7, and of the projection before it.
func rwkv7Weights(input, hidden, _ float64) float64 {
	rank := func(factor, power float64) float64 {
		return math.Max(32, 32*math.Round(factor*math.Pow(hidden, power)/32))
	}
	low := 2 * (2*rank(1.8, 0.5) + rank(0.6, 0.8))
	n := hidden * (6 + 6 + 2 + low + 3 + 2 + 1 + 12*hidden) // normalisations, μ, biases, low ranks, κ, α and ρ, and products
	if input != hidden {
		n += input * hidden
	}
	return n
}
