// Command translate learns to translate from pairs of sentences: an encoder-decoder over words, with attention and
// without.
//
//	go run ./docs/examples/translate -text FILE       # a sentence, a tab and its translation a line
//	go run ./docs/examples/translate -language vie    # English into a language of Tatoeba, fetched once
//
// What it reached is in docs/sequence-to-sequence.md.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/recurrent"
)

func main() {
	var e experiment
	path := flag.String("text", "", "file of pairs: a sentence, a tab and its translation a line")
	language := flag.String("language", "", "or a language of Tatoeba, in three letters, as vie")
	limit := flag.Int("limit", 0, "take the first pairs only, this many; 0 for all")
	reverse := flag.Bool("reverse", false, "translate the other way round")
	flag.IntVar(&e.minCount, "min-count", 2, "rarer words are unknown")
	flag.IntVar(&e.size.Embedding, "embedding", 192, "width of a word's vector")
	flag.IntVar(&e.size.Hidden, "hidden", 192, "width of the decoder; the encoder has half of it in each direction")
	flag.Float64Var(&e.size.Dropout, "dropout", 0.5, "of embeddings and outputs")
	flag.IntVar(&e.course.Epochs, "epochs", 30, "passes over the training pairs, at most")
	flag.IntVar(&e.course.Patience, "patience", 8, "end after so many passes without a better validation loss")
	flag.IntVar(&e.course.Batch, "batch", 16, "pairs in a batch")
	flag.Float64Var(&e.course.Rate, "rate", 0.001, "learning rate at the start")
	flag.Float64Var(&e.course.Smoothing, "smoothing", 0.1, "of the targets")
	flag.IntVar(&e.beam, "beam", 5, "width of the beam")
	flag.Uint64Var(&e.course.Seed, "seed", 1, "of the split, the weights and the order of pairs")
	flag.Parse()
	if err := run(e, *path, *language, *limit, *reverse); err != nil {
		fmt.Fprintln(os.Stderr, "translate:", err)
		os.Exit(1)
	}
}

func run(e experiment, path, language string, limit int, reverse bool) error {
	var p catalog.Pairs
	var err error
	switch {
	case (path == "") == (language == ""):
		return errors.New("want either -text FILE, lines of a sentence, a tab and its translation, or -language CODE, such as fra")
	case path != "":
		p, err = readPairs(path)
	default:
		p, err = fetchPairs(language)
	}
	if err != nil {
		return err
	}
	if limit > 0 && limit < p.Len() {
		p = catalog.Pairs{Source: p.Source[:limit], Target: p.Target[:limit]}
	}
	if reverse {
		p = p.Reversed()
	}
	e.train, e.check, e.test = split(group(p), e.course.Seed)
	if len(e.check) == 0 {
		return errors.Errorf("%d pairs are too few to cut a twentieth off; want 20 different sentences or more", p.Len())
	}
	return e.run()
}

func (e *experiment) run() error {
	if err := e.prepare(); err != nil {
		return err
	}
	fmt.Printf("%d sentences to train on, %d to validate, %d to test; %d words of the source's language, %d of the other\n",
		len(e.train), len(e.check), len(e.test), e.source.Len(), e.target.Len())
	baseline, err := e.baseline()
	if err != nil {
		return err
	}
	table := []row{baseline}
	var last *study.Translator
	for _, a := range []recurrent.Attention{recurrent.NoAttention, recurrent.LuongGeneral} {
		t, rows, err := e.measure(a)
		if err != nil {
			return err
		}
		last, table = t, append(table, rows...)
	}
	fmt.Printf("\n%-44s %6s %6s %8s %7s %6s\n", "", "BLEU", "chrF", "weights", "epochs", "s")
	for _, r := range table {
		fmt.Println(r)
	}
	return e.show(last)
}
