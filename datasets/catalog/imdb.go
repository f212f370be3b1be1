package catalog

import (
	"context"
	"io"
	"sort"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

var imdbInfo = Info{
	Name:        "imdb",
	Title:       "IMDB reviews",
	Description: "Reviews of films, clearly for or against, at most 30 of a film, and other films in the test. Line breaks are <br />.",
	Task:        "text to class",
	Licence:     "not stated; for research, with citation",
	Citation:    "Maas, Daly, Pham, Huang, Ng, Potts: Learning Word Vectors for Sentiment Analysis, ACL 2011",
	Source:      "https://ai.stanford.edu/~amaas/data/sentiment/",
	Size:        "25,000 reviews to train on, 25,000 to test; 2 classes",
	Rows:        50000,
	Files: []File{{
		Name: "aclImdb_v1.tar.gz", URLs: []string{"https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"},
		SHA256: "c40f74a18d3b61f90feba1e17730e0d38e8b97c05fde7008942e91923d1658fe", Bytes: 84125825,
	}},
}

// IMDB are reviews of films. The test part is fixed.
var IMDB = LabelledSet{Info: imdbInfo, load: loadIMDB}

// imdbName takes a name as aclImdb/train/pos/127_10.txt apart.
func imdbName(name string) (part, class string, ok bool) {
	fields := strings.Split(name, "/")
	if len(fields) != 4 || fields[0] != "aclImdb" || !strings.HasSuffix(name, ".txt") {
		return "", "", false
	}
	part, class = fields[1], fields[2]
	return part, class, (part == "train" || part == "test") && (class == "neg" || class == "pos")
}

func loadIMDB(ctx context.Context, info Info, o Options) (LabelledParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return LabelledParts{}, err
	}
	texts := map[string]string{} // by name in the archive
	err = walk(paths[0], func(name string, r io.Reader) error {
		if _, _, ok := imdbName(name); !ok {
			return nil // reviews without a class, lists of words
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			return errors.WithStack(err)
		}
		texts[name] = datasets.Normalize(string(raw))
		return nil
	})
	if err != nil {
		return LabelledParts{}, err
	}
	names := make([]string, 0, len(texts))
	for name := range texts {
		names = append(names, name)
	}
	sort.Strings(names)
	classes := []string{"neg", "pos"}
	train, test := Labelled{Classes: classes}, Labelled{Classes: classes}
	for _, name := range names {
		part := &train
		of, class, _ := imdbName(name)
		if of == "test" {
			part = &test
		}
		part.Texts = append(part.Texts, texts[name])
		part.Labels = append(part.Labels, indexOf(classes, class))
	}
	if train.Len() == 0 || test.Len() == 0 {
		return LabelledParts{}, errors.Errorf("datasets: imdb: %d reviews to train on and %d to test in %s", train.Len(), test.Len(), paths[0])
	}
	return train.withTest(test, o)
}
