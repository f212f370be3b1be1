package command

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"github.com/unroll-go/unroll/recurrent/models"
	"golang.org/x/term"
)

func tagCommand() *cobra.Command {
	var model modelFlags
	var in taggedInput
	var jsonLines, conll bool
	cmd := &cobra.Command{
		Use:   "tag [FILE]",
		Short: "Tag the words of sentences: parts of speech, names",
		Long: `Tag the words of a text, a sentence a line, with blanks between words, as in the
data that the model was trained on: its punctuation marks stand alone. Without
FILE, the text is read from the standard input. Spans, such as names, stand in
brackets, in colours on a terminal; other tags behind a stroke.

A FILE in CoNLL-U, columns or JSONL comes back in its own format: the column of
CoNLL-U that the model was trained on is replaced, of other columns the one that
--tag-column says; without that, one is added at the end.`,
		Example: `  echo "Ann Clarkson lives in Paris ." | unroll tag --model names.safetensors
  unroll tag --model pos.safetensors book.conllu > tagged.conllu
  unroll tag --model names.safetensors text.txt --json`,
		Args: oneFileAtMost,
		RunE: func(cmd *cobra.Command, args []string) error {
			if jsonLines && conll {
				return usage("--json and --conll; want one of them")
			}
			m, err := model.load()
			if err != nil {
				return err
			}
			tagger, ok := m.(*models.Tagger)
			if !ok {
				return wrongKind(model.path, m, models.KindTagger)
			}
			var write writer
			switch {
			case jsonLines:
				write = writeJSON
			case conll:
				write = writeColumns
			}
			return in.tag(cmd, tagger, args, write)
		},
	}
	model.add(cmd)
	f := cmd.Flags()
	in.flags(f)
	f.BoolVar(&jsonLines, "json", false, "print a JSON object for each sentence, with its words, tags and spans")
	f.BoolVar(&conll, "conll", false, "print a line for each word, with a tab before its tag, and an empty line after each sentence")
	return cmd
}

// formatText is the format of sentences in lines, beside those of datasets.Tagged.
const formatText = "text"

// taggedInput is what is to be tagged.
type taggedInput struct {
	how     models.TagOrigin
	scheme  string
	parting parting // of predict
}

func (in *taggedInput) flags(f *pflag.FlagSet) {
	f.Var(orElse{&in.how.TagFormat, auto}, "tag-format",
		"format of the words: text, conllu, conll, tsv or jsonl; by the file's name unless given")
	f.StringVar(&in.how.TagColumn, "tag-column", "", "column of the tags to replace: upos, xpos or feats of CoNLL-U, or a number from 1 on")
	f.StringVar(&in.how.WordColumn, "word-column", "", "column of the words: a number from 1 on, or a field of JSONL; the first unless given")
	f.Var(orElse{&in.scheme, auto}, "scheme", "scheme of the tags to write: "+oneOf(spans.Names())+"; the model's unless given")
}

// writer writes tagged sentences.
type writer func(w io.Writer, scheme spans.Scheme, s models.Sentences) error

// tag tags the words of a file or of the standard input, and has them written. With a writer that is nil they are written for
// people, or in the file's own format.
func (in *taggedInput) tag(cmd *cobra.Command, m *models.Tagger, args []string, write writer) error {
	scheme, err := in.outScheme(m)
	if err != nil {
		return err
	}
	name, format := "standard input", cmp.Or(in.how.TagFormat, formatText)
	if known := append([]string{formatText}, taggedFormats...); !slices.Contains(known, format) {
		return usage("--tag-format %q; want %s", format, oneOf(known))
	}
	input := cmd.InOrStdin()
	if len(args) > 0 {
		name = args[0]
		file, err := inputfile.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		input, format = file, cmp.Or(in.how.TagFormat, formatByName(name))
	}
	tag := func(s models.Sentences) (models.Sentences, error) {
		var err error
		if s.Tags, err = m.Tag(s.Words); err != nil {
			return s, errors.Wrap(err, name)
		}
		return s.Converted(m.Scheme(), scheme)
	}
	return in.parting.write(cmd, m, args, func(w io.Writer) error {
		from, to, err := in.parting.lines(name)
		if err != nil {
			return err
		}
		tag := func(s models.Sentences) (models.Sentences, error) { return tag(within(s, from, to)) }
		if format != formatText {
			return in.file(w, input, name, format, m, scheme, tag, write)
		}
		if in.how.TagColumn != "" || in.how.WordColumn != "" {
			return usage("--tag-column and --word-column go with columns, and %s is taken for text (--tag-format)", name)
		}
		if write == nil {
			write = writePlain
			if onTerminal(cmd.OutOrStdout()) {
				write = writeColoured
			}
		}
		return tagLines(w, input, name, func(s models.Sentences) error {
			s, err := tag(s)
			if err != nil {
				return err
			}
			return write(w, scheme, s)
		})
	})
}

