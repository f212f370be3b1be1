// Command digits prepares the recordings of the Free Spoken Digit Dataset for unroll train --speech, and tells how well the
// nearest template recognises them.
//
//	go run ./docs/examples/digits -recordings recordings.tar.gz -out digits
//	go run ./docs/examples/digits -recordings recordings.tar.gz -templates
//
// The first writes the recordings and, in a folder of each experiment, the manifests train.tsv, valid.tsv and test.tsv: known, where
// every speaker is trained on; without-jackson and five more, where that speaker is tested alone; connected, where one speaker says
// three to seven digits with pauses, in noise. The second compares every recording with every other by dynamic time warping, which
// takes some minutes. What was reached is in docs/speech.md.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	archive := flag.String("recordings", "recordings.tar.gz", "archive of the recordings")
	out := flag.String("out", "digits", "folder to write to")
	templates := flag.Bool("templates", false, "recognise by the nearest template instead, and write nothing")
	strings := flag.Int("connected", 2000, "strings of digits to train on; a quarter as many test")
	seed := flag.Uint64("seed", 1, "of the strings, their pauses and their noise")
	flag.Parse()
	if err := run(*archive, *out, *templates, *strings, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "digits:", err)
		os.Exit(1)
	}
}

func run(archive, out string, templates bool, strings int, seed uint64) error {
	all, err := read(archive)
	if err != nil {
		return err
	}
	if templates {
		return nearest(all)
	}
	if err := write(out, all); err != nil {
		return err
	}
	return connect(out, all, strings, seed)
}
