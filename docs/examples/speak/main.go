// Command speak makes a corpus of speech to learn from: espeak-ng says sentences of the King James Bible, in several voices, at
// several rates and pitches, and noise is laid under most of them.
//
//	apt-get install espeak-ng
//	go run ./docs/examples/speak -out corpus
//
// It writes recordings, 16 kHz and 16 bits, the manifests train.tsv, valid.tsv and test.tsv, whose sentences differ, and text.txt,
// lines of the same book without those of valid.tsv and test.tsv, for a language model. The same seed gives the same corpus.
// What was reached with it is in docs/speech.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/catalog"
)

// corpus is what is asked for.
type corpus struct {
	folder             string
	train, valid, test int
	words              int // the sentences are made of so many words, the most frequent
	rate               int // samples a second
	quietest, loudest  float64
	seed               uint64
}

func main() {
	var c corpus
	flag.StringVar(&c.folder, "out", "corpus", "folder to write to")
	flag.IntVar(&c.train, "train", 3000, "sentences to train on")
	flag.IntVar(&c.valid, "valid", 150, "sentences to stop by")
	flag.IntVar(&c.test, "test", 300, "sentences to test")
	flag.IntVar(&c.words, "words", 300, "different words, the most frequent of the book")
	flag.IntVar(&c.rate, "rate", 16000, "samples a second")
	flag.Float64Var(&c.quietest, "quietest", 30, "dB that the quietest noise lies below the voice")
	flag.Float64Var(&c.loudest, "loudest", 10, "dB that the loudest noise lies below the voice")
	flag.Uint64Var(&c.seed, "seed", 1, "of the choice of sentences, voices and noise")
	flag.Parse()
	if err := c.make(); err != nil {
		fmt.Fprintln(os.Stderr, "speak:", err)
		os.Exit(1)
	}
}

func (c corpus) make() error {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		return errors.New("there is no espeak-ng; apt-get install espeak-ng, or brew install espeak-ng")
	}
	if c.train < 1 || c.valid < 1 || c.test < 1 || c.words < 1 {
		return errors.Errorf("-train %d, -valid %d, -test %d, -words %d; want 1 or more", c.train, c.valid, c.test, c.words)
	}
	book, err := catalog.KingJames.Load(context.Background(), catalog.Options{Validation: -1, Test: -1})
	if err != nil {
		return err
	}
	lines := linesOf(book.Train.Text)
	chosen, err := choose(lines, c.words, c.train+c.valid+c.test, c.seed)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(c.folder, "wav"), 0o755); err != nil {
		return err
	}
	held := chosen[c.train:]
	if err := c.write("text.txt", strings.Join(without(lines, held), "\n")+"\n"); err != nil {
		return err
	}
	from, seconds := 0, 0.0
	for _, part := range []struct {
		name string
		n    int
	}{{"train", c.train}, {"valid", c.valid}, {"test", c.test}} {
		spoken, err := c.speak(chosen[from:from+part.n], from)
		if err != nil {
			return err
		}
		var rows strings.Builder
		rows.WriteString("path\ttext\tvoice\tspeed\tpitch\tnoise_db\tseconds\n")
		for _, s := range spoken {
			fmt.Fprintln(&rows, s)
			seconds += s.seconds
		}
		if err := c.write(part.name+".tsv", rows.String()); err != nil {
			return err
		}
		from += part.n
	}
	fmt.Printf("%d sentences, %.0f minutes, of %d words, in %s\n", from, seconds/60, c.words, c.folder)
	return nil
}

func (c corpus) write(name, text string) error {
	return os.WriteFile(filepath.Join(c.folder, name), []byte(text), 0o644)
}
