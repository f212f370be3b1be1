package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/internal/subword"
)

// modelFields are the fields of all models.
type modelFields struct {
	Type         string            `json:"type"`
	Dropout      *float64          `json:"dropout"`
	Unknown      *string           `json:"unk_token"`
	UnknownID    *int              `json:"unk_id"`
	Prefix       *string           `json:"continuing_subword_prefix"`
	Suffix       *string           `json:"end_of_word_suffix"`
	FuseUnknown  bool              `json:"fuse_unk"`
	ByteFallback bool              `json:"byte_fallback"`
	IgnoreMerges bool              `json:"ignore_merges"`
	Longest      int               `json:"max_input_chars_per_word"`
	Vocab        json.RawMessage   `json:"vocab"`
	Merges       []subword.Written `json:"merges"`
}

// read makes the model, and lists its tokens by id.
func (f modelFields) read() (model, []string, error) {
	if f.Type == "Unigram" || f.Type == "" && bytes.HasPrefix(bytes.TrimSpace(f.Vocab), []byte("[")) {
		return f.unigram()
	}
	var ids map[string]int
	if err := json.Unmarshal(f.Vocab, &ids); err != nil || len(ids) == 0 {
		return nil, nil, errors.New("vocab: want an object of tokens and their ids")
	}
	most := 0
	for token, id := range ids {
		if id < 0 || id >= mostTokens {
			return nil, nil, errors.Errorf("vocab: token %q has id %d; want 0 to %d", token, id, mostTokens-1)
		}
		most = max(most, id)
	}
	tokens := make([]string, most+1)
	for token, id := range ids {
		if tokens[id] != "" {
			return nil, nil, errors.Errorf("vocab: tokens %q and %q have the same id, %d", tokens[id], token, id)
		}
		tokens[id] = token
	}
	unknown := -1
	if f.Unknown != nil {
		if id, ok := ids[*f.Unknown]; ok {
			unknown = id
		} else if f.Type == "WordPiece" || f.Type == "WordLevel" {
			return nil, nil, errors.Errorf("unk_token %q is not in the vocabulary", *f.Unknown)
		}
	}
	switch f.Type {
	case "BPE", "":
		m, err := f.bpe(ids, unknown)
		return m, tokens, err
	case "WordPiece":
		prefix, longest := "##", 100
		if f.Prefix != nil {
			prefix = *f.Prefix
		}
		if f.Longest > 0 {
			longest = f.Longest
		}
		return &wordPiece{ids, prefix, longest, unknown}, tokens, nil
	case "WordLevel":
		return &wordLevel{ids, unknown}, tokens, nil
	}
	return nil, nil, errors.Errorf("the type %q is not supported; want BPE, Unigram, WordPiece or WordLevel", f.Type)
}

// byteIDs are the ids of the tokens <0x00> to <0xFF>, -1 where there is none.
func byteIDs(ids map[string]int) (out [256]int32) {
	for i := range out {
		out[i] = -1
		if id, ok := ids[fmt.Sprintf("<0x%02X>", i)]; ok {
			out[i] = int32(id)
		}
	}
	return out
}

// bpe is byte-pair encoding over characters, which may be those that stand for bytes.
type bpe struct {
	ids            map[string]int
	merges         subword.Merges
	prefix, suffix string
	unknown        int // -1 for none
	fuse           bool
	bytes          [256]int32 // of characters that are no tokens
	fallback       bool
	whole          bool // a word that is a token is not merged together
}

