package catalog

import (
	"context"

	"github.com/pkg/errors"
)

var text8Info = Info{
	Name:        "text8",
	Title:       "text8",
	Description: "The first 100,000,000 characters of an English Wikipedia of 2006, as lower-case letters and spaces alone.",
	Task:        "language model",
	Licence:     "GFDL (the Wikipedia of 2006)",
	Citation:    "Mahoney: About the Test Data, 2006",
	Source:      "https://mattmahoney.net/dc/textdata.html",
	Size:        "90,000,000 characters to train on, 5,000,000 to validate, 5,000,000 to test; 27 kinds",
	Files: []File{{
		Name: "text8.zip", URLs: []string{"https://mattmahoney.net/dc/text8.zip", "http://mattmahoney.net/dc/text8.zip"},
		SHA256: "a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232",
	}},
}

// Text8 is letters and spaces of Wikipedia, the usual text for large models of characters. It is cut as in the
// literature, 90, 5 and 5 parts of a hundred, or by fractions if the options have any.
var Text8 = TextSet{Info: text8Info, load: loadText8}

func loadText8(ctx context.Context, info Info, o Options) (TextParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return TextParts{}, err
	}
	files, err := members(paths[0], "text8")
	if err != nil {
		return TextParts{}, err
	}
	for i, c := range files["text8"] {
		if c != ' ' && (c < 'a' || c > 'z') {
			return TextParts{}, errors.Errorf("datasets: text8 has %q at %d; want letters and spaces", c, i)
		}
	}
	c, err := corpus(info, "whole", files["text8"])
	if err != nil {
		return TextParts{}, err
	}
	if o.Validation == 0 && o.Test == 0 {
		o.Validation, o.Test = 0.05, 0.05
	}
	return cutText(c, o)
}
