package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/unroll-go/unroll/recurrent"
)

// The symbols of Reber's grammar.
const (
	symB = iota
	symT
	symS
	symX
	symP
	symV
	symE
	reberSymbols
)

// grammar is Reber's: from each state, two arcs with a symbol and the state that it leads to. State 5 is the end.
var grammar = [5][2]struct{ symbol, next int }{
	{{symT, 1}, {symP, 2}},
	{{symS, 1}, {symX, 3}},
	{{symT, 2}, {symV, 4}},
	{{symX, 2}, {symS, 5}},
	{{symP, 3}, {symV, 5}},
}

// reberWord draws a word of the embedded grammar: B, then T or P, then B, a word of Reber's grammar, E, then the same T
// or P again, and E. It also gives the symbols that may come next after each.
func reberWord(rng *rand.Rand) (word []int, legal [][]int) {
	add := func(symbol int, next ...int) { word, legal = append(word, symbol), append(legal, next) }
	gate := []int{symT, symP}[rng.IntN(2)]
	add(symB, symT, symP)
	add(gate, symB)
	add(symB, symT, symP)
	for state := 0; state < 5; {
		arc := grammar[state][rng.IntN(2)]
		state = arc.next
		if state == 5 {
			add(arc.symbol, symE)
		} else {
			add(arc.symbol, grammar[state][0].symbol, grammar[state][1].symbol)
		}
	}
	add(symE, gate)
	add(gate, symE)
	add(symE)
	return word, legal
}

// knows tells whether, over many words, every legal symbol is likelier than every other, at each place.
func (p *predictor) knows(rng *rand.Rand, words int) (bool, error) {
	for range words {
		word, legal := reberWord(rng)
		rows, err := p.logits(word)
		if err != nil {
			return false, err
		}
		for i, row := range rows {
			if !separates(row, legal[i]) {
				return false, nil
			}
		}
	}
	return true, nil
}

func separates(row []float32, legal []int) bool {
	isLegal := make([]bool, len(row))
	lowest := row[legal[0]]
	for _, s := range legal {
		isLegal[s] = true
		lowest = min(lowest, row[s])
	}
	for s, v := range row {
		if !isLegal[s] && v >= lowest {
			return false
		}
	}
	return true
}

// reber counts the words it takes to learn the grammar, of which the last but one symbol repeats the second.
func reber() error {
	fmt.Println("Embedded Reber grammar, LSTM 8, one word at a time, until 256 new words are predicted without a mistake")
	const limit = 20000
	solved, total := 0, 0
	for seed := uint64(1); seed <= 10; seed++ {
		p := newPredictor(seed, reberSymbols, recurrent.LSTM{Hidden: 8}, 0.01)
		rng := rand.New(rand.NewPCG(seed, 1))
		words, ok := 0, false
		for ; words < limit && !ok; words++ {
			word, _ := reberWord(rng)
			if err := p.learn(word); err != nil {
				return err
			}
			if words%100 == 99 {
				var err error
				if ok, err = p.knows(rand.New(rand.NewPCG(seed, 2)), 256); err != nil {
					return err
				}
			}
		}
		if ok {
			solved++
			total += words
		}
		fmt.Printf("  seed %2d: %v after %d words\n", seed, map[bool]string{true: "learned", false: "not learned"}[ok], words)
	}
	fmt.Printf("  %d of 10 seeds, %d words on average\n", solved, total/max(solved, 1))
	return nil
}
