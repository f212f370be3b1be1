// Command notebook builds a kernel for Jupyter in which the library can be used: gophernotes
// (https://github.com/gopherdata/gophernotes), an interpreter of Go, with every package of the library, Gorgonia and tensor
// linked into it. What is linked needs neither the network nor a compiler when a notebook imports it.
//
//	go run -C cmd/notebook . build     # writes cmd/notebook/unroll-kernel
//	cmd/notebook/unroll-kernel install # tells Jupyter about it
//	jupyter lab docs/notebooks
//
// The same binary runs notebooks without Jupyter:
//
//	unroll-kernel run docs/notebooks/first-lstm.ipynb
//
// It is a module of its own, so that who imports the library never downloads the interpreter.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	flags := flag.NewFlagSet("build", flag.ExitOnError)
	out := flags.String("o", "unroll-kernel", "file to write")
	if len(os.Args) < 2 || os.Args[1] != "build" {
		fmt.Fprintln(os.Stderr, "usage: notebook build [-o FILE]")
		os.Exit(2)
	}
	// The flag set ends the program on an error.
	_ = flags.Parse(os.Args[2:])
	if flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "notebook: what is %q? A file to write is given by -o\n", flags.Arg(0))
		os.Exit(2)
	}
	if err := build(*out); err != nil {
		fmt.Fprintln(os.Stderr, "notebook:", err)
		os.Exit(1)
	}
	path, err := filepath.Abs(*out)
	if err != nil {
		path = *out
	}
	fmt.Printf("%s is built; make it known to Jupyter by: %s install\n", *out, path)
}
