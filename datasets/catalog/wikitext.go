package catalog

import "context"

var wikiText2Info = Info{
	Name:        "wikitext-2",
	Title:       "WikiText-2",
	Description: "Good and featured articles of the English Wikipedia, cut into words, with the rare ones as <unk>.",
	Task:        "language model",
	Licence:     "CC BY-SA 3.0",
	Citation:    "Merity, Xiong, Bradbury, Socher: Pointer Sentinel Mixture Models, 2016",
	Source:      "https://arxiv.org/abs/1609.07843",
	Size:        "2,088,628 words to train on, 217,646 to validate, 245,569 to test; 33,278 kinds",
	Files: []File{{
		Name: "wikitext-2-v1.zip",
		URLs: []string{
			"https://wikitext.smerity.com/wikitext-2-v1.zip",
			"https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",
		},
		SHA256: "92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",
	}},
}

// WikiText2 is text of Wikipedia, twice the size of the Penn Treebank. Its parts are fixed.
var WikiText2 = TextSet{Info: wikiText2Info, load: loadWikiText2}

func loadWikiText2(ctx context.Context, info Info, o Options) (TextParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return TextParts{}, err
	}
	const train, validation, test = "wikitext-2/wiki.train.tokens", "wikitext-2/wiki.valid.tokens", "wikitext-2/wiki.test.tokens"
	files, err := members(paths[0], train, validation, test)
	if err != nil {
		return TextParts{}, err
	}
	return corpora(info, files[train], files[validation], files[test])
}
