package tokenizer

import (
	"container/heap"
	"math"
	"sort"
	"strings"
	"unicode/utf8"
)

// normalized is the text that pieces are found in: characters replaced by the table, spaces squeezed and written as U+2581. With
// begins it has the space that stands before a text.
func (t *SentencePiece) normalized(text string, begins bool) string {
	s := t.settings.normal
	if s.squeeze {
		for text != "" {
			with, n := t.replaced(text)
			if with != " " {
				break
			}
			text = text[n:]
		}
	}
	if text == "" {
		return ""
	}
	blank := s.blank()
	var out strings.Builder
	if begins && s.prefix && !t.settings.suffix {
		out.WriteString(blank)
	}
	for after := s.squeeze; text != ""; { // after a space
		with, n := t.replaced(text)
		text = text[n:]
		if after {
			with = strings.TrimLeft(with, " ")
		}
		if with != "" {
			out.WriteString(strings.ReplaceAll(with, " ", blank))
			after = s.squeeze && strings.HasSuffix(with, " ")
		}
	}
	done := out.String()
	for s.squeeze && strings.HasSuffix(done, blank) {
		done = strings.TrimSuffix(done, blank)
	}
	if s.prefix && t.settings.suffix {
		done += blank
	}
	return done
}

// replaced is what stands for the first bytes of a text, and how many: those of a piece that a user has defined, of the longest
// entry of the table, or of a character.
func (t *SentencePiece) replaced(text string) (with string, n int) {
	if n := t.defined.longest(text); n > 0 {
		return text[:n], n
	}
	if with, n := t.table.longest(text); n > 0 {
		return with, n
	}
	r, n := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError {
		return "\uFFFD", n
	}
	return text[:n], n
}

// prefixes are texts, by their first bytes, the longest first.
type prefixes [256][]string

func prefixesOf(texts []string) (out prefixes) {
	sort.SliceStable(texts, func(i, j int) bool { return len(texts[i]) > len(texts[j]) })
	for _, s := range texts {
		out[s[0]] = append(out[s[0]], s)
	}
	return out
}

// longest is how many bytes of a text are one of the prefixes; 0 for none.
func (p *prefixes) longest(text string) int {
	for _, s := range p[text[0]] {
		if strings.HasPrefix(text, s) {
			return len(s)
		}
	}
	return 0
}

// unigram is the model of the scores, which are summed in 32 bits as SentencePiece does, so that ties fall as they do there.
func (t *SentencePiece) unigram() *unigram {
	m := &unigram{
		ids: make(map[string]int, len(t.ids)), scores: make([]float64, len(t.pieces)), unknown: t.unknown,
		bytes: t.bytes, fallback: t.settings.fallback, single: true,
	}
	least, most := float32(math.MaxFloat32), float32(0x1p-126)
	for _, p := range t.pieces {
		if p.kind == normalPiece {
			least, most = min(least, p.score), max(most, p.score)
		}
	}
	m.least = float64(least)
	for id, p := range t.pieces {
		switch p.kind {
		case normalPiece:
			m.scores[id] = float64(p.score)
		case definedPiece: // better than any other
			m.scores[id] = float64(float32(len(p.text))*most) - 0.1
		default:
			continue
		}
		m.ids[p.text], m.longest = id, max(m.longest, len(p.text))
	}
	return m
}

// spacesBegin tells whether no piece has a space after another character. Then nothing is ever merged across the beginning of a
// word, and words can be taken one by one.
func (t *SentencePiece) spacesBegin() bool {
	for text := range t.ids {
		if strings.Contains(strings.TrimLeft(text, space), space) {
			return false
		}
	}
	return true
}

// pieceMerges is SentencePiece's byte-pair encoding: two neighbours are joined if both together are a piece, the best score first,
// and the leftmost of several.
type pieceMerges struct {
	t     *SentencePiece
	apart bool // words can be taken one by one
}

