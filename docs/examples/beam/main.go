// Command beam predicts with a model of unroll in a pipeline of Apache Beam: JSON objects, one a line, in; JSON objects out.
//
//	go run . -model reviews.safetensors -text text -keep id -in 'rows-*.jsonl' -out labelled.jsonl
//
// It runs in its own process (Beam's prism) unless -runner and -endpoint name another engine. For other sources and sinks, such as
// BigQuery or Parquet, put theirs in the place of textio: Predict takes any PCollection<string>.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/textio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
)

func main() {
	model := flag.String("model", "", "file of a classifier or a language model, which every worker can read")
	text := flag.String("text", "text", "field of the texts")
	keep := flag.String("keep", "", "fields to keep in the answers, such as id,date")
	in := flag.String("in", "", "files to read: JSON objects, one a line; stars and gs:// are allowed")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	beam.Init() // a worker goes no further
	if *model == "" || *in == "" || *out == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "want -model, -in and -out (-help tells of all)")
		os.Exit(2)
	}
	o := Options{Model: *model, Text: *text}
	if *keep != "" {
		o.Keep = strings.Split(*keep, ",")
	}
	p := beam.NewPipeline()
	s := p.Root()
	textio.Write(s, *out, Predict(s, o, textio.Read(s, *in)))
	if err := beamx.Run(context.Background(), p); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
