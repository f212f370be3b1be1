package catalog

import (
	"context"
	"strings"

	"github.com/pkg/errors"
)

var sst2Info = Info{
	Name:        "sst-2",
	Title:       "Stanford Sentiment Treebank, two classes",
	Description: "Sentences and phrases of reviews of films, for or against. The labels of the test were never published: the part to validate with is what papers report.",
	Task:        "text to class",
	Licence:     "not stated",
	Citation:    "Socher et al.: Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank, EMNLP 2013; Wang et al.: GLUE, 2018",
	Source:      "https://nlp.stanford.edu/sentiment/",
	Size:        "67,349 phrases to train on, 872 sentences to validate",
	Rows:        68221,
	Files: []File{{
		Name: "SST-2.zip", URLs: []string{"https://dl.fbaipublicfiles.com/glue/data/SST-2.zip"},
		SHA256: "d67e16fb55739c1b32cdce9877596db1c127dc322d93c082281f64057c16deaa", Bytes: 7439277,
	}},
}

// SST2 are phrases of reviews. Its parts are fixed; that for the test is empty.
var SST2 = LabelledSet{Info: sst2Info, load: loadSST2}

func loadSST2(ctx context.Context, info Info, o Options) (LabelledParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return LabelledParts{}, err
	}
	const train, validation = "SST-2/train.tsv", "SST-2/dev.tsv"
	files, err := members(paths[0], train, validation)
	if err != nil {
		return LabelledParts{}, err
	}
	var parts LabelledParts
	if parts.Train, err = readSST2(files[train], train); err != nil {
		return LabelledParts{}, err
	}
	if parts.Validation, err = readSST2(files[validation], validation); err != nil {
		return LabelledParts{}, err
	}
	parts.Test.Classes = parts.Train.Classes
	return parts, nil
}

// readSST2 reads a line of headings, and lines of a text, a tab, and 0 or 1.
func readSST2(raw []byte, name string) (Labelled, error) {
	l := Labelled{Classes: []string{"negative", "positive"}}
	for i, line := range lines(raw) {
		if i == 0 && line == "sentence\tlabel" {
			continue
		}
		text, label, _ := strings.Cut(line, "\t")
		if i == 0 || label != "0" && label != "1" {
			return Labelled{}, errors.Errorf("datasets: %s: line %d is %.60q; want a text, a tab and 0 or 1, under headings", name, i+1, line)
		}
		l.Texts = append(l.Texts, strings.TrimSpace(text))
		l.Labels = append(l.Labels, int(label[0]-'0'))
	}
	return l, nil
}
