// Command serve loads an HTTP service with requests from some connections at once, and prints how many it answers and how long
// they take. It is for `unroll serve` and for whatever is compared with it.
//
//	go run ./benchmarks/serve --url http://localhost:8080/invocations --body '["a wonderful evening"]' --connections 64 --seconds 60
//
// With --make it writes what is measured in docs/deploy.md: a classifier, the same for ONNX Runtime, and bodies of requests.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run() error {
	var l load
	address := flag.String("url", "http://localhost:8080/invocations", "address")
	body := flag.String("body", `["a wonderful evening"]`, "what is posted; @FILE for one of the lines of a file in turn")
	flag.StringVar(&l.kind, "type", "application/json", "its Content-Type")
	flag.IntVar(&l.connections, "connections", 64, "requests at a time")
	seconds := flag.Duration("seconds", 10*time.Second, "how long to ask")
	warm := flag.Duration("warm", 2*time.Second, "how long to ask before that, uncounted")
	pid := flag.Int("pid", 0, "process of the service on this machine, whose time and memory are told, too (Linux)")
	folder := flag.String("make", "", "folder to write a model and bodies of requests to, instead of asking anybody")
	hidden := flag.Int("hidden", 256, "units of that model")
	fewest := flag.Int("fewest", 44, "words of the shortest of the texts")
	most := flag.Int("most", 52, "words of the longest")
	flag.Parse()
	if *folder != "" {
		return writeFiles(*folder, *hidden, *fewest, *most)
	}
	bodies := []string{*body}
	if path, ok := strings.CutPrefix(*body, "@"); ok {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		bodies = strings.Split(strings.TrimSpace(string(data)), "\n")
	}
	if err := l.prepare(*address, bodies); err != nil {
		return err
	}
	l.run(*warm, nil)
	p := &process{pid: *pid}
	l.run(*seconds, p).print(os.Stdout, p)
	return nil
}
