// Command unroll trains recurrent networks and puts them to use: language models of texts, classifiers of texts in tables,
// translators of pairs, taggers of words, forecasters of series, models of sequences of numbers, and recognisers of speech.
package main

import (
	"os"

	"github.com/unroll-go/unroll/internal/command"
)

func main() { os.Exit(command.Main(os.Args[1:])) }
