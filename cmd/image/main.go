// Command image writes a container image of the unroll binary and models, without a daemon: an OCI layout
// (https://github.com/opencontainers/image-spec/blob/main/image-layout.md), which podman, skopeo, crane, containerd and umoci read.
// The image has nothing but the binary, the models and a list of what the binary was made of (CycloneDX); the same files give the
// same digest.
//
//	CGO_ENABLED=0 go build -trimpath -o unroll ./cmd/unroll
//	cd cmd/image
//	go run . --binary ../../unroll --model reviews.safetensors --out image
//	skopeo copy oci:image docker://registry.example/reviews:1
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

// models is a flag that may be given several times.
type models []string

func (m *models) String() string     { return strings.Join(*m, ",") }
func (m *models) Set(s string) error { *m = append(*m, s); return nil }

func main() {
	var i image
	var out string
	flag.StringVar(&i.binary, "binary", "unroll", "the command, built with CGO_ENABLED=0")
	flag.Var((*models)(&i.models), "model", "model to serve; may be given several times; none for an image that trains")
	flag.StringVar(&i.os, "os", "linux", "system of the binary")
	flag.StringVar(&i.arch, "arch", "amd64", "processor of the binary")
	flag.StringVar(&out, "out", "image", "folder to write, which must not exist")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "image: what is %q?\n", flag.Arg(0))
		os.Exit(2)
	}
	digest, err := i.write(out)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Println(digest)
}
