package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
)

var words = strings.Fields("zero one two three four five six seven eight nine")

// recording is one digit, said once.
type recording struct {
	name    string // of the file
	digit   int
	speaker string
	take    int // 0 to 49 of each digit by each speaker
	sound   *audio.Sound
}

// tested tells whether the recording tests where speakers are known: the first five takes, as the data set suggests.
func (r recording) tested() bool { return r.take < 5 }

// stops tells whether the recording says when to stop training: three more.
func (r recording) stops() bool { return r.take >= 5 && r.take < 8 }

// read reads the archive, in the order of its files' names: {digit}_{speaker}_{take}.wav.
func read(archive string) ([]recording, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Wrap(err, archive)
	}
	var all []recording
	for files := tar.NewReader(unzipped); ; {
		h, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errors.Wrap(err, archive)
		}
		r, ok := named(path.Base(h.Name))
		if !ok {
			continue
		}
		raw, err := io.ReadAll(files)
		if err != nil {
			return nil, errors.Wrap(err, archive)
		}
		stream, err := audio.ReadStream(bytes.NewReader(raw), r.name)
		if err != nil {
			return nil, err
		}
		if r.sound, err = stream.ReadAll(); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, errors.Errorf("%s has no recordings such as 7_jackson_32.wav", archive)
	}
	slices.SortFunc(all, func(a, b recording) int { return strings.Compare(a.name, b.name) })
	return all, nil
}

func named(file string) (recording, bool) {
	parts := strings.Split(strings.TrimSuffix(file, ".wav"), "_")
	if len(parts) != 3 || !strings.HasSuffix(file, ".wav") {
		return recording{}, false
	}
	digit, err := strconv.Atoi(parts[0])
	take, err2 := strconv.Atoi(parts[2])
	ok := err == nil && err2 == nil && digit >= 0 && digit < len(words)
	return recording{name: file, digit: digit, speaker: parts[1], take: take}, ok
}

func speakersOf(all []recording) []string {
	var out []string
	for _, r := range all {
		if !slices.Contains(out, r.speaker) {
			out = append(out, r.speaker)
		}
	}
	slices.Sort(out)
	return out
}
