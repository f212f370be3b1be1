package command

import (
	"fmt"
	"io"

	"github.com/unroll-go/unroll/internal/texttable"
	"github.com/unroll-go/unroll/nn/train/metric/spans"
	"github.com/unroll-go/unroll/recurrent/models"
)

// taggerReport is how good a tagger is.
type taggerReport struct {
	Sentences int    `json:"sentences"`
	Words     int    `json:"words"`
	Loss      number `json:"loss"`
	Accuracy  number `json:"accuracy"`
	Whole     number `json:"sentence_accuracy"` // share of sentences without a mistake

	UnknownWords    int    `json:"unknown_words"`
	UnknownAccuracy number `json:"unknown_accuracy"` // null without such words
	UnknownTags     int    `json:"unknown_tags"`

	Spans  *spanReport      `json:"spans,omitempty"`
	Tags   map[string]score `json:"tags"`
	matrix bool
	found  *models.TagEvaluation
}

// spanReport are figures of spans, as seqeval's default mode counts them.
type spanReport struct {
	Scheme    string           `json:"scheme"`
	Precision number           `json:"precision"`
	Recall    number           `json:"recall"`
	F1        number           `json:"f1"`
	MacroF1   number           `json:"macro_f1"`
	StrictF1  *number          `json:"strict_f1,omitempty"` // as its strict mode does
	Types     map[string]score `json:"types"`
}

// evalTagger judges a tagger by a file, or, if the path is empty, by the sentences of its own that were kept for the test.
// The log is told how another file was read.
func evalTagger(log io.Writer, m *models.Tagger, path string, how models.TagOrigin) (*taggerReport, error) {
	var s models.Sentences
	var err error
	if path == "" {
		s, err = ownTestSentences(m.Config())
	} else {
		s, err = otherSentences(log, m, path, how)
	}
	if err != nil {
		return nil, err
	}
	e, err := m.Evaluate(s)
	if err != nil {
		return nil, err
	}
	c := e.Confusion
	r := &taggerReport{
		Sentences: e.Sentences, Words: e.Words, Loss: number(e.Loss), Accuracy: number(e.Confusion.Accuracy()),
		Whole:        number(float64(e.WholeSentences) / float64(e.Sentences)),
		UnknownWords: e.UnknownWords, UnknownAccuracy: number(float64(e.UnknownRight) / float64(e.UnknownWords)),
		UnknownTags: e.UnknownTags, Tags: map[string]score{}, found: e,
	}
	for i, name := range c.Labels {
		r.Tags[name] = score{number(c.Precision(i)), number(c.Recall(i)), number(c.F1(i)), c.Support(i)}
	}
	if e.Spans != nil {
		r.Spans = spanFigures(m, e)
	}
	return r, nil
}

func spanFigures(m *models.Tagger, e *models.TagEvaluation) *spanReport {
	all := e.Spans.Micro()
	out := &spanReport{
		Scheme: m.Scheme().String(), Precision: number(all.Precision), Recall: number(all.Recall), F1: number(all.F1),
		MacroF1: number(e.Spans.Macro().F1), Types: map[string]score{},
	}
	if e.Strict != nil {
		f1 := number(e.Strict.Micro().F1)
		out.StrictF1 = &f1
	}
	for _, kind := range e.Spans.Types() {
		out.Types[kind] = score{
			number(e.Spans.Precision(kind)), number(e.Spans.Recall(kind)), number(e.Spans.F1(kind)), e.Spans.Support(kind),
		}
	}
	return out
}

// otherSentences are those of another file, read as the model's own unless it is said how.
func otherSentences(log io.Writer, m *models.Tagger, path string, how models.TagOrigin) (models.Sentences, error) {
	own := m.Config().Origin.Tags
	d, err := readTagged(path, how)
	if how.TagColumn == "" && own.TagColumn != "" && (err != nil || d.how.TagFormat == own.TagFormat) {
		how.TagColumn = own.TagColumn
		if how.WordColumn == "" {
			how.WordColumn = own.WordColumn
		}
		if again, err2 := readTagged(path, how); err2 == nil {
			d, err = again, nil
		}
	}
	if err != nil {
		return models.Sentences{}, err
	}
	if m.Scheme() != spans.None && d.scheme == spans.None && how.FileScheme == "" && onlyOutside(d.Sentences) {
		d.scheme = m.Scheme() // a file without any span
	}
	d.describe(log, m.Scheme())
	return d.as(m.Scheme())
}

// onlyOutside tells whether no word is in a span.
func onlyOutside(s models.Sentences) bool {
	for _, tags := range s.Tags {
		for _, tag := range tags {
			if tag != "O" {
				return false
			}
		}
	}
	return true
}

func (r *taggerReport) print(w io.Writer) error {
	fmt.Fprintf(w, "%s words in %s sentences: accuracy %.4f, whole sentences %.4f, loss %.4f\n",
		thousands(r.Words), thousands(r.Sentences), r.Accuracy, r.Whole, r.Loss)
	if r.UnknownWords > 0 {
		fmt.Fprintf(w, "%s words that the model does not know: accuracy %.4f\n", thousands(r.UnknownWords), r.UnknownAccuracy)
	}
	if r.UnknownTags > 0 {
		fmt.Fprintf(w, "%s words have tags that the model does not know: they count as wrong\n", thousands(r.UnknownTags))
	}
	if s := r.Spans; s != nil {
		fmt.Fprintf(w, "\nSpans (%s), as seqeval counts them%s\n%v", s.Scheme, strictly(s), r.found.Spans)
	}
	c := r.found.Confusion
	if r.matrix {
		_, err := fmt.Fprintf(w, "\n%v", c)
		return err
	}
	rows := [][]string{{"tag", "precision", "recall", "F1", "support"}}
	for i, tag := range c.Labels {
		rows = append(rows, []string{tag, share3(c.Precision(i)), share3(c.Recall(i)), share3(c.F1(i)), fmt.Sprint(c.Support(i))})
	}
	_, err := fmt.Fprintf(w, "\n%s", texttable.Aligned(rows))
	return err
}

func strictly(s *spanReport) string {
	if s.StrictF1 == nil {
		return ""
	}
	return fmt.Sprintf("; F1 %.3f in its strict mode", *s.StrictF1)
}

func share3(v float64) string { return fmt.Sprintf("%.3f", v) }
