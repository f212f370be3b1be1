// Command phonemes learns to pronounce English words, letter by letter, from the CMU Pronouncing Dictionary: an
// encoder-decoder with attention, many to many of different lengths.
//
//	go run ./docs/examples/phonemes                 # ten minutes on two cores
//	go run ./docs/examples/phonemes -epochs 1       # one minute
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
	"github.com/unroll-go/unroll/nn/train/baseline"
	"github.com/unroll-go/unroll/recurrent"
)

func main() {
	hidden := flag.Int("hidden", 256, "width of the decoder; the encoder has half of it in each direction")
	epochs := flag.Int("epochs", 12, "passes over the training words")
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
	exam := newExam(d.test)
	fmt.Printf("CMUdict: %d pronunciations to train on, %d words to test, none of which was trained on\n",
		len(d.train.letters), len(exam.letters))
	rules, err := baseline.NewLetterRules(d.train.texts())
	if err != nil {
		return err
	}
	said := make([][]string, len(exam.letters))
	for i, letters := range exam.letters {
		said[i] = strings.Fields(rules.Translate(strings.Join(letters, "")))
	}
	exam.mark("letter rules", said)

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
	fmt.Printf("\nTrained %d epochs in %.0f s, %.0f phonemes/s, %d weights\n\n",
		result.Epoch, time.Since(start).Seconds(), result.TokensPerSecond, t.Params.Elements())
	for _, width := range []int{1, beam} {
		said, err := speak(t, exam.letters, width)
		if err != nil {
			return err
		}
		exam.mark(fmt.Sprintf("LSTM %d with attention, beam %d", size.Hidden, width), said)
	}
	fmt.Println(exam)
	return invented(t, beam)
}
