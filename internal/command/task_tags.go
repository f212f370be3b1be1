package command

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"github.com/unroll-go/unroll/recurrent/models"
)

// tagsTask is the tagger of words.
type tagsTask struct {
	simple
	// of eval
	judged string // file to judge the model by
	reads  models.TagOrigin
	matrix bool // print the confusion matrix

	words     taggedInput // what is predicted
	confusion bool        // the picture of what it confuses
}

func (t *tagsTask) kind() models.Kind { return models.KindTagger }

func (t *tagsTask) data() string { return "tags" }

func (t *tagsTask) help() string {
	return `With --tags: a tagger of words, on sentences in CoNLL-U, in columns as those of
CoNLL-2003, or in JSONL with "tokens" and "tags": parts of speech, say, or
names, whose spans are marked by IOB1, IOB2, BIOES or BILOU. A tenth of the
sentences, always the same, is kept for the test, a tenth of the others to stop
by, and the weights of the best pass are kept. The last line is
test_accuracy=<share> test_f1=<F1 of spans, if there are any> val_loss=<nats>
words_per_s=<speed>, all in one; the line before it has what the baseline
reaches, which takes the most frequent tag of each word.
` + otherDefaults(t)
}

func (t *tagsTask) judge(s *sample) (likelihood, string) {
	if s.ends(".conllu", ".conll", ".iob", ".bio") {
		return likely, "its name ends in " + s.ending
	}
	rows, gaps := 0, 0
	tags := map[string]bool{}
	width := -1
	for _, line := range s.lines {
		fields := strings.FieldsFunc(line, func(r rune) bool { return r == '\t' || r == ' ' })
		switch {
		case strings.HasPrefix(line, "-DOCSTART-"):
			return certain, "it has the line -DOCSTART-"
		case len(fields) == 0:
			gaps++
			continue
		case rows == 0 && taggedObject(line):
			return certain, `its lines have lists "tokens" and tags`
		case strings.HasPrefix(line, "#") && rows == 0:
			continue
		}
		if width < 0 {
			width = len(fields)
		}
		if len(fields) != width || width < 2 {
			return impossible, ""
		}
		rows++
		tags[fields[width-1]] = true
	}
	if rows < 10 || gaps < 2 || len(tags) > rows/3 {
		return impossible, ""
	}
	return certain, "its lines are words in " + strconv.Itoa(width) + " columns, with empty lines between sentences"
}

// taggedObject tells whether a line is an object with a list of words and one of tags.
func taggedObject(line string) bool {
	var o struct {
		Tokens, Words                  []json.RawMessage
		Tags, NERTags, POSTags, Labels []json.RawMessage
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &fields) != nil || json.Unmarshal([]byte(line), &o) != nil {
		return false
	}
	_, ner := fields["ner_tags"]
	_, pos := fields["pos_tags"]
	return len(o.Tokens)+len(o.Words) > 0 && (len(o.Tags)+len(o.Labels) > 0 || ner || pos)
}

func (t *tagsTask) configFlags(f *pflag.FlagSet, c *models.Config) {
	o := &c.Origin.Tags
	f.StringVar(&o.TagFile, t.data(), o.TagFile,
		"tagged words to learn to tag: .conllu, columns with empty lines between sentences, or .jsonl")
	readFlags(f, o)
	f.Var(orElse{&o.FileScheme, auto}, "file-scheme", "how the file's tags mark spans: "+oneOf(spans.Names())+"; found out unless given")
	f.Var(orElse{&c.Tag.Scheme, auto}, "scheme", "how the model's tags are to mark them; as the file's, unless given")
	f.StringVar(&c.Tag.Characters, "characters", c.Tag.Characters, "what reads the characters of a word: "+oneOf(models.SpellingReaders()))
	f.IntVar(&c.Tag.CharEmbed, "char-embed", c.Tag.CharEmbed, "width of a character's embedding")
	f.IntVar(&c.Tag.CharHidden, "char-hidden", c.Tag.CharHidden, "width of what reads characters, in each direction")
	crf := f.VarPF(inverted{&c.Tag.Softmax}, "crf", "", "choose the tags of a sentence as a whole; --crf=false chooses each by itself")
	crf.NoOptDefVal = "true"
	partFlags(f, &c.Origin)
}

// readFlags are those that say how a file of tagged words is read.
func readFlags(f *pflag.FlagSet, o *models.TagOrigin) {
	f.Var(orElse{&o.TagFormat, auto}, "tag-format", "format of the tagged words: conllu, conll, tsv or jsonl; found out unless given")
	f.StringVar(&o.TagColumn, "tag-column", o.TagColumn,
		"column of the tags: upos, xpos or feats of CoNLL-U; a number from 1 on, or last; a field of JSONL")
	f.StringVar(&o.WordColumn, "word-column", o.WordColumn,
		"column of the words: a number from 1 on, or a field of JSONL; the first unless given")
}

