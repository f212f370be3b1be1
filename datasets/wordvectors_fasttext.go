package datasets

import (
	"bufio"
	"encoding/binary"
	"io"
	"strings"

	"github.com/pkg/errors"
)

// fastTextMagic begins a .bin file of fastText, see src/fasttext.cc there.
const fastTextMagic = 793712314

// fastTextArgs are the settings of a model, in the order of its file.
type fastTextArgs struct {
	Magic, Version                                             int32
	Dim, Window, Epoch, MinCount, Neg, WordNgrams, Loss, Model int32
	Bucket, Minn, Maxn, LRUpdateRate                           int32
	T                                                          float64
	Size, Words, Labels                                        int32 // of the dictionary
	Tokens, Pruned                                             int64 // Pruned is below 0 where no n-gram was left out
}

const (
	fastTextVersion    = 12
	fastTextSupervised = 3
	endOfSentence      = "</s>" // has no parts
)

// fastText reads a model: its dictionary, then the rows of its input matrix that the words need. A word's vector is the mean
// of its row, if the dictionary has it, and the rows of its n-grams.
func (s *vectorSearch) fastText(r *bufio.Reader) error {
	s.out.Format = "fastText binary"
	var a fastTextArgs
	if err := binary.Read(r, binary.LittleEndian, &a); err != nil {
		return cutOff(err, "in its settings")
	}
	if a.Version > fastTextVersion || a.Version < 11 {
		return errors.Errorf("fastText's format %d; want 11 or %d", a.Version, fastTextVersion)
	}
	if a.Version == 11 && a.Model == fastTextSupervised {
		a.Maxn = 0 // had no n-grams of letters
	}
	if err := s.width(int(a.Dim)); err != nil {
		return err
	}
	if a.Size < 0 || a.Words < 0 || a.Words > a.Size || a.Minn < 0 || a.Bucket < 0 || a.Maxn > 0 && a.Bucket == 0 {
		return errors.Errorf("its settings make no sense: %d entries with %d words, %d buckets for n-grams of %d to %d letters",
			a.Size, a.Words, a.Bucket, a.Minn, a.Maxn)
	}
	if a.Maxn > 0 && a.Maxn > 1000 {
		return errors.Errorf("n-grams of up to %d letters; want 1000 at most", a.Maxn)
	}
	ids, err := s.dictionary(r, a)
	if err != nil {
		return err
	}
	pruned, err := prunedBuckets(r, a)
	if err != nil {
		return err
	}
	var quantised [1]byte
	var shape [2]int64
	if _, err := io.ReadFull(r, quantised[:]); err != nil {
		return cutOff(err, "before its vectors")
	}
	if quantised[0] != 0 {
		return errors.New("a quantised model of fastText (.ftz); want the .bin that it was made from")
	}
	if err := binary.Read(r, binary.LittleEndian, &shape); err != nil {
		return cutOff(err, "before its vectors")
	}
	if shape[0] < int64(a.Words) || shape[0] > int64(a.Words)+int64(a.Bucket) || shape[1] != int64(a.Dim) {
		return errors.Errorf("its matrix is %d x %d; want %d x %d", shape[0], shape[1], int64(a.Words)+int64(a.Bucket), a.Dim)
	}
	needs := make([][]int64, len(s.words))
	for i, w := range s.words {
		needs[i], s.rank[i] = s.rowsOf(w, ids, pruned, a)
	}
	return s.means(r, needs, shape[0])
}

// dictionary reads the words of a model, and returns the numbers of those that are looked for.
func (s *vectorSearch) dictionary(r *bufio.Reader, a fastTextArgs) (map[string]int64, error) {
	ids := map[string]int64{}
	var entry struct {
		Count int64
		Label int8
	}
	at := int64(0)
	for i := range a.Size {
		word, err := r.ReadSlice(0)
		if err != nil {
			return nil, cutOff(err, "at entry %d of %d of its dictionary", i+1, a.Size)
		}
		name := string(word[:len(word)-1])
		if err := binary.Read(r, binary.LittleEndian, &entry); err != nil {
			return nil, cutOff(err, "at entry %d of %d of its dictionary", i+1, a.Size)
		}
		if entry.Label != 0 {
			continue
		}
		if _, twice := ids[name]; !twice && s.wants(name) {
			ids[name] = at
		}
		at++
	}
	if at != int64(a.Words) {
		return nil, errors.Errorf("its dictionary has %d words; it says %d", at, a.Words)
	}
	return ids, nil
}

