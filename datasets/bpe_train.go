package datasets

import (
	"container/heap"
	"io"
	"sort"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/internal/subword"
	"golang.org/x/text/unicode/norm"
)

// BPETrainer makes a byte-pair encoding from a text. Its zero value, with a Size, makes GPT-2's kind.
type BPETrainer struct {
	Size        int      // tokens wanted: at least 256, one for each byte, and those of Special
	MinCount    int      // merge only pairs that are there this often; 0 for any
	Special     []string // tokens that no text is cut into, such as "<|endoftext|>"; they have the first ids
	Compose     bool     // bring texts to normalisation form C first
	PrefixSpace bool     // put a space before a text that does not begin with one
}

// Train makes an encoding from a text. Pairs are merged in the order of falling counts, equal ones in the order of
// their ids: the same text gives the same encoding, and the one that the Python package's BpeTrainer gives. A small text
// may have fewer than Size tokens in it.
func (t BPETrainer) Train(text string) (*BPE, error) { return t.TrainFrom(strings.NewReader(text)) }

// TrainFrom makes an encoding from a text that is read in parts. It keeps the distinct words of the text in memory.
func (t BPETrainer) TrainFrom(r io.Reader) (*BPE, error) {
	b, err := t.bytesOnly()
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	parts := newTextParts(r, "the text to train on", b.cut)
	first := true
	for parts.next() {
		b.countWords(parts.text, first, count)
		first = false
	}
	if parts.err != nil {
		return nil, parts.err
	}
	if len(count) == 0 {
		return nil, errors.New("datasets: a byte-pair encoding of an empty text")
	}
	l := newBPELearner(b, count)
	for len(l.tokens) < t.Size && l.mergeOnce(max(1, t.MinCount)) {
	}
	b.set(l.tokens, l.merges)
	return b, b.setAdded(b.added)
}

// bytesOnly is the encoding without merges.
func (t BPETrainer) bytesOnly() (*BPE, error) {
	if least := 256 + len(t.Special); t.Size < least {
		return nil, errors.Errorf("datasets: a byte-pair encoding of %d tokens; want at least %d: 256 bytes and %d special tokens",
			t.Size, least, len(t.Special))
	}
	var tokens []string
	seen := map[string]bool{}
	for i, s := range t.Special {
		if s == "" || seen[s] || notUTF8(s) != "" {
			return nil, errors.Errorf("datasets: special token %d, %q, is empty, doubled or not UTF-8", i, s)
		}
		seen[s] = true
		tokens = append(tokens, s)
	}
	for _, c := range alphabet {
		s := toPrintable(string([]byte{c}))
		if seen[s] {
			return nil, errors.Errorf("datasets: special token %q is what a byte is written as", s)
		}
		tokens = append(tokens, s)
	}
	b := &BPE{compose: t.Compose, prefixSpace: t.PrefixSpace, offsets: offsetParts{trim: true}}
	b.set(tokens, nil)
	added := make([]subword.Added, len(t.Special))
	for i, s := range t.Special {
		added[i] = subword.Added{ID: i, Content: s, Special: true}
	}
	return b, b.setAdded(added)
}

// countWords counts the pieces of a text that pairs are counted in. Special tokens in the text are none.
func (b *BPE) countWords(text string, first bool, count map[string]int) {
	b.raw.Split(text, func(piece string, id int) {
		if id >= 0 {
			first = true
			return
		}
		if b.compose {
			piece = norm.NFC.String(piece)
		}
		if b.prefixSpace && first && piece[0] != ' ' {
			piece = " " + piece
		}
		for len(piece) > 0 {
			n := nextPiece(piece)
			if c, ok := count[piece[:n]]; ok {
				count[piece[:n]] = c + 1
			} else {
				count[strings.Clone(piece[:n])] = 1
			}
			piece = piece[n:]
		}
	})
}

// bpeLearner finds merges. It keeps the count of every pair up to date, and the words that it may be in.
type bpeLearner struct {
	tokens []string
	ids    map[string]int32
	merges []subword.Pair
	words  [][]int32
	counts []int // of the words
	pairs  map[subword.Pair]int
	where  map[subword.Pair][]int32 // words, some more than once, some of the past
	queue  countQueue
}

