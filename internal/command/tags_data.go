package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"github.com/unroll-go/unroll/recurrent/models"
)

// taggedData is a file of tagged words, and how it was read.
type taggedData struct {
	models.Sentences
	how    models.TagOrigin // complete: with what was found out
	scheme spans.Scheme     // of the tags
	faults spans.Faults
}

// readTagged reads a file of tagged words; what is not said of it is found out.
func readTagged(path string, o models.TagOrigin) (*taggedData, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, ".safetensors") {
		return nil, errors.Errorf("%s is a model; want tagged words (--tags)", path)
	}
	f, err := datasets.Tagged{Format: o.TagFormat, Column: o.TagColumn, Words: o.WordColumn}.Open(path)
	if err != nil {
		return nil, asRead(err, o)
	}
	d := &taggedData{Sentences: models.SentencesOf(f), how: o}
	d.how.TagFile, d.how.TagFormat, d.how.TagColumn = path, f.Format, f.Column
	if o.FileScheme == "" {
		d.scheme = spans.Recognize(d.Tags)
	} else if d.scheme, err = spans.Named(o.FileScheme); err != nil {
		return nil, bad("FileScheme", "%q; want %s", o.FileScheme, oneOf(spans.Names()))
	}
	d.how.FileScheme = d.scheme.String()
	d.faults = d.scheme.Check(d.Tags)
	return d, nil
}

// asRead adds to an error how the file was to be read.
func asRead(err error, o models.TagOrigin) error {
	var given []string
	for _, f := range []struct{ name, value string }{{"tag-format", o.TagFormat}, {"tag-column", o.TagColumn}, {"word-column", o.WordColumn}} {
		if f.value != "" {
			given = append(given, "--"+f.name+" "+f.value)
		}
	}
	if given == nil {
		return err
	}
	return errors.Errorf("%v (with %s)", err, strings.Join(given, ", "))
}

// as are the sentences with the tags of another scheme.
func (d *taggedData) as(scheme spans.Scheme) (models.Sentences, error) {
	if (d.scheme == spans.None) != (scheme == spans.None) {
		return models.Sentences{}, errors.Errorf("%s: its tags are of the scheme %v, and those of the model of the scheme %v "+
			"(--file-scheme, --scheme)", d.Name, d.scheme, scheme)
	}
	return d.Converted(d.scheme, scheme)
}

// describe says how the file was read.
func (d *taggedData) describe(w io.Writer, trained spans.Scheme) {
	tell(w, "Tags", "%s: %s, column %s (--tag-format, --tag-column)", d.Name, formatName(d.how.TagFormat), d.how.TagColumn)
	if d.scheme == spans.None {
		tell(w, "Scheme", "none: the tags mark no spans (--file-scheme)")
		return
	}
	as := ""
	if trained != d.scheme {
		as = fmt.Sprintf(", converted to %v", trained)
	}
	tell(w, "Scheme", "%v%s (--file-scheme, --scheme)", d.scheme, as)
	if f := d.faults; f.Count > 0 {
		tell(w, "Note", "tags that %v does not allow to follow each other: %d; the first, %s to %s, in line %d",
			d.scheme, f.Count, edge(f.Before, "the beginning"), edge(f.After, "the end"), d.Lines[f.Sentence]+f.Word)
	}
}

func edge(tag, name string) string {
	if tag == "" {
		return name
	}
	return tag
}

// formatName is a format in words.
func formatName(format string) string {
	switch format {
	case datasets.FormatCoNLLU:
		return "CoNLL-U"
	case datasets.FormatColumns:
		return "columns with blanks between"
	case datasets.FormatTSV:
		return "columns with tabs between"
	case datasets.FormatJSONL:
		return "JSONL"
	}
	return format
}

// taggedParts are the sentences of a tagger's file: to train on, to stop by, to test. The last two may have files of their
// own. Their tags are those of the model's scheme.
type taggedParts struct {
	fit, check, test models.Sentences
	scheme           spans.Scheme
	untested         bool // there are none to test: those to stop by stand in
}

// readTaggedParts reads a tagger's file, and those of its parts that have a file of their own.
func readTaggedParts(c models.Config) (*taggedData, *taggedParts, error) {
	o := c.Origin
	d, err := readTagged(o.Tags.TagFile, o.Tags)
	if err != nil {
		return nil, nil, err
	}
	p := &taggedParts{scheme: d.scheme}
	if c.Tag.Scheme != "" {
		if p.scheme, err = spans.Named(c.Tag.Scheme); err != nil {
			return nil, nil, err
		}
	}
	all, err := d.as(p.scheme)
	if err != nil {
		return nil, nil, err
	}
	validation, test := 0.1, o.TestPart
	if o.ValidFile != "" {
		validation = 0
	}
	if o.TestFile != "" {
		test = 0
	}
	if p.fit, p.check, p.test, err = all.Split(validation, test); err != nil {
		return nil, nil, err
	}
	for _, own := range []struct {
		file string
		part *models.Sentences
	}{{o.ValidFile, &p.check}, {o.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		part, err := readTagged(own.file, models.TagOrigin{TagFormat: o.Tags.TagFormat, TagColumn: d.how.TagColumn, WordColumn: o.Tags.WordColumn,
			FileScheme: d.how.FileScheme})
		if err != nil {
			return nil, nil, err
		}
		if *own.part, err = part.as(p.scheme); err != nil {
			return nil, nil, err
		}
	}
	if p.untested = p.test.Len() == 0; p.untested {
		p.test = p.check
	}
	return d, p, nil
}

// describe says how many words each part has.
func (p *taggedParts) describe(w io.Writer) {
	part := func(s models.Sentences) string { return thousands(s.Count()) }
	tellParts(w, "Words", part(p.fit), part(p.check), toTest(part(p.test), p.untested))
}

// taggedHash tells whether a tagger's files have changed.
func taggedHash(o models.Origin) (string, error) {
	return filesHash(o.Tags.TagFile, o.ValidFile, o.TestFile)
}

// ownTestSentences are the sentences that were kept for the test when a tagger was trained.
func ownTestSentences(c models.Config) (models.Sentences, error) {
	own := c.Origin
	data := ownData{"tags", "the model's own file of tagged words (another one: --tags)", own.Tags.TagFile,
		"its sentences to test may be others; give the file with --tags"}
	if err := data.same(own, taggedHash); err != nil {
		return models.Sentences{}, err
	}
	_, p, err := readTaggedParts(c)
	if err != nil {
		return models.Sentences{}, err
	}
	return p.test, nil
}