// prunedBuckets reads which n-grams a model has kept, and where; nil if all.
func prunedBuckets(r *bufio.Reader, a fastTextArgs) (map[int32]int32, error) {
	if a.Pruned < 0 {
		return nil, nil
	}
	out := map[int32]int32{}
	for i := range a.Pruned {
		var pair [2]int32
		if err := binary.Read(r, binary.LittleEndian, &pair); err != nil {
			return nil, cutOff(err, "at n-gram %d of %d", i+1, a.Pruned)
		}
		out[pair[0]] = pair[1]
	}
	return out, nil
}

// rowsOf are the rows whose mean a word's vector is, and how it was found.
func (s *vectorSearch) rowsOf(word string, ids map[string]int64, pruned map[int32]int32, a fastTextArgs) (rows []int64, rank uint8) {
	if id, ok := ids[word]; ok {
		rows, rank = append(rows, id), rankExact
	} else if id, ok := ids[strings.ToLower(word)]; ok {
		word, rows, rank = strings.ToLower(word), append(rows, id), rankLower
	}
	if word == endOfSentence {
		return rows, rank
	}
	for _, bucket := range ngrams("<"+word+">", int(a.Minn), int(a.Maxn), uint32(a.Bucket)) {
		if pruned != nil {
			kept, ok := pruned[bucket]
			if !ok {
				continue
			}
			bucket = kept
		}
		rows = append(rows, int64(a.Words)+int64(bucket))
	}
	if rank == rankNone && len(rows) > 0 {
		rank = rankParts
	}
	return rows, rank
}

// ngrams are the buckets of the n-grams of a word between < and >, of least to most letters; these two marks are no n-gram of
// their own.
func ngrams(word string, least, most int, buckets uint32) (out []int32) {
	inside := func(i int) bool { return i < len(word) && word[i]&0xC0 == 0x80 } // a character's later bytes
	for i := range len(word) {
		if inside(i) {
			continue
		}
		hash := uint32(2166136261) // FNV-1a, of signed bytes
		for j, n := i, 1; j < len(word) && n <= most; n++ {
			for first := true; first || inside(j); first = false {
				hash = (hash ^ uint32(int32(int8(word[j])))) * 16777619
				j++
			}
			if n >= least && !(n == 1 && (i == 0 || j == len(word))) {
				out = append(out, int32(hash%buckets))
			}
		}
	}
	return out
}

// means reads the matrix, and adds up the rows of each word.
func (s *vectorSearch) means(r *bufio.Reader, needs [][]int64, rows int64) error {
	wanted := map[int64][]int{} // words that need a row, as often as they do
	last := int64(-1)
	for i, list := range needs {
		for _, row := range list {
			if row < 0 || row >= rows {
				return errors.Errorf("the word %q needs row %d of its matrix, which has %d", s.words[i], row, rows)
			}
			wanted[row] = append(wanted[row], i)
			last = max(last, row)
		}
	}
	raw := make([]byte, 4*s.out.Width)
	for row := int64(0); row <= last; row++ {
		if _, err := io.ReadFull(r, raw); err != nil {
			return cutOff(err, "at row %d of %d of its vectors", row+1, rows)
		}
		if wanted[row] == nil {
			continue
		}
		v := floats32(raw)
		if err := finite(v); err != nil {
			return errors.WithMessagef(err, "row %d of its vectors", row)
		}
		for _, i := range wanted[row] {
			if s.out.Values[i] == nil {
				s.out.Values[i] = make([]float32, s.out.Width)
			}
			for j, x := range v {
				s.out.Values[i][j] += x
			}
		}
	}
	for i, list := range needs {
		for j := range s.out.Values[i] {
			s.out.Values[i][j] *= 1 / float32(len(list))
		}
	}
	return nil
}
