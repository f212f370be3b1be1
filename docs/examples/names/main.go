// Command names learns which language a first or family name is of (many to one), and makes up new names for a language
// (one to many), from 24,371 names of 12 languages:
//
//	go run ./docs/examples/names
//	go run ./docs/examples/names -language French -count 20
//
// What it reached is in docs/examples/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
	"github.com/unroll-go/unroll/docs/examples/internal/study"
)

var (
	seed     = flag.Uint64("seed", 1, "of the split, the weights and the draws")
	language = flag.String("language", "", "make up names of this language; by default of all")
	count    = flag.Int("count", 5, "names to make up for a language")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "names:", err)
		os.Exit(1)
	}
}

// names are the parts of the data, as ids of characters.
type names struct {
	parts   catalog.LabelledParts
	letters *datasets.Vocabulary // with the special tokens
}

func load() (*names, error) {
	parts, err := catalog.Names.Load(context.Background(), catalog.Options{Test: 0.2, Seed: *seed})
	if err != nil {
		return nil, err
	}
	letters, err := datasets.Characters(strings.Join(parts.Train.Texts, "\n"))
	if err != nil {
		return nil, err
	}
	letters, err = letters.WithSpecials()
	return &names{parts, letters}, err
}

// ids are names as ids of characters with their languages.
func (n *names) ids(l catalog.Labelled) (study.Labelled, error) {
	out := study.Labelled{Labels: l.Labels}
	for _, t := range l.Texts {
		ids, err := n.letters.Encode(t)
		if err != nil {
			return out, err
		}
		out.Sequences = append(out.Sequences, ids)
	}
	return out, nil
}

func run() error {
	n, err := load()
	if err != nil {
		return err
	}
	classes := n.parts.Train.Classes
	wanted := classes
	if *language != "" {
		if !slices.Contains(classes, *language) {
			return fmt.Errorf("no language is called %q; there are %s", *language, strings.Join(classes, ", "))
		}
		wanted = []string{*language}
	}
	train, validation, test := n.parts.Train.Len(), n.parts.Validation.Len(), n.parts.Test.Len()
	fmt.Printf("%d names of %d languages: %d to train on, %d to stop by, %d to test\n",
		train+validation+test, len(classes), train, validation, test)
	judge, err := n.recognise()
	if err != nil {
		return err
	}
	return n.invent(judge, wanted)
}
