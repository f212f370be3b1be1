package study

import "math/rand/v2"

// Shuffled is the order of n examples in a pass.
func Shuffled(n int, seed uint64, epoch int) []int {
	return rand.New(rand.NewPCG(seed, uint64(epoch))).Perm(n)
}