func newBPELearner(b *BPE, count map[string]int) *bpeLearner {
	l := &bpeLearner{tokens: b.tokens, ids: map[string]int32{}, pairs: map[subword.Pair]int{}, where: map[subword.Pair][]int32{}}
	for id, t := range b.tokens {
		l.ids[t] = int32(id)
	}
	texts := make([]string, 0, len(count))
	for w := range count {
		texts = append(texts, w)
	}
	sort.Strings(texts)
	for k, w := range texts {
		ids := make([]int32, len(w))
		for i := range ids {
			ids[i] = b.byteIDs[w[i]]
			if i > 0 {
				p := subword.PairOf(ids[i-1], ids[i])
				l.pairs[p] += count[w]
				l.where[p] = append(l.where[p], int32(k))
			}
		}
		l.words, l.counts = append(l.words, ids), append(l.counts, count[w])
	}
	for p, n := range l.pairs {
		l.queue = append(l.queue, counted{p, n})
	}
	heap.Init(&l.queue)
	return l
}

// mergeOnce makes a token of the most frequent pair. It returns false if there is none with the count least.
func (l *bpeLearner) mergeOnce(least int) bool {
	for len(l.queue) > 0 {
		top := heap.Pop(&l.queue).(counted)
		if now := l.pairs[top.pair]; now != top.count { // it lost occurrences since
			if now > 0 {
				heap.Push(&l.queue, counted{top.pair, now})
			}
			continue
		}
		if top.count < least {
			return false
		}
		l.merge(top.pair)
		return true
	}
	return false
}

// merge joins a pair in all words.
func (l *bpeLearner) merge(p subword.Pair) {
	left, right := p.Split()
	text := l.tokens[left] + l.tokens[right]
	id, ok := l.ids[text] // two ways to the same text make one token
	if !ok {
		id = int32(len(l.tokens))
		l.tokens, l.ids[text] = append(l.tokens, text), id
	}
	l.merges = append(l.merges, p)
	grown := map[subword.Pair]bool{}
	last := int32(-1)
	for _, k := range l.where[p] {
		if k != last { // occurrences in one word are neighbours here
			l.mergeWord(k, p, id, grown)
		}
		last = k
	}
	delete(l.where, p)
	delete(l.pairs, p)
	for q := range grown {
		if n := l.pairs[q]; n > 0 {
			heap.Push(&l.queue, counted{q, n})
		}
	}
}

// mergeWord joins a pair in a word and moves the counts of the pairs beside it.
func (l *bpeLearner) mergeWord(k int32, p subword.Pair, id int32, grown map[subword.Pair]bool) {
	left, right := p.Split()
	word, n := l.words[k], l.counts[k]
	out := word[:0]
	more := func(q subword.Pair) {
		l.pairs[q] += n
		l.where[q] = append(l.where[q], k)
		grown[q] = true
	}
	for i := 0; i < len(word); i++ {
		if i+1 == len(word) || word[i] != left || word[i+1] != right {
			out = append(out, word[i])
			continue
		}
		if len(out) > 0 {
			before := out[len(out)-1]
			l.pairs[subword.PairOf(before, left)] -= n
			more(subword.PairOf(before, id))
		}
		if i+2 < len(word) {
			after := word[i+2]
			l.pairs[subword.PairOf(right, after)] -= n
			more(subword.PairOf(id, after))
		}
		out = append(out, id)
		i++
	}
	l.words[k] = out
}

// counted is a pair and its count when it was put in the queue.
type counted struct {
	pair  subword.Pair
	count int
}

// countQueue gives out the pair of the highest count, of several the one of the lowest ids.
type countQueue []counted

func (q countQueue) Len() int { return len(q) }
func (q countQueue) Less(i, j int) bool {
	return q[i].count > q[j].count || q[i].count == q[j].count && q[i].pair < q[j].pair
}
func (q countQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *countQueue) Push(x any)   { *q = append(*q, x.(counted)) }
func (q *countQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
