// Command build writes the page "What is a recurrent network?" as one file, which needs no server and no network: it has the
// library in it, compiled to WebAssembly.
//
//	go run ./docs/site/build -o rnn.html
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/docs/site"
)

func main() {
	out := flag.String("o", "rnn.html", "file to write")
	flag.Parse()
	if err := build(*out); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func build(out string) error {
	dir, err := os.MkdirTemp("", "unroll-site-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what is left lies in the system's folder for such
	binary := filepath.Join(dir, "page.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "github.com/unroll-go/unroll/docs/site/wasm")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return errors.Wrap(err, "compiling the library for browsers")
	}
	wasm, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(wasm); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return errors.Wrap(err, "go env GOROOT")
	}
	script, err := os.ReadFile(filepath.Join(string(bytes.TrimSpace(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return err
	}
	html := site.Page(packed.Bytes(), script)
	if err := os.WriteFile(out, html, 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %.1f MB, of which the library %.1f MB compressed; compiled by %s\n", out, float64(len(html))/1e6,
		float64(packed.Len())/1e6, runtime.Version())
	return nil
}
