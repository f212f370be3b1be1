package catalog

import (
	"context"

	"github.com/unroll-go/unroll/datasets"
)

var kingJamesInfo = Info{
	Name:        "kingjames",
	Title:       "King James Bible",
	Description: "The Authorized Version of 1611, one verse a line, a blank line between chapters. See datasets.KingJames.",
	Task:        "language model",
	Licence:     "public domain",
	Source:      "Debian package bible-kjv-text 4.38",
	Size:        "4,139,038 characters of 63 kinds, 31,102 verses",
	Rows:        31102,
	Shipped:     true,
}

// KingJames is the King James Bible, cut in its order.
var KingJames = TextSet{Info: kingJamesInfo, load: func(_ context.Context, _ Info, o Options) (TextParts, error) {
	c, err := datasets.KingJames()
	if err != nil {
		return TextParts{}, err
	}
	return cutText(c, o)
}}
