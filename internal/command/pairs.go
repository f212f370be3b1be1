package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// pairSource says where pairs stand, and how they are read.
type pairSource struct {
	models.PairFiles
	format tableFormat
}

func pairSourceOf(o models.Origin) pairSource { return pairSource{o.Pairs, tableFormat(o.Format)} }

// check refuses what cannot be said of pairs and their parts.
func (s pairSource) check(o models.Origin) error {
	if s.PairsTarget != "" {
		for _, given := range []struct{ flag, value string }{
			{"source-column", s.SourceColumn}, {"target-column", s.TargetColumn}, {"header", s.format.Header},
			{"delimiter", s.format.Delimiter}, {"encoding", s.format.Encoding},
		} {
			if given.value != "" {
				return usage("--%s goes with a table of pairs, and not with --pairs-target", given.flag)
			}
		}
		if s.Pairs == "" {
			return usage("--pairs-target %s: want the text with its sources, too (--pairs)", s.PairsTarget)
		}
	}
	if s.SourceColumn != "" && s.SourceColumn == s.TargetColumn {
		return usage("sources and targets are both to be in column %q; want two (--source-column, --target-column)", s.SourceColumn)
	}
	return checkRows(o)
}

// files are all that a training reads.
func (s pairSource) files(o models.Origin) []string {
	return []string{s.Pairs, s.PairsTarget, o.ValidFile, o.TestFile}
}

// pairsRead are pairs, and what is to be said of how they were read.
type pairsRead struct {
	models.Pairs
	how   string
	notes []string
}

// read reads the pairs.
func (s pairSource) read() (*pairsRead, error) {
	if err := regular(s.Pairs); err != nil {
		return nil, err
	}
	if err := regular(s.PairsTarget); err != nil {
		return nil, err
	}
	read := s.table
	if s.PairsTarget != "" {
		read = s.parallel
	}
	out, err := read()
	if err != nil {
		return nil, err
	}
	if out.Len() == 0 {
		return nil, errors.Errorf("%s has no pairs", s.Pairs)
	}
	if s.Swap {
		out.Pairs = out.Swapped()
		out.how += "; swapped"
	}
	return out, nil
}

func (s pairSource) parallel() (*pairsRead, error) {
	p, err := models.ReadParallel(s.Pairs, s.PairsTarget)
	return &pairsRead{Pairs: p, how: "a source a line, its target in that line of " + s.PairsTarget}, err
}

// table reads a table: JSONL, CSV, or whatever else its name ends in as values with tabs between.
func (s pairSource) table() (*pairsRead, error) {
	r, err := s.open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	out := &pairsRead{Pairs: models.Pairs{Name: s.Pairs}}
	source, target := "", ""
	for r.Next() {
		if source == "" {
			if source, target, err = s.columns(r); err != nil {
				return nil, err
			}
			out.how = fmt.Sprintf("sources in %s, targets in %s; %s", quotedList([]string{source}), quotedList([]string{target}), r.format())
			if more := len(r.Columns()) - 2; more > 0 {
				out.notes = append(out.notes, fmt.Sprintf("further columns, which are left out: %d", more))
			}
		}
		a, b := r.Text(source), r.Text(target)
		if r.Err() != nil {
			break
		}
		if err := out.Add(a, b, r.Line()); err != nil {
			return nil, err
		}
	}
	return out, r.Err()
}

// open opens the table. Its first row is a header if it says so: rows of texts look too much alike to tell otherwise.
func (s pairSource) open() (rows, error) {
	format := s.format
	if strings.HasSuffix(strings.ToLower(s.Pairs), ".jsonl") {
		return format.openAs(".jsonl", s.Pairs, nil)
	}
	ending := ".tsv"
	if strings.HasSuffix(strings.ToLower(s.Pairs), ".csv") {
		ending = ".csv"
	}
	if format.Header == "" {
		named, err := s.named(ending)
		if err != nil {
			return nil, err
		}
		if format.Header = "no"; named {
			format.Header = "yes"
		}
	}
	return format.openAs(ending, s.Pairs, nil)
}

