package catalog

import (
	"context"
	_ "embed"
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

//go:embed kingjames/kingjames.txt.gz
var kingJamesGzip []byte

var kingJamesInfo = Info{
	Name:        "kingjames",
	Title:       "King James Bible",
	Description: "The Authorized Version of 1611, one verse a line, a blank line between chapters, no verse numbers; all of it ASCII.",
	Task:        "language model",
	Licence:     "public domain",
	Source:      "Debian package bible-kjv-text 4.38",
	Size:        "4,139,038 characters of 63 kinds, 31,102 verses",
	Rows:        31102,
	Shipped:     true,
}

// KingJames is the King James Bible, cut in its order. To get all of it as the training part:
//
//	parts, err := catalog.KingJames.Load(ctx, catalog.Options{Validation: -1, Test: -1})
//	text := parts.Train.Text
//
// It is unpacked on the first call. (kingjames/README.md tells how it was made.)
var KingJames = TextSet{Info: kingJamesInfo, load: func(_ context.Context, _ Info, o Options) (TextParts, error) {
	kingJamesOnce.Do(func() { kingJames, errKingJames = unpackKingJames() })
	if errKingJames != nil {
		return TextParts{}, errKingJames
	}
	return cutText(kingJames, o)
}}

// Variables without initial values, not a sync.OnceValues: the start of the package then does not mention the text, and
// the linker leaves it out of programs that do not mention KingJames.
var (
	kingJamesOnce sync.Once
	kingJames     datasets.Corpus
	errKingJames  error
)

func unpackKingJames() (datasets.Corpus, error) {
	r, err := gunzip(kingJamesGzip)
	if err != nil {
		return datasets.Corpus{}, errors.Wrap(err, "datasets: King James text")
	}
	c, err := datasets.Read(r, "King James text")
	c.Source, c.Licence = kingJamesInfo.Source, kingJamesInfo.Licence
	return c, err
}
