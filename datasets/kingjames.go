package datasets

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"sync"

	"github.com/pkg/errors"
)

//go:embed kingjames/kingjames.txt.gz
var kingJamesGzip []byte

// KingJames returns the King James Bible of 1611, which is part of the package: 4,139,038 characters of 63 kinds, all
// of them ASCII; one verse a line, a blank line between chapters, no verse numbers. It is unpacked on the first call.
// (kingjames/README.md tells how it was made.)
func KingJames() (Corpus, error) {
	kingJamesOnce.Do(func() { kingJames, errKingJames = unpackKingJames() })
	return kingJames, errKingJames
}

// Variables without initial values, not a sync.OnceValues: the start of the package then does not mention the text, and
// the linker leaves it out of programs that do not call KingJames.
var (
	kingJamesOnce sync.Once
	kingJames     Corpus
	errKingJames  error
)

func unpackKingJames() (Corpus, error) {
	z, err := gzip.NewReader(bytes.NewReader(kingJamesGzip))
	if err != nil {
		return Corpus{}, errors.Wrap(err, "datasets: King James text")
	}
	c, err := Read(z, "King James text")
	if err != nil {
		return Corpus{}, err
	}
	c.Source = "Debian package bible-kjv-text 4.38"
	c.Licence = "public domain"
	return c, nil
}