// Names by which the columns of a table's first row are known.
var (
	sourceNames = []string{"source", "src", "input", "from", "word", "spelling", "sentence", "text", "question", "en", "english"}
	targetNames = []string{"target", "tgt", "output", "to", "translation", "pronunciation", "phonemes", "answer"}
)

// named tells whether the first row has the columns' names: those that were asked for, or known ones.
func (s pairSource) named(ending string) (bool, error) {
	format := s.format
	format.Header = "no"
	r, err := format.openAs(ending, s.Pairs, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }()
	if !r.Next() {
		return false, r.Err()
	}
	for _, c := range r.Columns() {
		name := strings.ToLower(strings.TrimSpace(r.Text(c)))
		asked := name != "" && (name == strings.ToLower(s.SourceColumn) || name == strings.ToLower(s.TargetColumn))
		if asked || slices.Contains(targetNames, name) {
			return true, r.Err()
		}
	}
	return false, r.Err()
}

// columns are those of the sources and of the targets: those that were asked for, known names, or the first two.
func (s pairSource) columns(r rows) (source, target string, err error) {
	columns := r.Columns()
	if len(columns) < 2 {
		return "", "", onlySide(s.Pairs, r)
	}
	for _, asked := range []struct{ column, flag string }{{s.SourceColumn, "--source-column"}, {s.TargetColumn, "--target-column"}} {
		if asked.column != "" && !slices.Contains(columns, asked.column) {
			hint := ""
			if !r.hasHeader() {
				hint = "; the first row was taken for data (--header yes, if it has the names)"
			}
			return "", "", errors.Errorf("%s has no column %q (%s); it has %s%s", s.Pairs, asked.column, asked.flag, quotedList(columns), hint)
		}
	}
	source, target = s.SourceColumn, s.TargetColumn
	if r.hasHeader() && source == "" {
		source = known(columns, sourceNames, target)
	}
	if r.hasHeader() && target == "" {
		target = known(columns, targetNames, source)
	}
	if _, ok := r.(*objects); ok && (source == "" || target == "") { // whose fields have no order
		return "", "", errors.Errorf("%s has the fields %s: say with --source-column and --target-column which of them have the two sides",
			s.Pairs, quotedList(columns))
	}
	for _, side := range []*string{&source, &target} {
		for _, c := range columns {
			if *side == "" && c != source && c != target {
				*side = c
			}
		}
	}
	return source, target, nil
}

// onlySide explains a table that seems to have one column.
func onlySide(path string, r rows) error {
	s, ok := r.(*sheet)
	if !ok {
		return errors.Errorf("%s has one field only, %s; want a source and a target", path, quotedList(r.Columns()))
	}
	what := "with " + s.between()
	if s.Comma() == '\t' {
		what = "without a tab in its first line"
	}
	return errors.Errorf("%s has one column only, %s; want a source, a tab and its target a line; "+
		"another character between: --delimiter; two texts: --pairs-target", path, what)
}

// manyPairs are enough to learn parts of words from; of fewer, whole words are learned better.
const manyPairs = 10000

// guessTokens are the kinds of token that pairs seem to have: if the sources are single words, and the targets some of few
// symbols with blanks between, such as phonemes, the letters of the one and the symbols of the other; otherwise words, or
// nothing if there are enough pairs for byte pairs.
func guessTokens(p models.Pairs) (source, target, why string) {
	const few = 200
	symbols, all, words := map[string]bool{}, 0, 0
	for i, s := range p.Sources {
		if !strings.ContainsAny(strings.TrimSpace(s), " \t\u00a0") {
			words++
		}
		for symbol := range strings.FieldsSeq(p.Targets[i]) {
			symbols[symbol] = true
			all++
		}
	}
	if words < p.Len()*95/100 || all < 2*p.Len() || len(symbols) > few || 10*len(symbols) > all {
		if p.Len() < manyPairs {
			return datasets.Word, "", "there are few pairs"
		}
		return "", "", ""
	}
	return datasets.Character, models.Symbols, fmt.Sprintf("the sources are single words, the targets of %d symbols", len(symbols))
}
