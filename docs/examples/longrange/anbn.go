package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/recurrent"
)

// counted is the word S aⁿ bⁿ S.
func counted(n int) []int {
	word := []int{0}
	for range n {
		word = append(word, 1)
	}
	for range n {
		word = append(word, 2)
	}
	return append(word, 0)
}

// counts tells whether, from the first b on, the network knows how many are to come, and when the word ends.
func (p *predictor) counts(n int) (bool, error) {
	word := counted(n)
	rows, err := p.logits(word)
	if err != nil {
		return false, err
	}
	for i := n + 1; i < len(rows); i++ {
		for s, v := range rows[i] {
			if s != word[i+1] && v >= rows[i][word[i+1]] {
				return false, nil
			}
		}
	}
	return true, nil
}

// anbn learns to count from words with n up to 10, and is asked for more (Gers and Schmidhuber, 2001).
func anbn() error {
	fmt.Println("aⁿbⁿ, LSTM 4 with peepholes, trained on n = 1 to 10, 8,000 words")
	good := 0
	for seed := uint64(1); seed <= 5; seed++ {
		p := newPredictor(seed, 3, recurrent.LSTM{Hidden: 4, Peepholes: true}, 0.01)
		p.loss.SetCacheSize(128)
		rng := rand.New(rand.NewPCG(seed, 1))
		for i := range 8000 {
			if i == 5000 {
				p.rate = 0.002
			}
			if err := p.learn(counted(1 + rng.IntN(10))); err != nil {
				return err
			}
		}
		n := 0
		for ; n < 200; n++ {
			ok, err := p.counts(n + 1)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
		}
		if n >= 40 {
			good++
		}
		fmt.Printf("  seed %d: right for all n up to %d\n", seed, n)
	}
	fmt.Printf("  %d of 5 seeds reach n = 40\n", good)
	return nil
}