// taggedFormats are the formats of files of tagged words.
var taggedFormats = []string{datasets.FormatCoNLLU, datasets.FormatColumns, datasets.FormatTSV, datasets.FormatJSONL}

// inverted is a flag that is true where a value is false.
type inverted struct{ value *bool }

func (i inverted) String() string {
	if i.value == nil {
		return "true"
	}
	return strconv.FormatBool(!*i.value)
}

func (i inverted) Set(s string) error {
	v, err := strconv.ParseBool(s)
	if err != nil {
		return errors.Errorf("%q; want true or false", s)
	}
	*i.value = !v
	return nil
}

func (i inverted) Type() string { return "bool" }

func (t *tagsTask) check(c models.Config) error {
	o := c.Origin
	if !(o.TestPart >= 0 && o.TestPart <= 0.5) {
		return bad("TestPart", "%g; want 0 to 0.5", o.TestPart)
	}
	if f := o.Tags.TagFormat; f != "" && !slices.Contains(taggedFormats, f) {
		return bad("TagFormat", "%q; want %s", f, oneOf(taggedFormats))
	}
	if s := o.Tags.FileScheme; s != "" {
		if _, err := spans.Named(s); err != nil {
			return bad("FileScheme", "%q; want %s", s, oneOf(spans.Names()))
		}
	}
	return nil
}

func (t *tagsTask) inputs(c models.Config) []string {
	return []string{c.Origin.Tags.TagFile, c.Origin.ValidFile, c.Origin.TestFile}
}

func (t *tagsTask) evalFlags(f *pflag.FlagSet) {
	f.StringVar(&t.judged, t.data(), "", "tagged words to judge a tagger by")
	readFlags(f, &t.reads)
	f.Var(orElse{&t.reads.FileScheme, auto}, "file-scheme", "how the file's tags mark spans; found out unless given")
	f.BoolVar(&t.matrix, "confusion", false, "print which tags a tagger takes for which")
}

func (t *tagsTask) eval(cmd *cobra.Command, m models.Model) (report, error) {
	if t.judged == "" && t.reads != (models.TagOrigin{}) {
		return nil, usage("--tag-format, --tag-column, --word-column and --file-scheme go with --tags")
	}
	if f := t.reads.TagFormat; f != "" && !slices.Contains(taggedFormats, f) {
		return nil, usage("--tag-format %q; want %s", f, oneOf(taggedFormats))
	}
	r, err := evalTagger(cmd.ErrOrStderr(), m.(*models.Tagger), t.judged, t.reads)
	if err != nil {
		return nil, err
	}
	r.matrix = t.matrix
	return r, nil
}

func (t *tagsTask) predictFlags(f *pflag.FlagSet) {
	t.words.flags(f)
	t.words.parting.flags(f)
}

func (t *tagsTask) predict(cmd *cobra.Command, m models.Model, args []string) error {
	if err := t.words.parting.check(args); err != nil {
		return err
	}
	return t.words.tag(cmd, m.(*models.Tagger), args, writeJSON)
}

func (t *tagsTask) plotFlags(f *pflag.FlagSet) {
	f.BoolVar(&t.confusion, "confusion", false, "draw which tags a tagger takes for which")
}

func (t *tagsTask) picture(m models.Model) (*chart.Picture, error) {
	if !t.confusion {
		return nil, nil
	}
	s, err := ownTestSentences(m.Config())
	if err != nil {
		return nil, err
	}
	e, err := m.(*models.Tagger).Evaluate(s)
	if err != nil {
		return nil, err
	}
	return chart.Confusion(e.Confusion), nil
}

func (t *tagsTask) about(a *account, c models.Config) {
	a.takeTokens("characters")
	if a.takeTokens("words") {
		a.say("vocabulary", "%s words, in small letters", thousands(a.tokens))
	}
	var tags []string
	if a.take("tags", &tags) {
		a.say("tags", "%d: %s", len(tags), strings.Join(tags, ", "))
	}
	if c.Tag.Scheme != spans.None.String() {
		a.say("spans", "marked by the scheme %s", c.Tag.Scheme)
	}
	if o := c.Origin.Tags; o.TagFile != "" {
		a.say("words", "%s, %s, tags in column %s", o.TagFile, o.TagFormat, o.TagColumn)
	}
}
