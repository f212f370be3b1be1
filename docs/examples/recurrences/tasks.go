package main

import "math/rand/v2"

// skip is the target of a step that has no answer.
const skip = -1

// task draws sequences of a size: how many pairs there are to look up, symbols to copy, and so on.
type task struct {
	name   string
	tokens int
	train  []int // sizes to train with, in turn
	tests  []int // sizes to be judged by; the first is the largest of training
	draw   func(rng *rand.Rand, size int) example
}

// example is a sequence. All of one size have the same length.
type example struct {
	input  []int
	target []int // what each step has to answer, or skip
	judged []int // the steps whose answers are judged; nil for all that have one
}

func tasks() []task {
	return []task{
		{"recall", 2 * recallSymbols, []int{2, 4, 8}, []int{8, 16}, recall},
		{"copy", copySymbols + 2, []int{4, 8, 12, 16}, []int{16, 32, 64}, copying},
		{"selective copy", copySymbols + 3, []int{8, 16, 24, 32}, []int{32, 64, 128}, selective},
		{"parity", 2, []int{8, 16, 24, 32}, []int{32, 64, 256}, parity},
		{"a^n b^n", 3, []int{2, 4, 8, 16}, []int{16, 32, 64}, func(rng *rand.Rand, n int) example { return counting(rng, n, 2) }},
		{"a^n b^n c^n", 4, []int{2, 4, 8, 16}, []int{16, 32, 64}, func(rng *rand.Rand, n int) example { return counting(rng, n, 3) }},
	}
}

const recallSymbols = 16 // keys, and as many values

// recall is associative recall of many pairs (Arora et al., 2023, arXiv 2312.04927): keys with their values, then the same
// keys in another order, each of which asks for its value.
func recall(rng *rand.Rand, pairs int) example {
	e := blank(4 * pairs)
	keys := rng.Perm(recallSymbols)[:pairs]
	values := make([]int, pairs)
	for i, k := range keys {
		values[i] = recallSymbols + rng.IntN(recallSymbols)
		e.input[2*i], e.input[2*i+1] = k, values[i]
	}
	for i, j := range rng.Perm(pairs) {
		at := 2*pairs + 2*i
		e.input[at], e.input[at+1] = keys[j], values[j]
		e.target[at] = values[j]
	}
	return e
}

const copySymbols = 8 // then come a sign to begin, one to go on, and one of noise

// copying is to repeat a sequence of symbols (Arjovsky et al., 2016, arXiv 1511.06464).
func copying(rng *rand.Rand, size int) example {
	e := blank(2 * size)
	for i := range size {
		s := rng.IntN(copySymbols)
		e.input[i], e.input[size+i], e.target[size+i] = s, copySymbols+1, s
	}
	e.input[size] = copySymbols
	return e
}

// selective is to repeat the six symbols that stand somewhere in noise (Gu and Dao, 2023, arXiv 2312.00752).
func selective(rng *rand.Rand, size int) example {
	const symbols = 6
	e := blank(size + symbols)
	places := make([]bool, size)
	for _, at := range rng.Perm(size)[:symbols] {
		places[at] = true
	}
	found := 0
	for i, place := range places {
		e.input[i] = copySymbols + 2
		if place {
			e.input[i] = rng.IntN(copySymbols)
			e.target[size+found] = e.input[i]
			found++
		}
	}
	for i := range symbols {
		e.input[size+i] = copySymbols + 1
	}
	e.input[size] = copySymbols
	return e
}

// parity asks at every step whether the ones so far are even or odd in number.
func parity(rng *rand.Rand, size int) example {
	e := blank(size)
	sum := 0
	for i := range size {
		e.input[i] = rng.IntN(2)
		sum ^= e.input[i]
		e.target[i] = sum
	}
	return e
}

// counting is words of so many letters, each of which comes n times: aaabbb, or aaabbbccc. n is up to size, a token between
// words ends one and begins the next. What follows a letter is known from the second letter on. Judged are the last of a letter,
// after which another token comes, and the one before it.
func counting(rng *rand.Rand, size, letters int) example {
	length := 2*letters*size + 1
	e := blank(length)
	var word []int
	for at := 0; at < length; {
		n := 1 + rng.IntN(size)
		word = append(word[:0], 0)
		for letter := 1; letter <= letters; letter++ {
			for range n {
				word = append(word, letter)
			}
		}
		for i, token := range word {
			if at+i >= length {
				break
			}
			e.input[at+i] = token
			if i <= n {
				continue // how many a's come is not known
			}
			e.target[at+i] = append(word, 0)[i+1]
			if left := n - 1 - (i-1)%n; left < 2 {
				e.judged = append(e.judged, at+i)
			}
		}
		at += len(word)
	}
	return e
}

// blank is an example of a length, without answers.
func blank(length int) example {
	e := example{input: make([]int, length), target: make([]int, length)}
	for i := range e.target {
		e.target[i] = skip
	}
	return e
}
