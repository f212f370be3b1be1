// Package subword has what tokenizers of pieces of words have in common: merging pairs of tokens, and finding tokens that were
// added to a text's.
package subword

import (
	"container/heap"
	"math"
)

// Pair is two neighbouring tokens: left in the upper half.
type Pair uint64

// PairOf is the pair of two tokens.
func PairOf(left, right int32) Pair { return Pair(uint32(left))<<32 | Pair(uint32(right)) }

// Split are the two tokens.
func (p Pair) Split() (left, right int32) { return int32(p >> 32), int32(uint32(p)) }

// Merge is what a pair becomes. Lower ranks go first.
type Merge struct{ Rank, ID int32 }

// Merges are all merges of a byte-pair encoding (Sennrich et al., 2016).
type Merges map[Pair]Merge

const (
	shortestHeap = 100 // tokens: above, a heap finds the next merge faster than a search
	noMerge      = math.MaxInt32
)

// All merges the pair of the lowest rank, the leftmost of several, until no two neighbours make a token. It works in place;
// ranks is room that it may use.
func (m Merges) All(ids []int32, ranks *[]int32) []int32 {
	if len(ids) > shortestHeap {
		return m.ByHeap(ids)
	}
	return m.BySearch(ids, ranks)
}

// BySearch is All for short words.
func (m Merges) BySearch(ids []int32, room *[]int32) []int32 {
	ranks := (*room)[:0] // ranks[i] is that of ids[i], ids[i+1]
	for i := 0; i+1 < len(ids); i++ {
		ranks = append(ranks, m.rank(ids[i], ids[i+1]))
	}
	*room = ranks
	for {
		best, at := int32(noMerge), -1
		for i, r := range ranks {
			if r < best {
				best, at = r, i
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = m[PairOf(ids[at], ids[at+1])].ID
		ids = append(ids[:at+1], ids[at+2:]...)
		ranks = append(ranks[:at], ranks[at+1:]...)
		if at < len(ranks) {
			ranks[at] = m.rank(ids[at], ids[at+1])
		}
		if at > 0 {
			ranks[at-1] = m.rank(ids[at-1], ids[at])
		}
	}
}

func (m Merges) rank(left, right int32) int32 {
	if m, ok := m[PairOf(left, right)]; ok {
		return m.Rank
	}
	return noMerge
}

// ByHeap is All in O(n log n): the tokens are a doubly linked list, and a heap has the possible merges. An entry whose place has
// changed since is passed over.
func (m Merges) ByHeap(ids []int32) []int32 {
	n := int32(len(ids))
	next, previous := make([]int32, n), make([]int32, n)
	for i := range n {
		next[i], previous[i] = i+1, i-1
	}
	queue := mergeQueue{}
	add := func(at int32) {
		if at < 0 || next[at] >= n {
			return
		}
		if m, ok := m[PairOf(ids[at], ids[next[at]])]; ok {
			heap.Push(&queue, candidate{m.Rank, at, PairOf(ids[at], ids[next[at]]), m.ID})
		}
	}
	for i := range n {
		add(i)
	}
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		if ids[c.at] < 0 || next[c.at] >= n || PairOf(ids[c.at], ids[next[c.at]]) != c.pair {
			continue
		}
		gone := next[c.at]
		ids[c.at], ids[gone] = c.id, -1
		next[c.at] = next[gone]
		if next[gone] < n {
			previous[next[gone]] = c.at
		}
		add(c.at)
		add(previous[c.at])
	}
	out := ids[:0]
	for i := int32(0); i < n; i = next[i] {
		out = append(out, ids[i]) // never ahead of what is still to be read
	}
	return out
}

// candidate is a merge that was possible when it was found.
type candidate struct {
	rank, at int32
	pair     Pair
	id       int32
}

type mergeQueue []candidate

func (q mergeQueue) Len() int { return len(q) }
func (q mergeQueue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].at < q[j].at
}
func (q mergeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *mergeQueue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *mergeQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
