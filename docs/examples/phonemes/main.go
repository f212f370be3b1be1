// Command phonemes learns to pronounce English words, letter by letter, from the CMU Pronouncing Dictionary: an
// encoder-decoder with attention, many to many of different lengths.
//
//	go run ./docs/examples/phonemes                 # ten minutes on two cores
//	go run ./docs/examples/phonemes -epochs 2       # two minutes
//
// What it reached is in docs/sequence-to-sequence.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/unroll-go/unroll/docs/examples/internal/study"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/recurrent"
	"github.com/unroll-go/unroll/recurrent/decode"
)

func main() {
	hidden := flag.Int("hidden", 256, "width of the decoder; the encoder has half of it in each direction")
	epochs := flag.Int("epochs", 6, "passes over the training words")
	rate := flag.Float64("rate", 0.003, "learning rate at the start")
	dropout := flag.Float64("dropout", 0.1, "of embeddings and outputs")
	beam := flag.Int("beam", 5, "width of the beam")
	seed := flag.Uint64("seed", 1, "of the split, the weights and the order of words")
	flag.Parse()
	if err := run(study.Size{Embedding: 64, Hidden: *hidden, Attention: recurrent.LuongGeneral, Dropout: *dropout},
		study.Course{Epochs: *epochs, Batch: 128, Rate: *rate, Seed: *seed}, *beam); err != nil {
		fmt.Fprintln(os.Stderr, "phonemes:", err)
		os.Exit(1)
	}
}

func run(size study.Size, course study.Course, beam int) error {
	d, err := load(course.Seed)
	if err != nil {
		return err
	}
	letters, phonemes := d.test.pronunciations()
	fmt.Printf("CMUdict: %d pronunciations to train on, %d words to test, none of which was trained on\n", len(d.train.letters), len(letters))
	table := [][]string{}
	r := learnRules(d.train)
	score := func(name string, say func(i int) []string) {
		var m train.ErrorRate
		for i := range letters {
			m.Add(say(i), phonemes[i]...)
		}
		table = append(table, []string{name, fmt.Sprintf("%.2f %%", 100*m.Rate()), fmt.Sprintf("%.1f %%", 100*m.SentenceRate())})
	}
	score("letter rules", func(i int) []string { return r.speak(letters[i]) })

	t := study.NewTranslator(d.letters, d.phonemes, size, course.Seed)
	fit, err := t.Pairs(d.train.letters, d.train.phonemes)
	if err != nil {
		return err
	}
	check, err := t.Pairs(d.check.letters, d.check.phonemes)
	if err != nil {
		return err
	}
	start := time.Now()
	result, err := t.Fit(course, fit, check)
	if err != nil {
		return err
	}
	took := time.Since(start)
	sources, err := study.Encode(d.letters, letters)
	if err != nil {
		return err
	}
	for _, width := range []int{1, beam} {
		said, err := speak(t, sources, width)
		if err != nil {
			return err
		}
		score(fmt.Sprintf("LSTM %d with attention, beam %d", size.Hidden, width), func(i int) []string { return said[i] })
	}
	fmt.Printf("\nTrained %d epochs in %.0f s, %.0f phonemes/s, %d weights\n\n", result.Epoch, took.Seconds(), result.TokensPerSecond, t.Params.Elements())
	fmt.Printf("%-36s %18s %16s\n", "", "phoneme error rate", "word error rate")
	for _, row := range table {
		fmt.Printf("%-36s %18s %16s\n", row[0], row[1], row[2])
	}
	fmt.Println()
	invented := []string{"UNROLL", "GOPHERS", "BACKPROPAGATION", "TRANSFORMERESQUE", "WUG", "SPLORCH"}
	for _, word := range invented {
		ids, err := study.Encode(d.letters, [][]string{strings.Split(word, "")})
		if err != nil {
			return err
		}
		said, err := speak(t, ids, beam)
		if err != nil {
			return err
		}
		fmt.Printf("  %-18s %s\n", word, strings.Join(said[0], " "))
	}
	return nil
}

// speak says words, as phonemes.
func speak(t *study.Translator, sources [][]int, beam int) ([][]string, error) {
	found, err := t.Translate(decode.Search{Max: 40, Beam: beam, LengthPenalty: 0.6}, sources)
	if err != nil {
		return nil, err
	}
	out := make([][]string, len(found))
	for i, h := range found {
		if out[i], err = t.Tokens(h.Tokens); err != nil {
			return nil, err
		}
	}
	return out, nil
}
