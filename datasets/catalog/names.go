package catalog

import (
	"context"
	_ "embed"
)

//go:embed names/names.txt.gz
var namesGzip []byte

var namesInfo = Info{
	Name:        "names",
	Title:       "Names of twelve languages",
	Description: "Given and family names as they are written in Czech, Dutch, English, French, German, Indonesian, Italian, Polish, Romanian, Spanish, Turkish and Vietnamese.",
	Task:        "text to class; class to text",
	Licence:     "MIT",
	Source:      "npm package @faker-js/faker 10.6.0",
	Size:        "24,371 names of 12 languages",
	Rows:        24371,
	Shipped:     true,
}

// Names are names and the languages that they are of. A name that several languages share is there for each of them,
// always in the same part.
var Names = LabelledSet{Info: namesInfo, load: loadNames}

func loadNames(_ context.Context, _ Info, o Options) (LabelledParts, error) {
	r, err := gunzip(namesGzip)
	if err != nil {
		return LabelledParts{}, err
	}
	all, err := readLabelled(r, "names", nil)
	if err != nil {
		return LabelledParts{}, err
	}
	return all.shuffled(o)
}
