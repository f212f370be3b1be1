package catalog

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"strings"

	"github.com/pkg/errors"
)

// Archives are read where they are and never unpacked to disk, so no name in one can lead out of a folder. What they
// hold is bounded, so that a small file cannot fill the memory.
const maxUnpacked = 1 << 30

// visitor is given the files of an archive. What it does not read is skipped.
type visitor func(name string, r io.Reader) error

// fileName returns the name of a file in an archive, cleaned, or an error if it is one that leads elsewhere.
func fileName(name string) (string, error) {
	clean := path.Clean(strings.TrimPrefix(name, "./"))
	if name == "" || path.IsAbs(name) || clean == ".." || strings.HasPrefix(clean, "../") || strings.ContainsAny(name, "\\\x00") ||
		len(name) > 1 && name[1] == ':' {
		return "", errors.Errorf("the name %q leads out of the archive", name)
	}
	return clean, nil
}

// bounded reads up to a limit that all files of an archive share.
type bounded struct {
	r    io.Reader
	left *int64
}

func (b bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	*b.left -= int64(n)
	if *b.left < 0 {
		return 0, errors.New("the archive holds more than it should")
	}
	return n, err
}

// walkZip visits the files of a zip archive of size bytes, in their order.
func walkZip(r io.ReaderAt, size, limit int64, visit visitor) error {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return errors.WithStack(err)
	}
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			continue
		}
		name, err := fileName(f.Name)
		if err != nil {
			return err
		}
		if err := visitZipped(f, name, &limit, visit); err != nil {
			return errors.Wrap(err, name)
		}
	}
	return nil
}

func visitZipped(f *zip.File, name string, left *int64, visit visitor) error {
	r, err := f.Open()
	if err != nil {
		return errors.WithStack(err)
	}
	defer func() { _ = r.Close() }()
	return visit(name, bounded{r, left})
}

// walkTar visits the files of a tar archive packed with gzip, in their order. All is unpacked on the way and counted.
func walkTar(r io.Reader, limit int64, visit visitor) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return errors.WithStack(err)
	}
	all := tar.NewReader(bounded{z, &limit})
	for {
		head, err := all.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return errors.WithStack(err)
		}
		if head.Typeflag != tar.TypeReg {
			continue
		}
		name, err := fileName(head.Name)
		if err != nil {
			return err
		}
		if err := visit(name, all); err != nil {
			return errors.Wrap(err, name)
		}
	}
}

// walk visits the files of an archive on disk, of the kind that its name tells.
func walk(file string, visit visitor) error {
	f, err := os.Open(file)
	if err != nil {
		return errors.WithStack(err)
	}
	defer f.Close()
	if !strings.HasSuffix(file, ".zip") {
		return errors.Wrap(walkTar(f, maxUnpacked, visit), file)
	}
	stat, err := f.Stat()
	if err != nil {
		return errors.WithStack(err)
	}
	return errors.Wrap(walkZip(f, stat.Size(), maxUnpacked, visit), file)
}

// members reads the files of an archive that want says, by their cleaned names. All of names must be there.
func members(file string, names ...string) (map[string][]byte, error) {
	found := map[string][]byte{}
	err := walk(file, func(name string, r io.Reader) error {
		if indexOf(names, name) < 0 {
			return nil
		}
		if _, twice := found[name]; twice {
			return errors.New("the file is in the archive twice")
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			return errors.WithStack(err)
		}
		found[name] = b.Bytes()
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, ok := found[name]; !ok {
			return nil, errors.Errorf("%s has no file %s", file, name)
		}
	}
	return found, nil
}

// gunzip unpacks bytes that are part of the program.
func gunzip(packed []byte) (io.Reader, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	return z, errors.WithStack(err)
}