// symbol is a part of the text, in a doubly linked list.
type symbol struct {
	start, end     int // of the text; equal once it is joined to another
	previous, next int // -1 for none
	frozen         bool
}

// joint is two neighbours that were a piece when they were found.
type joint struct {
	left, right int
	score       float32
	size        int // of both, in bytes
}

type joints []joint

func (q joints) Len() int { return len(q) }
func (q joints) Less(i, j int) bool {
	return q[i].score > q[j].score || q[i].score == q[j].score && q[i].left < q[j].left
}
func (q joints) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *joints) Push(x any)   { *q = append(*q, x.(joint)) }
func (q *joints) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

func (m *pieceMerges) encode(out []int, text string) ([]int, error) {
	lastUnknown := false
	add := func(id int, text string) {
		unknown := id == m.t.unknown
		switch {
		case unknown && m.t.settings.fallback:
			for i := range len(text) {
				out = append(out, int(m.t.bytes[text[i]]))
			}
		case !unknown || !lastUnknown: // unknown ones in a row are one
			out = append(out, id)
		}
		lastUnknown = unknown
	}
	for text != "" {
		n := len(text)
		if m.apart {
			n = wordEnd(text)
		}
		m.word(text[:n], add)
		text = text[n:]
	}
	return out, nil
}

// wordEnd is where the first space after another character begins.
func wordEnd(text string) int {
	from := 0
	for strings.HasPrefix(text[from:], space) {
		from += len(space)
	}
	if at := strings.Index(text[from:], space); at > 0 {
		return from + at
	}
	return len(text)
}

// word gives the pieces of a text.
func (m *pieceMerges) word(text string, give func(id int, text string)) {
	list, queue := m.symbols(text), joints{}
	parts := map[string]int{} // of pieces that are merged through, but never used: where their second halves begin
	add := func(left, right int) {
		if left < 0 || right < 0 || list[left].frozen || list[right].frozen {
			return
		}
		a, b := list[left], list[right]
		both := text[a.start:b.end]
		id, ok := m.t.ids[both]
		if !ok {
			return
		}
		heap.Push(&queue, joint{left, right, m.t.pieces[id].score, len(both)})
		if m.t.pieces[id].kind == unusedPiece {
			parts[both] = a.end - a.start
		}
	}
	for i := 1; i < len(list); i++ {
		add(i-1, i)
	}
	for len(queue) > 0 {
		j := heap.Pop(&queue).(joint)
		a, b := &list[j.left], &list[j.right]
		if a.start == a.end || b.start == b.end || a.end-a.start+b.end-b.start != j.size {
			continue
		}
		a.end, a.next, b.start = b.end, b.next, b.end
		if a.next >= 0 {
			list[a.next].previous = j.left
		}
		add(a.previous, j.left)
		add(j.left, a.next)
	}
	for i := 0; i >= 0; i = list[i].next {
		m.give(text[list[i].start:list[i].end], parts, give)
	}
}

// symbols are the characters of a text, and the pieces that a user has defined, which stay whole.
func (m *pieceMerges) symbols(text string) []symbol {
	list := make([]symbol, 0, utf8.RuneCountInString(text))
	for at := 0; at < len(text); {
		n := m.t.defined.longest(text[at:])
		frozen := n > 0
		if !frozen {
			_, n = utf8.DecodeRuneInString(text[at:])
		}
		list = append(list, symbol{at, at + n, len(list) - 1, len(list) + 1, frozen})
		at += n
	}
	list[len(list)-1].next = -1
	return list
}

// give gives a piece, or the two that an unused one was merged of; a character that is unused is unknown.
func (m *pieceMerges) give(text string, parts map[string]int, give func(id int, text string)) {
	id, ok := m.t.ID(text)
	if !ok {
		id = m.t.unknown
	}
	if m.t.pieces[id].kind == unusedPiece {
		if half, ok := parts[text]; ok {
			m.give(text[:half], parts, give)
			m.give(text[half:], parts, give)
			return
		}
		id = m.t.unknown
	}
	give(id, text)
}
