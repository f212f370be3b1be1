// Command digits makes corpora of spoken digits, of which `unroll train --speech` makes a recogniser:
//
//	go run ./docs/examples/digits -recordings recordings.tar.gz -to digits
//	unroll train --speech digits/train.tsv --valid digits/valid.tsv --test digits/test.tsv --out digits.safetensors
//
// and it tells how many single digits the nearest template recognises, by dynamic time warping, in some minutes:
//
//	go run ./docs/examples/digits -recordings recordings.tar.gz -templates
//
// It reads the Free Spoken Digit Dataset (Jackson et al., github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0): 3,000
// recordings of single digits by six speakers, at 8 kHz, as an archive or a folder. docs/speech.md says what was reached.
package main

import (
	"flag"
	"fmt"
	"os"
)

var (
	recordings = flag.String("recordings", "", "recordings.tar.gz of the data set, or a folder with its WAV files")
	to         = flag.String("to", "digits", "folder for the corpora")
	seed       = flag.Uint64("seed", 1, "of what is joined")
	templates  = flag.Bool("templates", false, "recognise the single digits by the nearest template instead, and write nothing")
	count      = flag.Int("count", 2000, "connected digits to train on; a tenth as many validate, and three hundred test")
)

// As the data set's authors have it, the first five recordings of each digit by each speaker are for the test. The next five are to
// stop by.
const firstToStop, firstToTrain = 5, 10

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "digits:", err)
		os.Exit(1)
	}
}

func run() error {
	if *recordings == "" {
		return fmt.Errorf("want -recordings FILE: recordings.tar.gz, or a folder with WAV files")
	}
	all, err := load(*recordings)
	if err != nil {
		return err
	}
	if *templates {
		return nearest(all)
	}
	if err := os.MkdirAll(*to, 0o777); err != nil {
		return err
	}
	fit, valid, test := all.numbered(firstToTrain, 1<<30), all.numbered(firstToStop, firstToTrain), all.numbered(0, firstToStop)
	for _, part := range []struct {
		name      string
		from      digits
		connected int
	}{{"train", fit, *count}, {"valid", valid, *count / 10}, {"test", test, 300}} {
		if err := part.from.writeSingle(*to, "single-"+part.name); err != nil {
			return err
		}
		if err := part.from.writeConnected(*to, part.name, part.connected, *seed); err != nil {
			return err
		}
		fmt.Printf("%-6s %5d single digits, %5d times connected ones\n", part.name, len(part.from), part.connected)
	}
	return all.writeFolds(*to)
}
