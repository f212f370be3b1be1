package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// WordVectors are vectors of words, from a file that somebody trained on much text.
type WordVectors struct {
	Format string // of the file: GloVe text, word2vec text, word2vec binary or fastText binary
	Width  int    // numbers in a vector
	// Values has the vector of each word that was asked for, nil where the file has none.
	Values [][]float32
	// Exact counts the words that the file has as they are; Lower those that it has in small letters alone; Parts those that
	// it lacks, but whose vectors fastText makes of their parts.
	Exact, Lower, Parts int
}

// Found is how many of the words have a vector.
func (v *WordVectors) Found() int { return v.Exact + v.Lower + v.Parts }

// ReadWordVectors reads the vectors of words from a file as GloVe, word2vec or fastText write them, in text or binary, gzipped
// or not; the file says which by its contents:
//
//   - text: a word and its numbers on each line, with the counts of words and numbers on a line before them (word2vec,
//     fastText's .vec) or without (GloVe);
//   - word2vec's binary: the same counts, then each word, a space and its numbers;
//   - fastText's .bin, but not its quantised .ftz: words, and the vectors of n-grams of letters, of which every word gets
//     a vector, known or not (Bojanowski et al. 2017, "Enriching Word Vectors with Subword Information").
//
// A word that the file has only in small letters gets that vector. Of a word that comes twice, the first one counts.
// Memory is taken for the words that are asked for alone, however large the file is, or says that it is.
func ReadWordVectors(path string, words []string) (*WordVectors, error) {
	f, err := inputfile.Open(path)
	if err != nil {
		return nil, errors.Wrap(err, "datasets")
	}
	defer f.Close()
	v, err := readWordVectors(f, words)
	return v, errors.WithMessagef(err, "datasets: %s", path)
}

const (
	vectorBuffer = 1 << 20 // a line may be as long
	mostWidth    = 1 << 16 // numbers in a vector
)

func readWordVectors(file io.Reader, words []string) (*WordVectors, error) {
	r := bufio.NewReaderSize(file, vectorBuffer)
	if start, _ := r.Peek(2); bytes.Equal(start, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errors.Wrap(err, "gzip")
		}
		r = bufio.NewReaderSize(z, vectorBuffer)
	}
	s := &vectorSearch{words: words, exact: map[string][]int{}, lower: map[string][]int{},
		out: &WordVectors{Values: make([][]float32, len(words))}, rank: make([]uint8, len(words))}
	for i, w := range words {
		s.exact[w] = append(s.exact[w], i)
		if l := strings.ToLower(w); l != w {
			s.lower[l] = append(s.lower[l], i)
		}
	}
	start, err := r.Peek(4)
	switch {
	case len(start) == 4 && binary.LittleEndian.Uint32(start) == fastTextMagic:
		err = s.fastText(r)
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return nil, errors.New("a zip archive; unpack it, and name the file in it")
	case len(start) == 0:
		if err == io.EOF {
			err = errors.New("an empty file; want word vectors")
		}
		return nil, err
	default:
		err = s.lines(r)
	}
	if err != nil {
		return nil, err
	}
	for _, k := range s.rank {
		switch k {
		case rankExact:
			s.out.Exact++
		case rankLower:
			s.out.Lower++
		case rankParts:
			s.out.Parts++
		}
	}
	return s.out, nil
}

// How a word was found, the better the higher.
const (
	rankNone = uint8(iota)
	rankParts
	rankLower
	rankExact
)

// vectorSearch looks for words in a file.
type vectorSearch struct {
	words        []string
	exact, lower map[string][]int // the numbers of the words that are wanted
	rank         []uint8          // of each word: how it was found
	out          *WordVectors
}

// wants tells whether a word of the file is looked for.
func (s *vectorSearch) wants(word string) bool { return s.exact[word] != nil || s.lower[word] != nil }

// take notes the vector of a word of the file.
func (s *vectorSearch) take(word string, v []float32) {
	for _, i := range s.exact[word] {
		s.note(i, rankExact, v)
	}
	for _, i := range s.lower[word] {
		s.note(i, rankLower, v)
	}
}

func (s *vectorSearch) note(i int, rank uint8, v []float32) {
	if s.rank[i] < rank {
		s.rank[i], s.out.Values[i] = rank, v
	}
}

// width refuses sizes of vectors that nobody has.
func (s *vectorSearch) width(n int) error {
	if n < 1 || n > mostWidth {
		return errors.Errorf("vectors of %d numbers; want 1 to %d", n, mostWidth)
	}
	s.out.Width = n
	return nil
}

// header reads the first line of word2vec's files: how many words there are, and how many numbers each has.
func header(line []byte) (words, width int, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) != 2 {
		return 0, 0, false
	}
	var err error
	if words, err = strconv.Atoi(string(fields[0])); err != nil {
		return 0, 0, false
	}
	width, err = strconv.Atoi(string(fields[1]))
	return words, width, err == nil
}

// finite refuses vectors with which nothing can be computed.
func finite(v []float32) error {
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return errors.Errorf("number %d is %g", i+1, x)
		}
	}
	return nil
}

// cutOff says what a file lacks that ends early.
func cutOff(err error, format string, args ...any) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errors.Errorf("the file ends early, "+format, args...)
	}
	return errors.WithMessagef(err, format, args...)
}

// floats32 reads little-endian numbers.
func floats32(raw []byte) []float32 {
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}
