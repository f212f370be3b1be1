package models

import (
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/graph"
	"gorgonia.org/tensor"
)

// mostCharacters is how many characters of a word are read: of a longer one, as of a web address, the first half and the
// last half of so many.
const mostCharacters = 16

// Sizes of a batch are rounded up to multiples of these, so that few shapes occur, each of which is compiled.
const (
	roundSteps      = 8
	roundCharacters = 8
	roundSpellings  = 32
)

// readSentences are sentences as ids.
type readSentences struct {
	words     [][]int // of each sentence
	spelt     [][]int // which spelling each word has
	spellings [][]int // the characters of each different word
	tags      [][]int // of each sentence; nil without
}

// read encodes sentences. A word that is empty or not UTF-8 is an error.
func (m *Tagger) read(s Sentences) (*readSentences, error) {
	r := &readSentences{words: make([][]int, s.Len()), spelt: make([][]int, s.Len())}
	known := map[string]int{}
	for i, words := range s.Words {
		r.words[i], r.spelt[i] = make([]int, len(words)), make([]int, len(words))
		for j, word := range words {
			if word == "" {
				return nil, errors.Errorf("%s: word %d is empty", s.Place(i), j+1)
			}
			at, ok := known[word]
			if !ok {
				ids, err := m.characters.Encode(word)
				if err != nil {
					return nil, errors.Wrapf(err, "%s: word %d", s.Place(i), j+1)
				}
				if n := len(ids); n > mostCharacters {
					ids = append(ids[:mostCharacters/2:mostCharacters/2], ids[n-mostCharacters/2:]...)
				}
				at = len(r.spellings)
				known[word], r.spellings = at, append(r.spellings, ids)
			}
			r.spelt[i][j] = at
			ids, err := m.words.EncodeTokens([]string{strings.ToLower(word)})
			if err != nil {
				return nil, errors.Wrapf(err, "%s: word %d", s.Place(i), j+1)
			}
			r.words[i][j] = ids[0]
		}
	}
	return r, nil
}

// tag adds the tags of sentences.
func (m *Tagger) tag(r *readSentences, s Sentences) error {
	if err := s.check(); err != nil {
		return err
	}
	r.tags = make([][]int, s.Len())
	for i, tags := range s.Tags {
		r.tags[i] = make([]int, len(tags))
		for j, tag := range tags {
			id, ok := m.places[tag]
			if !ok {
				return errors.Errorf("%s: word %d has the tag %q; the model knows %s", s.Place(i), j+1, tag, listed(m.tags))
			}
			r.tags[i][j] = id
		}
	}
	return nil
}

// taggerBatches is a train.Source of sentences.
type taggerBatches struct {
	*datasets.Batches
	read   *readSentences
	spells bool
	tagged bool
	hidden *hiding // nil for none
	tokens int
	last   *datasets.Batch
}

// hiding replaces words that the sentences have once by the unknown one, half of the time, so that the network learns what
// to make of words that it does not know (Lample et al., 2016, section 4.1). What is hidden in a batch depends on the pass
// and on the number of the batch alone.
type hiding struct {
	once  []bool // of each word's id
	seed  uint64
	epoch int
}

// batches makes batches of sentences.
func (m *Tagger) batches(r *readSentences, o datasets.Batching, hide bool) (*taggerBatches, error) {
	o.RoundTo, o.Seed = roundSteps, m.config.Seed
	targets := r.tags
	if targets == nil {
		targets = r.words
	}
	b, err := datasets.TaggedBatches(r.words, targets, o)
	if err != nil {
		return nil, err
	}
	s := &taggerBatches{Batches: b, read: r, spells: m.spells(), tagged: r.tags != nil}
	if hide {
		count := make([]int, m.words.Len())
		for _, sentence := range r.words {
			for _, id := range sentence {
				count[id]++
			}
		}
		s.hidden = &hiding{once: make([]bool, len(count)), seed: m.config.Seed}
		for id, n := range count {
			s.hidden.once[id] = n == 1
		}
	}
	return s, nil
}

// SetEpoch has the next Seek begin in that pass.
func (s *taggerBatches) SetEpoch(epoch int) {
	s.Batches.SetEpoch(epoch)
	if s.hidden != nil {
		s.hidden.epoch = epoch
	}
}

// Tokens is the number of words in the batch.
func (s *taggerBatches) Tokens() int { return s.tokens }

// Next returns the inputs of Tagger.Loss, or those of Tagger.Emissions if there are no tags.
func (s *taggerBatches) Next() ([]*tensor.Dense, bool) {
	number := s.Position()
	b, ok := s.Batches.Next()
	if !ok {
		return nil, false
	}
	s.last, s.tokens = b, 0
	for _, n := range b.Lengths {
		s.tokens += n
	}
	n := len(b.Examples)
	if s.hidden != nil {
		s.hidden.hide(b.Inputs, number)
	}
	out := []*tensor.Dense{graph.Ints(b.Inputs, b.Steps, n), graph.Ints(b.Lengths)}
	if s.spells {
		out = append(out, s.spelt(b)...)
	}
	if s.tagged {
		out = append(out, graph.Ints(b.Targets, b.Steps, n))
	}
	return out, true
}

func (h *hiding) hide(ids []int, batch int) {
	r := rand.New(rand.NewPCG(h.seed^0x5851f42d4c957f2d, uint64(h.epoch)<<32|uint64(batch)))
	for i, id := range ids {
		if h.once[id] && r.IntN(2) == 0 {
			ids[i] = unknownID
		}
	}
}

// spelt are the different spellings of a batch's words, their lengths, and which of them each word has.
func (s *taggerBatches) spelt(b *datasets.Batch) []*tensor.Dense {
	n := len(b.Examples)
	places := make([]int, b.Steps*n)
	at := map[int]int{}
	var used []int
	longest := 1
	for k, example := range b.Examples {
		for t, spelling := range s.read.spelt[example] {
			place, ok := at[spelling]
			if !ok {
				place = len(used)
				at[spelling], used = place, append(used, spelling)
				longest = max(longest, len(s.read.spellings[spelling]))
			}
			places[t*n+k] = place
		}
	}
	steps, count := up(longest, roundCharacters), up(max(len(used), 1), roundSpellings)
	ids, lengths := make([]int, steps*count), make([]int, count)
	for j, spelling := range used {
		lengths[j] = len(s.read.spellings[spelling])
		for i, id := range s.read.spellings[spelling] {
			ids[i*count+j] = id
		}
	}
	return []*tensor.Dense{graph.Ints(ids, steps, count), graph.Ints(lengths), graph.Ints(places, b.Steps, n)}
}

// up is the next multiple of a number.
func up(n, unit int) int { return (n + unit - 1) / unit * unit }
