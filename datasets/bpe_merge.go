package datasets

import "github.com/pkg/errors"

const (
	cachedWords   = 1 << 15 // of a scratch
	cachedLength  = 64      // bytes: longer pieces are rarely seen twice
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
		ids = b.merges.All(ids, &s.ranks)
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
