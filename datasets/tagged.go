package datasets

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// Formats of files of tagged words.
const (
	FormatCoNLLU  = "conllu" // see CoNLLU
	FormatColumns = "conll"  // columns with blanks or tabs between, as CoNLL-2003; see CoNLL
	FormatTSV     = "tsv"    // columns with a tab between, so that words may have blanks in them
	FormatJSONL   = "jsonl"  // an object a line, with a list of words and one of tags
)

var taggedFormats = []string{FormatCoNLLU, FormatColumns, FormatTSV, FormatJSONL}

// Tagged reads sentences of which each word has a tag. What is not given is found out, and File says what was found.
//
//	file, err := datasets.Tagged{}.Open("train.conllu")
//	fmt.Println(file.Format, file.Column, len(file.Sentences))
//
// Sentences in columns have an empty line between them.
type Tagged struct {
	Format string // one of the formats; "" finds it out by the name's ending, or by the first lines
	// Column has the tags: upos, xpos or feats of CoNLL-U; the number of a column, counted from 1, or "last"; the name of a
	// field of JSONL. "" is upos, the last column, or one of the fields tags, ner_tags, pos_tags and labels.
	Column string
	// Words has the words: the number of a column, counted from 1, or the name of a field. "" is the first column, or one of
	// the fields tokens and words. CoNLL-U has its own.
	Words string
	// Untagged reads files without tags, too: in columns, the first line decides whether there is a column beside the words.
	Untagged    bool
	MaxSentence int // bytes; 0 is 1 MB
}

// TaggedSentence is a sentence with a tag for each word.
type TaggedSentence struct {
	Line  int // of its first line, counted from 1
	Words []string
	Tags  []string // as many; nil where there are none
}

// TaggedFile is what Tagged read, and how.
type TaggedFile struct {
	Name      string
	Format    string
	Column    string // of the tags; empty where there are none
	Sentences []TaggedSentence
}

// Words is the number of words of all sentences.
func (f *TaggedFile) Words() int {
	n := 0
	for _, s := range f.Sentences {
		n += len(s.Words)
	}
	return n
}

// Open reads a file.
func (c Tagged) Open(path string) (*TaggedFile, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return c.Read(f, path)
}

// Read reads from r; name is what errors call it, and what the format is found out by.
func (c Tagged) Read(r io.Reader, name string) (*TaggedFile, error) {
	if absent(r) {
		return nil, errNoReader(name)
	}
	if c.Format != "" && !slices.Contains(taggedFormats, c.Format) {
		return nil, errors.Errorf("datasets: the format %q of tagged words; want one of %s", c.Format, strings.Join(taggedFormats, ", "))
	}
	format := c.Format
	if format == "" {
		var start string
		start, r = lookAhead(r)
		if format = formatOfTags(name, start); format == "" {
			return nil, errors.Errorf("datasets: %s has no tagged words: want CoNLL-U, columns with blanks or tabs between, or JSONL", name)
		}
	}
	out := &TaggedFile{Name: name, Format: format}
	var err error
	switch format {
	case FormatCoNLLU:
		err = c.treebank(r, out)
	case FormatJSONL:
		err = c.objects(r, out)
	default:
		err = c.columns(r, out)
	}
	switch {
	case err != nil:
		return nil, err
	case len(out.Sentences) == 0:
		return nil, errors.Errorf("datasets: %s has no sentences", name)
	}
	return out, nil
}

// treebank reads CoNLL-U. A tag that is not given is _, as in the file.
func (c Tagged) treebank(r io.Reader, out *TaggedFile) error {
	if c.Words != "" {
		return errors.Errorf("datasets: %s: CoNLL-U has a column for its words; want none given, found %q", out.Name, c.Words)
	}
	out.Column = c.Column
	if out.Column == "" {
		out.Column = "upos"
	}
	pick := map[string]func(TreebankWord) string{
		"upos":  func(w TreebankWord) string { return w.UPOS },
		"xpos":  func(w TreebankWord) string { return w.XPOS },
		"feats": func(w TreebankWord) string { return w.Features },
	}[out.Column]
	if pick == nil {
		return errors.Errorf("datasets: %s: column %q of CoNLL-U; want upos, xpos or feats", out.Name, out.Column)
	}
	given := false
	t := CoNLLU{MaxSentence: c.MaxSentence}.Read(r, out.Name)
	for t.Next() {
		s := t.Sentence()
		tags := s.column(pick)
		for i, tag := range tags {
			if tag == "" {
				tags[i] = "_"
			} else {
				given = true
			}
		}
		out.Sentences = append(out.Sentences, TaggedSentence{s.Line + len(s.Comments), s.Forms(), tags})
	}
	switch {
	case t.Err() != nil || given || len(out.Sentences) == 0:
	case c.Untagged:
		out.Column = ""
		for i := range out.Sentences {
			out.Sentences[i].Tags = nil
		}
	default:
		return errors.Errorf("datasets: %s: the column %s is empty; want upos, xpos or feats", out.Name, out.Column)
	}
	return t.Err()
}

// columns reads CoNLL and TSV.
func (c Tagged) columns(r io.Reader, out *TaggedFile) error {
	reader := CoNLL{MaxSentence: c.MaxSentence}
	if out.Format == FormatTSV {
		reader.Separator = "\t"
	}
	s := reader.Read(r, out.Name)
	words, tags := 0, 0
	for s.Next() {
		if len(out.Sentences) == 0 {
			var err error
			if words, tags, err = c.places(s.width, out); err != nil {
				return err
			}
		}
		one := TaggedSentence{Line: s.Line(), Words: s.Column(words)}
		if tags >= 0 {
			one.Tags = s.Column(tags)
		}
		if at := slices.Index(one.Words, ""); at >= 0 {
			return errors.Errorf("datasets: %s, line %d: a word is empty", out.Name, one.Line+at)
		}
		if at := slices.Index(one.Tags, ""); at >= 0 {
			return errors.Errorf("datasets: %s, line %d: the word %q has no tag in column %s", out.Name, one.Line+at, one.Words[at], out.Column)
		}
		out.Sentences = append(out.Sentences, one)
	}
	return s.Err()
}

// places are the columns of the words and the tags, counted from 0; -1 where there are no tags.
func (c Tagged) places(width int, out *TaggedFile) (words, tags int, err error) {
	if words, err = column("words", c.Words, 0, width, out.Name); err != nil {
		return 0, 0, err
	}
	if width == 1 && c.Untagged {
		return words, -1, nil
	}
	if width == 1 {
		return 0, 0, errors.Errorf("datasets: %s has one column; want words and tags, with a blank or a tab between", out.Name)
	}
	if tags, err = column("tags", c.Column, width-1, width, out.Name); err != nil {
		return 0, 0, err
	}
	if words == tags {
		return 0, 0, errors.Errorf("datasets: %s: words and tags are both column %d", out.Name, tags+1)
	}
	out.Column = strconv.Itoa(tags + 1)
	return words, tags, nil
}

// column is the place of a column that is given by its number, counted from 1.
func column(what, name string, otherwise, width int, file string) (int, error) {
	switch name {
	case "":
		return otherwise, nil
	case "last":
		return width - 1, nil
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 1 || n > width {
		return 0, errors.Errorf("datasets: %s has %d columns; want the column of the %s as a number from 1 to %d, or last, found %q",
			file, width, what, width, name)
	}
	return n - 1, nil
}
