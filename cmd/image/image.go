package main

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/pkg/errors"
)

// image is what an image is made of.
type image struct {
	binary   string
	models   []string
	os, arch string
}

// user is who the command runs as: nobody in particular, as images without a system have it.
const user = 65532

// Where files are in the image: models where SageMaker puts them.
const (
	binaryPath = "usr/bin/unroll"
	sbomPath   = "usr/share/unroll/sbom.cdx.json"
	modelPath  = "opt/ml/model"
)

// entry is a file of a layer.
type entry struct {
	path string
	mode int64
	data []byte
	file string // read from here if there are no data
}

// write writes the image, and returns its digest.
func (i image) write(out string) (string, error) {
	if _, err := os.Stat(out); err == nil {
		return "", errors.Errorf("%s exists; want a new folder", out)
	}
	sbom, err := sbomOf(i.binary)
	if err != nil {
		return "", err
	}
	layers := [][]entry{{{path: binaryPath, mode: 0o755, file: i.binary}, {path: sbomPath, mode: 0o644, data: sbom}}}
	if len(i.models) > 0 { // a layer of their own: other models leave the binary's as it is
		var list []entry
		seen := map[string]bool{}
		for _, m := range i.models {
			name := filepath.Base(m)
			if seen[name] {
				return "", errors.Errorf("two models are called %s", name)
			}
			seen[name] = true
			list = append(list, entry{path: path.Join(modelPath, name), mode: 0o644, file: m})
		}
		layers = append(layers, list)
	}
	made, err := i.assemble(layers)
	if err != nil {
		return "", err
	}
	p, err := layout.Write(out, empty.Index)
	if err != nil {
		return "", errors.WithStack(err)
	}
	name := layout.WithAnnotations(map[string]string{"org.opencontainers.image.ref.name": "latest"})
	platform := layout.WithPlatform(v1.Platform{OS: i.os, Architecture: i.arch})
	if err := p.AppendImage(made, name, platform); err != nil {
		return "", errors.WithStack(err)
	}
	digest, err := made.Digest()
	return digest.String(), errors.WithStack(err)
}

// assemble makes an image of layers. It has no time of its own, so that the same files give the same bytes.
func (i image) assemble(layers [][]entry) (v1.Image, error) {
	made := mutate.MediaType(empty.Image, types.OCIManifestSchema1)
	made = mutate.ConfigMediaType(made, types.OCIConfigJSON)
	for _, list := range layers {
		data, err := archive(list)
		if err != nil {
			return nil, err
		}
		layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
			tarball.WithMediaType(types.OCILayer))
		if err != nil {
			return nil, errors.WithStack(err)
		}
		if made, err = mutate.AppendLayers(made, layer); err != nil {
			return nil, errors.WithStack(err)
		}
	}
	config, err := made.ConfigFile()
	if err != nil {
		return nil, errors.WithStack(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = i.os, i.arch, v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config = v1.Config{
		Entrypoint: []string{"/" + binaryPath}, Cmd: []string{"serve"}, User: "65532:65532", WorkingDir: "/",
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Labels: map[string]string{
			"org.opencontainers.image.title": "unroll", "org.opencontainers.image.licenses": "MIT",
			"com.amazonaws.sagemaker.capabilities.accept-bind-to-port": "true",
		},
	}
	made, err = mutate.ConfigFile(made, config)
	return made, errors.WithStack(err)
}

// archive is a tar of files, and of the folders above them.
func archive(list []entry) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	folders := map[string]bool{}
	header := func(h tar.Header) error {
		h.ModTime, h.Format = time.Unix(0, 0), tar.FormatPAX
		return errors.WithStack(w.WriteHeader(&h))
	}
	for _, e := range list {
		parts := strings.Split(path.Dir(e.path), "/")
		for n := range parts {
			folder := strings.Join(parts[:n+1], "/") + "/"
			if folders[folder] {
				continue
			}
			folders[folder] = true
			owner := 0
			if folder == modelPath+"/" { // a training writes here
				owner = user
			}
			if err := header(tar.Header{Typeflag: tar.TypeDir, Name: folder, Mode: 0o755, Uid: owner, Gid: owner}); err != nil {
				return nil, err
			}
		}
		data := e.data
		if data == nil {
			var err error
			if data, err = os.ReadFile(e.file); err != nil {
				return nil, errors.WithStack(err)
			}
		}
		if err := header(tar.Header{Typeflag: tar.TypeReg, Name: e.path, Mode: e.mode, Size: int64(len(data))}); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, errors.WithStack(err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, errors.WithStack(err)
	}
	return b.Bytes(), nil
}