func (f modelFields) bpe(ids map[string]int, unknown int) (*bpe, error) {
	if f.Dropout != nil && *f.Dropout != 0 {
		return nil, errors.Errorf("dropout %g is not supported; want none", *f.Dropout)
	}
	m := &bpe{
		ids: ids, merges: make(subword.Merges, len(f.Merges)), unknown: unknown,
		fuse: f.FuseUnknown, fallback: f.ByteFallback, whole: f.IgnoreMerges,
	}
	if f.Prefix != nil {
		m.prefix = *f.Prefix
	}
	if f.Suffix != nil {
		m.suffix = *f.Suffix
	}
	if m.fallback {
		m.bytes = byteIDs(ids)
	}
	for rank, two := range f.Merges {
		left, ok := ids[two[0]]
		right, ok2 := ids[two[1]]
		id, ok3 := ids[two[0]+strings.TrimPrefix(two[1], m.prefix)]
		if !ok || !ok2 || !ok3 {
			return nil, errors.Errorf("merges: merge %d, %q and %q: one of them or the two together are not in the vocabulary", rank, two[0], two[1])
		}
		p := subword.PairOf(int32(left), int32(right))
		m.merges[p] = subword.Merge{Rank: int32(rank), ID: int32(id)} // of two with one pair the last counts
	}
	return m, nil
}

func (m *bpe) encode(out []int, word string) ([]int, error) {
	if m.whole {
		if id, ok := m.ids[word]; ok {
			return append(out, id), nil
		}
	}
	ids := make([]int32, 0, len(word))
	lastUnknown := false
	for at, r := range word {
		n := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, n = utf8.DecodeRuneInString(word[at:])
		}
		token := word[at : at+n]
		if at > 0 {
			token = m.prefix + token
		}
		if at+n == len(word) {
			token += m.suffix
		}
		if id, ok := m.ids[token]; ok {
			ids, lastUnknown = append(ids, int32(id)), false
			continue
		}
		if m.fallback && m.allBytes(word[at:at+n]) {
			for i := at; i < at+n; i++ {
				ids = append(ids, m.bytes[word[i]])
			}
			lastUnknown = false
			continue
		}
		if m.unknown >= 0 {
			if !m.fuse || !lastUnknown {
				ids = append(ids, int32(m.unknown))
			}
			lastUnknown = true
		}
	}
	var room []int32
	for _, id := range m.merges.All(ids, &room) {
		out = append(out, int(id))
	}
	return out, nil
}

func (m *bpe) allBytes(s string) bool {
	for i := range len(s) {
		if m.bytes[s[i]] < 0 {
			return false
		}
	}
	return true
}

// wordPiece takes the longest token that a word begins with, and so on (Wu et al., 2016, arXiv 1609.08144).
type wordPiece struct {
	ids     map[string]int
	prefix  string
	longest int // characters of a word
	unknown int
}

func (m *wordPiece) encode(out []int, word string) ([]int, error) {
	if m.unknown < 0 {
		return nil, errors.New("tokenizer: WordPiece has no unk_token")
	}
	if utf8.RuneCountInString(word) > m.longest {
		return append(out, m.unknown), nil
	}
	was := len(out)
	for at := 0; at < len(word); {
		end := len(word)
		for ; end > at; end-- {
			if end < len(word) && !utf8.RuneStart(word[end]) {
				continue
			}
			token := word[at:end]
			if at > 0 {
				token = m.prefix + token
			}
			if id, ok := m.ids[token]; ok {
				out = append(out, id)
				break
			}
		}
		if end == at {
			return append(out[:was], m.unknown), nil
		}
		at = end
	}
	return out, nil
}

// wordLevel has a token for each word.
type wordLevel struct {
	ids     map[string]int
	unknown int
}

func (m *wordLevel) encode(out []int, word string) ([]int, error) {
	if id, ok := m.ids[word]; ok {
		return append(out, id), nil
	}
	if m.unknown < 0 {
		return nil, errors.Errorf("tokenizer: the word %q has no token, and there is no unk_token", word)
	}
	return append(out, m.unknown), nil
}

// unigram takes the likeliest of all ways to cut a word into tokens (Kudo, 2018, arXiv 1804.10959).
type unigram struct {
	ids      map[string]int
	scores   []float64
	longest  int // bytes of a token
	least    float64
	unknown  int // -1 for none
	bytes    [256]int32
	fallback bool
	single   bool // sums of scores are kept in 32 bits, and unknown characters in a row never become a token
}