// within are the sentences that begin in a stretch of lines, without to.
func within(s models.Sentences, from, to int) models.Sentences {
	out := models.Sentences{Name: s.Name}
	for i, line := range s.Lines {
		if line >= from && line < to {
			out.Words, out.Lines = append(out.Words, s.Words[i]), append(out.Lines, line)
		}
	}
	return out
}

// outScheme is the scheme of the tags that are written.
func (in *taggedInput) outScheme(m *models.Tagger) (spans.Scheme, error) {
	if in.scheme == "" {
		return m.Scheme(), nil
	}
	s, err := spans.Named(in.scheme)
	if err != nil {
		return s, usage("--scheme %q; want %s", in.scheme, oneOf(spans.Names()))
	}
	if (s == spans.None) != (m.Scheme() == spans.None) {
		return s, usage("--scheme %v: the tags of the model are of the scheme %v", s, m.Scheme())
	}
	return s, nil
}

// formatByName is the format of a file's name.
func formatByName(path string) string {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".conllu":
		return datasets.FormatCoNLLU
	case ".conll", ".iob", ".bio":
		return datasets.FormatColumns
	case ".tsv":
		return datasets.FormatTSV
	case ".jsonl", ".ndjson":
		return datasets.FormatJSONL
	}
	return formatText
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
}

// tagLines reads sentences in lines, some at a time; a person's one by one.
func tagLines(w io.Writer, r io.Reader, name string, use func(s models.Sentences) error) error {
	most := 64
	if f, ok := r.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		most = 1
	}
	s := models.Sentences{Name: name}
	flush := func() error {
		if s.Len() == 0 {
			return nil
		}
		err := use(s)
		s = models.Sentences{Name: name}
		if f, ok := w.(interface{ Flush() error }); ok && err == nil && most == 1 {
			err = f.Flush()
		}
		return err
	}
	lines := datasets.PlainText{}.Read(r, name)
	for lines.Next() {
		s.Words, s.Lines = append(s.Words, strings.Fields(lines.Text())), append(s.Lines, lines.Line())
		if s.Len() == most {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return cmp.Or(flush(), lines.Err())
}

// file tags a file that is no text, which comes back as it is but for the tags unless there is a writer.
func (in *taggedInput) file(w io.Writer, r io.Reader, name, format string, m *models.Tagger, scheme spans.Scheme,
	tag func(models.Sentences) (models.Sentences, error), write writer) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return errors.Wrap(err, name)
	}
	column := in.how.TagColumn
	if own := m.Config().Origin.Tags; column == "" && format == datasets.FormatCoNLLU && own.TagFormat == format {
		column = own.TagColumn
	}
	f, err := datasets.Tagged{Format: format, Column: column, Words: in.how.WordColumn, Untagged: true}.Read(bytes.NewReader(data), name)
	if err != nil {
		return err
	}
	s, err := tag(models.SentencesOf(f))
	switch {
	case err != nil:
		return err
	case write != nil:
		return write(w, scheme, s)
	case format == datasets.FormatJSONL:
		return writeJSON(w, scheme, s)
	}
	if format == datasets.FormatCoNLLU {
		return fillTreebank(w, data, cmp.Or(column, "upos"), s.AllTags())
	}
	at := -1
	if in.how.TagColumn != "" {
		if _, err := fmt.Sscan(f.Column, &at); err != nil {
			return usage("--tag-column %s: %s has one column", in.how.TagColumn, name)
		}
		at--
	}
	return fillColumns(w, data, format == datasets.FormatTSV, at, s.AllTags())
}
