package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/datasets/audio"
)

// digit is a recording of one.
type digit struct {
	number  int // 0 to 9
	speaker string
	take    int // which of the recordings of this digit by this speaker, from 0 on
	sound   *audio.Sound
}

var names = []string{"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}

func (d digit) text() string { return names[d.number] }

type digits []digit

// load reads all recordings, in order.
func load(from string) (digits, error) {
	read := archived
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		read = inFolder
	}
	var out digits
	err := read(from, func(name string, r io.Reader) error {
		d, err := parse(name, r)
		if err == nil {
			out = append(out, d)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no recordings such as 7_jackson_32.wav", from)
	}
	slices.SortFunc(out, func(a, b digit) int {
		return strings.Compare(fmt.Sprint(a.speaker, a.number, 1000+a.take), fmt.Sprint(b.speaker, b.number, 1000+b.take))
	})
	return out, nil
}

// parse reads a recording, whose name says what it is: 7_jackson_32.wav.
func parse(name string, r io.Reader) (digit, error) {
	parts := strings.Split(strings.TrimSuffix(name, ".wav"), "_")
	if len(parts) != 3 {
		return digit{}, fmt.Errorf("%s: want a name such as 7_jackson_32.wav", name)
	}
	number, err1 := strconv.Atoi(parts[0])
	take, err2 := strconv.Atoi(parts[2])
	if err := errors.Join(err1, err2); err != nil || number < 0 || number > 9 {
		return digit{}, fmt.Errorf("%s: want a name such as 7_jackson_32.wav", name)
	}
	s, err := audio.ReadStream(r, name)
	if err != nil {
		return digit{}, err
	}
	sound, err := s.ReadAll()
	return digit{number, parts[1], take, sound}, err
}

func archived(file string, use func(name string, r io.Reader) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if !strings.HasSuffix(h.Name, ".wav") {
			continue
		}
		raw, err := io.ReadAll(archive)
		if err != nil {
			return err
		}
		if err := use(path.Base(h.Name), bytes.NewReader(raw)); err != nil {
			return err
		}
	}
}

func inFolder(folder string, use func(name string, r io.Reader) error) error {
	files, err := filepath.Glob(filepath.Join(folder, "*.wav"))
	if err != nil {
		return err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := use(filepath.Base(file), bytes.NewReader(raw)); err != nil {
			return err
		}
	}
	return nil
}

// numbered are the recordings whose takes are from one number up to another, without that.
func (list digits) numbered(from, to int) digits {
	var out digits
	for _, d := range list {
		if d.take >= from && d.take < to {
			out = append(out, d)
		}
	}
	return out
}