func (f modelFields) unigram() (model, []string, error) {
	var list [][]any
	if err := json.Unmarshal(f.Vocab, &list); err != nil || len(list) == 0 {
		return nil, nil, errors.New("vocab: want a list of tokens and their scores")
	}
	m := &unigram{ids: make(map[string]int, len(list)), least: math.Inf(1), unknown: -1, fallback: f.ByteFallback}
	tokens := make([]string, len(list))
	for id, pair := range list {
		if len(pair) != 2 {
			return nil, nil, errors.Errorf("vocab: token %d has %d values; want a text and a score", id, len(pair))
		}
		token, ok := pair[0].(string)
		score, ok2 := pair[1].(float64)
		if !ok || !ok2 {
			return nil, nil, errors.Errorf("vocab: token %d is %v; want a text and a score", id, pair)
		}
		tokens[id], m.ids[token] = token, id
		m.scores = append(m.scores, score)
		m.longest, m.least = max(m.longest, len(token)), min(m.least, score)
	}
	if f.UnknownID != nil {
		if m.unknown = *f.UnknownID; m.unknown < 0 || m.unknown >= len(list) {
			return nil, nil, errors.Errorf("unk_id %d; want 0 to %d", m.unknown, len(list)-1)
		}
	}
	m.bytes = byteIDs(m.ids)
	return m, tokens, nil
}

// penalty is how much less likely than the least likely token an unknown character is.
const penalty = 10

// node is the best way to the end of a piece.
type node struct {
	from, id int
	score    float64
	there    bool
}

func (m *unigram) encode(out []int, word string) ([]int, error) {
	best := make([]node, len(word)+1)
	reach := func(at int, n node) {
		if !best[at].there || n.score > best[at].score {
			n.score = m.rounded(n.score)
			best[at] = n
		}
	}
	for at := 0; at < len(word); {
		_, n := utf8.DecodeRuneInString(word[at:])
		single, so := false, best[at].score
		for end := at + 1; end <= min(len(word), at+m.longest); end++ {
			if id, ok := m.ids[word[at:end]]; ok {
				reach(end, node{at, id, so + m.scores[id], true})
				single = single || end == at+n
			}
		}
		if !single {
			if m.unknown < 0 {
				return nil, errors.Errorf("tokenizer: the character %q has no token, and there is no unk_id", word[at:at+n])
			}
			reach(at+n, node{at, m.unknown, m.rounded(so + m.rounded(m.least-penalty)), true})
		}
		at += n
	}
	var pieces []span // from the last to the first; unknown ones in a row are one
	for end := len(word); end > 0; end = best[end].from {
		n := best[end]
		unknown := n.id == m.unknown
		if k := len(pieces) - 1; unknown && k >= 0 && pieces[k].match {
			pieces[k].start = n.from
			continue
		}
		pieces = append(pieces, span{n.from, end, unknown})
	}
	for _, p := range slices.Backward(pieces) {
		out = m.piece(out, word[p.start:p.end], p.match)
	}
	return out, nil
}

// rounded is a sum as it is kept.
func (m *unigram) rounded(score float64) float64 {
	if m.single {
		return float64(float32(score))
	}
	return score
}

// piece appends the id of a piece, or of its bytes, or the unknown one.
func (m *unigram) piece(out []int, piece string, unknown bool) []int {
	if id, ok := m.ids[piece]; ok && (!unknown || !m.single) {
		return append(out, id)
	}
	if !m.fallback || slices.ContainsFunc([]byte(piece), func(b byte) bool { return m.bytes[b] < 0 }) {
		return append(out, m.unknown)
	}
	for i := range len(piece) {
		out = append(out, int(m.bytes[piece[i]]))
	}
	return out
}
