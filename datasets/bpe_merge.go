package datasets

import (
	"container/heap"
	"math"

	"github.com/pkg/errors"
)

const (
	cachedWords   = 1 << 15 // of a scratch
	cachedLength  = 64      // bytes: longer pieces are rarely seen twice
	shortestHeap  = 100     // tokens: above, a heap finds the next merge faster than a search
	noMerge       = math.MaxInt32
	cacheArenaMax = 1 << 18 // ids
)

// bpeScratch is what encoding works with. Each use has its own.
type bpeScratch struct {
	cache map[string][]int32
	arena []int32 // the cache's ids; words stay where they are when it grows
	ids   []int32
	ranks []int32
}

func (b *BPE) getScratch() *bpeScratch {
	if s, ok := b.scratch.Get().(*bpeScratch); ok {
		return s
	}
	return &bpeScratch{cache: map[string][]int32{}}
}

// encodeWord returns a piece's tokens, which hold until the next call.
func (b *BPE) encodeWord(word string, s *bpeScratch) ([]int32, error) {
	if ids, ok := s.cache[word]; ok {
		return ids, nil
	}
	ids := s.ids[:0]
	if id, ok := b.whole[word]; ok && b.wholeFirst {
		ids = append(ids, id)
	} else {
		for i := range len(word) {
			id := b.byteIDs[word[i]]
			if id < 0 {
				return nil, errors.Errorf("datasets: byte %#02x of the text has no token: the encoding was trained without all bytes", word[i])
			}
			ids = append(ids, id)
		}
		ids = b.mergeAll(ids, s)
	}
	s.ids = ids
	if len(word) <= cachedLength {
		s.remember(word, ids)
	}
	return ids, nil
}

// remember stores a word's tokens. A cache that is full starts anew.
func (s *bpeScratch) remember(word string, ids []int32) {
	if len(s.cache) >= cachedWords || len(s.arena)+len(ids) > cacheArenaMax {
		clear(s.cache)
		s.arena = s.arena[:0] // safe: no word is in use between two calls of encodeWord
	}
	from := len(s.arena)
	s.arena = append(s.arena, ids...)
	s.cache[string([]byte(word))] = s.arena[from:len(s.arena):len(s.arena)] // a copy: the text may be large
}

// mergeAll merges the pair of the lowest rank, the leftmost of several, until no two neighbours make a token. It works in
// place.
func (b *BPE) mergeAll(ids []int32, s *bpeScratch) []int32 {
	if len(ids) > shortestHeap {
		return b.mergeByHeap(ids)
	}
	return b.mergeBySearch(ids, s)
}

func (b *BPE) mergeBySearch(ids []int32, s *bpeScratch) []int32 {
	ranks := s.ranks[:0] // ranks[i] is that of ids[i], ids[i+1]
	for i := 0; i+1 < len(ids); i++ {
		ranks = append(ranks, b.rank(ids[i], ids[i+1]))
	}
	s.ranks = ranks
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
		ids[at] = b.merges[pairOf(ids[at], ids[at+1])].id
		ids = append(ids[:at+1], ids[at+2:]...)
		ranks = append(ranks[:at], ranks[at+1:]...)
		if at < len(ranks) {
			ranks[at] = b.rank(ids[at], ids[at+1])
		}
		if at > 0 {
			ranks[at-1] = b.rank(ids[at-1], ids[at])
		}
	}
}

func (b *BPE) rank(left, right int32) int32 {
	if m, ok := b.merges[pairOf(left, right)]; ok {
		return m.rank
	}
	return noMerge
}

// mergeByHeap is mergeAll in O(n log n): the tokens are a doubly linked list, and a heap has the possible merges. An
// entry whose place has changed since is passed over.
func (b *BPE) mergeByHeap(ids []int32) []int32 {
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
		if m, ok := b.merges[pairOf(ids[at], ids[next[at]])]; ok {
			heap.Push(&queue, candidate{m.rank, at, pairOf(ids[at], ids[next[at]]), m.id})
		}
	}
	for i := range n {
		add(i)
	}
	for len(queue) > 0 {
		c := heap.Pop(&queue).(candidate)
		if ids[c.at] < 0 || next[c.at] >= n || pairOf(ids[c.at], ids[next[c.at]]) != c.pair {
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
	pair     pair
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
