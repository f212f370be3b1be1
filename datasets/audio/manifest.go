package audio

import (
	"bufio"
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
)

// Columns of manifests where none are named: those of Common Voice, NeMo, Hugging Face and others.
var (
	pathNames = []string{"path", "audio", "audio_filepath", "file", "file_name", "wav"}
	textNames = []string{"text", "sentence", "transcript", "transcription"}
)

// Manifest reads a list of recordings with what is said in them: TSV, or JSONL with an object a line. Which, the first byte
// says. TSV without a header has the path in the first column and the text in the second.
type Manifest struct {
	Path string // the column or field with the path of the file; "" is the first of the usual names, such as path
	Text string // with what is said; "" is the first of the usual names, such as text, or none
	// Folder is where relative paths begin; "" is the folder of the manifest.
	Folder string
}

// Clip is one recording of a manifest.
type Clip struct {
	Path   string
	Text   string
	Others map[string]string // the other columns; of JSONL, fields that are lists or objects are JSON
	Line   int               // counted from 1
}

// Open reads a manifest.
func (m Manifest) Open(path string) ([]Clip, error) {
	f, err := inputfile.Open(path)
	if err != nil {
		return nil, errors.Wrap(err, "audio")
	}
	defer func() { _ = f.Close() }()
	if m.Folder == "" {
		m.Folder = filepath.Dir(path)
	}
	return m.Read(f, path)
}

// Read reads a manifest from r; name is what errors call it.
func (m Manifest) Read(r io.Reader, name string) ([]Clip, error) {
	if absent(r) {
		return nil, errors.Errorf("audio: no reader of %s was given", name)
	}
	buffered := bufio.NewReader(r)
	start, err := buffered.Peek(64) // what is wrong with it, the readers say
	start = bytes.TrimLeft(bytes.TrimPrefix(start, []byte("\ufeff")), " \t\r\n")
	var clips []Clip
	switch {
	case len(start) == 0 && err == io.EOF:
		err = nil
	case bytes.HasPrefix(start, []byte("{")):
		clips, err = m.objects(buffered, name)
	default:
		clips, err = m.rows(buffered, name)
	}
	if err == nil && len(clips) == 0 {
		err = errors.Errorf("audio: %s lists no recordings", name)
	}
	return clips, err
}

// add appends the clip of a line, which must name a file.
func (m Manifest) add(clips []Clip, c Clip, name string) ([]Clip, error) {
	if c.Path == "" {
		return nil, errors.Errorf("audio: %s, line %d: no path of a recording", name, c.Line)
	}
	if c.Path = filepath.FromSlash(c.Path); !filepath.IsAbs(c.Path) {
		c.Path = filepath.Join(m.Folder, c.Path)
	}
	return append(clips, c), nil
}

func (m Manifest) rows(r io.Reader, name string) ([]Clip, error) {
	names := slices.Concat(pathNames, textNames)
	for _, given := range []string{m.Path, m.Text} {
		if given != "" {
			names = append(names, given)
		}
	}
	rows, err := datasets.TSV{Header: datasets.HeaderDetect, Names: names}.Read(r, name)
	if err != nil {
		return nil, err
	}
	columns := rows.Columns()
	path, text := 0, 1
	if rows.HasHeader() || m.Path != "" || m.Text != "" {
		if path, err = columnOf("path", m.Path, pathNames, columns, name); err != nil {
			return nil, err
		}
		if text, err = columnOf("text", m.Text, textNames, columns, name); err != nil && m.Text != "" {
			return nil, err
		}
	}
	var clips []Clip
	for rows.Next() {
		c := Clip{Others: map[string]string{}, Line: rows.Line()}
		for i, v := range rows.Fields() {
			switch {
			case i == path:
				c.Path = v
			case i == text:
				c.Text = v
			case i < len(columns) && columns[i] != "":
				c.Others[columns[i]] = v
			}
		}
		if clips, err = m.add(clips, c, name); err != nil {
			return nil, err
		}
	}
	return clips, rows.Err()
}

// columnOf is the number of a column: the one that is given, or the first of the usual names; -1 with the error.
func columnOf(what, given string, usual, columns []string, name string) (int, error) {
	if given != "" {
		usual = []string{given}
	}
	for _, want := range usual {
		if i := slices.Index(columns, want); i >= 0 {
			return i, nil
		}
	}
	return -1, errors.Errorf("audio: %s: no column %s for the %s; there are %s",
		name, strings.Join(usual, ", "), what, strings.Join(columns, ", "))
}

func (m Manifest) objects(r io.Reader, name string) ([]Clip, error) {
	objects := datasets.JSONL{}.Read(r, name)
	var clips []Clip
	for objects.Next() {
		fields := objects.Fields()
		path, err := columnOf("path", m.Path, pathNames, fields, name)
		if err != nil {
			return nil, errors.Wrapf(err, "line %d", objects.Line())
		}
		text, err := columnOf("text", m.Text, textNames, fields, name)
		if err != nil && m.Text != "" {
			return nil, errors.Wrapf(err, "line %d", objects.Line())
		}
		c := Clip{Others: map[string]string{}, Line: objects.Line()}
		for i, field := range fields {
			switch raw := objects.Raw(field); {
			case i == path:
				c.Path = objects.Text(field)
			case i == text:
				c.Text = objects.Text(field)
			case len(raw) > 0 && raw[0] == '"':
				c.Others[field] = objects.Text(field)
			default:
				c.Others[field] = string(raw)
			}
		}
		if err := objects.Err(); err != nil {
			return nil, err
		}
		if clips, err = m.add(clips, c, name); err != nil {
			return nil, err
		}
	}
	return clips, objects.Err()
}
