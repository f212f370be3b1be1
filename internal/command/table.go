package command

import (
	"cmp"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/recurrent/models"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// tableFormat is how a table is to be read; what is empty is found out by the file.
type tableFormat models.Format

// delimiters are the characters between fields that have a name.
var delimiters = []struct {
	name, plural string
	char         rune
}{{"comma", "commas", ','}, {"semicolon", "semicolons", ';'}, {"tab", "tabs", '\t'}, {"pipe", "pipes", '|'}}

// formatFlags are those of a table's format.
func formatFlags(f *pflag.FlagSet, t *tableFormat) {
	f.Var(orElse{&t.Header, auto}, "header", "whether a table's first row has the names of its columns: yes, no or auto")
	f.Var(orElse{&t.Delimiter, auto}, "delimiter", "what is between a table's fields: comma, semicolon, tab, pipe, another character, or auto")
	f.Var(orElse{&t.Encoding, auto}, "encoding", "encoding of the text, such as windows-1252; auto is UTF-8, or UTF-16 with a byte order mark")
}

// decimalFlag is that of a table of numbers.
func decimalFlag(f *pflag.FlagSet, t *tableFormat) {
	f.Var(orElse{&t.Decimal, auto}, "decimal",
		"what sets off the fractions of a table's numbers: point, comma or auto, which finds it for each column")
}

// readersDecimal is what package datasets and others advise for decimal commas, in the words of the flags decimalFlagSays.
const (
	readersDecimal  = "the reader's Decimal says so"
	decimalFlagSays = "--decimal comma says so"
)

// asPoint advises what is left for decimal commas where no flag helps: in JSON, and in tables that are read as that of a training.
func asPoint(err error) error {
	if text := strings.ReplaceAll(err.Error(), readersDecimal, "write it as a point"); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// completeFormat has a shell complete the flags of a table's format.
func completeFormat(cmd *cobra.Command) {
	completions(cmd, map[string][]string{"header": {"yes", "no", auto}, "delimiter": {"comma", "semicolon", "tab", "pipe", auto},
		"decimal":  {"point", "comma", auto},
		"encoding": {auto, "windows-1252", "windows-1258", "iso-8859-15", "shift_jis", "gb18030", "utf-16le"}})
}

// missingFlag is what to do where a label is missing. Rows without one are left out whenever it is given.
func missingFlag(f *pflag.FlagSet, t *tableFormat) {
	f.Var(words{&t.Missing, []string{""}}, "missing",
		"leave out rows whose text or label is missing: null, or one of these marks, such as NA,?; \"\" for empty ones alone")
}

// partFlags are those of the data to stop by and to test.
func partFlags(f *pflag.FlagSet, o *models.Origin) {
	f.Float64Var(&o.TestPart, "test-part", o.TestPart, "part of the data that is kept for the test")
	f.StringVar(&o.ValidFile, "valid", o.ValidFile, "file of the data to stop by, instead of a part of the data")
	f.StringVar(&o.TestFile, "test", o.TestFile, "file of the data to test, instead of a part of the data")
}

// check refuses a format that does not exist.
func (t tableFormat) check() error {
	if !slices.Contains([]string{"", "yes", "no"}, t.Header) {
		return bad("Header", "%q; want yes, no or auto", t.Header)
	}
	if c := t.comma(); c == utf8.RuneError || strings.ContainsRune("\"\r\n", c) {
		return bad("Delimiter", "%q; want comma, semicolon, tab, pipe, auto, or one character that is no quotation mark", t.Delimiter)
	}
	if _, err := htmlindex.Get(t.Encoding); t.Encoding != "" && err != nil {
		return bad("Encoding", "%q; want the name of an encoding, such as utf-8, windows-1252 or shift_jis, or auto", t.Encoding)
	}
	if _, ok := decimals[t.Decimal]; !ok {
		return bad("Decimal", "%q; want point, comma or auto", t.Decimal)
	}
	return nil
}

// decimals are the values of a table's Decimal, for the reader.
var decimals = map[string]rune{"": '.', "point": '.', "comma": ',', auto: datasets.DecimalDetect}

// ofNumbers is the format of a table of numbers, whose decimals are found unless they are given.
func (t tableFormat) ofNumbers() tableFormat {
	t.Decimal = cmp.Or(t.Decimal, auto)
	return t
}

// isAuto tells whether all is left to the file.
func (t tableFormat) isAuto() bool {
	return t.Header == "" && t.Delimiter == "" && t.Encoding == "" && t.Decimal == "" && t.Missing == nil
}

// decoded is a text in UTF-8, or in what its byte order mark tells.
func (t tableFormat) decoded(r io.Reader) io.Reader {
	if e, err := htmlindex.Get(t.Encoding); err == nil && e != unicode.UTF8 { // UTF-8 must be valid, and is checked later
		return transform.NewReader(r, e.NewDecoder())
	}
	return r
}

// comma is the character between fields, CommaDetect if the file is to tell, and RuneError if it is no character.
func (t tableFormat) comma() rune {
	if t.Delimiter == "" {
		return datasets.CommaDetect
	}
	for _, d := range delimiters {
		if t.Delimiter == d.name || t.Delimiter == string(d.char) {
			return d.char
		}
	}
	if c, size := utf8.DecodeRuneInString(t.Delimiter); size == len(t.Delimiter) {
		return c
	}
	return utf8.RuneError
}

// rows is what tables of all kinds have in common.
type rows interface {
	Next() bool
	Columns() []string // the names that the other methods take
	Text(column string) string
	Missing(column string) bool // empty, null, or one of the format's marks
	Value(column string) any    // for JSON; nil for one that is not there
	Line() int
	Err() error
	Close() error
	format() string // in words
	DecimalCommas() []string
	hasHeader() bool
}

// isTable tells whether a file is a table, by the ending of its name.
func isTable(path string) bool {
	return slices.Contains([]string{".csv", ".tsv", ".jsonl"}, strings.ToLower(filepath.Ext(path)))
}

// open opens a table. A first row with one of the names is its header, unless the format says what it is.
func (t tableFormat) open(path string, names []string) (rows, error) {
	if !isTable(path) {
		return nil, usage("%s: want a table, a file that ends in .csv, .tsv or .jsonl", path)
	}
	return t.openAs(strings.ToLower(filepath.Ext(path)), path, names)
}

// openAs opens a table as if its name ended so.
func (t tableFormat) openAs(ending, path string, names []string) (rows, error) {
	file, err := inputfile.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := t.readAs(ending, path, file, names)
	if err != nil {
		file.Close()
	}
	return r, err
}

// readAs reads a table, as if the name of its file ended so, and closes the file with it.
func (t tableFormat) readAs(ending, path string, file io.ReadCloser, names []string) (rows, error) {
	header := map[string]int{"": datasets.HeaderDetect, "yes": datasets.HeaderYes, "no": datasets.HeaderNo}[t.Header]
	marks := t.Missing
	if marks == nil {
		marks = []string{""}
	}
	comma := t.comma()
	if ending == ".jsonl" && (t.Header != "" || t.Delimiter != "") {
		return nil, usage("%s: --header and --delimiter are for .csv and .tsv", path)
	}
	text := t.decoded(file)
	if ending == ".jsonl" {
		return &objects{Objects: datasets.JSONL{Missing: marks}.Read(text, path), file: file}, nil
	}
	var r *datasets.Rows
	var err error
	if ending == ".tsv" && (comma == datasets.CommaDetect || comma == '\t') {
		r, err = datasets.TSV{Decimal: decimals[t.Decimal], Header: header, Names: names, Missing: marks}.Read(text, path)
	} else {
		r, err = datasets.CSV{Comma: comma, Decimal: decimals[t.Decimal], Header: header, Names: names, Missing: marks}.Read(text, path)
	}
	if err != nil {
		return nil, encodingHint(err)
	}
	return &sheet{r, file}, nil
}

// encodingHint names the flag that may help against text that is not UTF-8.
func encodingHint(err error) error {
	if err != nil && strings.HasSuffix(err.Error(), "is the file in another encoding?") {
		return errors.Errorf("%v (--encoding windows-1252, say)", err)
	}
	return err
}

// sheet is a table with rows of fields. Its columns without a name are called by their numbers, as Rows.Text takes them.
type sheet struct {
	*datasets.Rows
	file io.Closer
}

func (s *sheet) Err() error { return encodingHint(s.Rows.Err()) }

func (s *sheet) Columns() []string {
	names := s.Rows.Columns()
	var out []string
	for i, name := range names {
		if number := strconv.Itoa(i); name == "" && !slices.Contains(names, number) {
			name = number
		}
		if name != "" {
			out = append(out, name)
		}
	}
	return out
}

func (s *sheet) Close() error { return s.file.Close() }

func (s *sheet) Value(column string) any { return s.Text(column) }

func (s *sheet) hasHeader() bool { return s.HasHeader() }

func (s *sheet) format() string {
	decimals := ""
	if list := s.DecimalCommas(); len(list) > 0 {
		decimals = "; decimal commas in " + quotedList(list) + " (--decimal)"
	}
	if s.HasHeader() {
		return s.between() + ", the first row has the names of the columns (--delimiter, --header)" + decimals
	}
	return s.between() + ", columns without names: the first row is data (--delimiter, --header)" + decimals
}

// between says what is between the fields: "commas between".
func (s *sheet) between() string {
	for _, d := range delimiters {
		if s.Comma() == d.char {
			return d.plural + " between"
		}
	}
	return strconv.QuoteRune(s.Comma()) + " between"
}

// objects are the lines of a JSONL file as rows, whose columns are the fields of the first line.
type objects struct {
	*datasets.Objects
	file    io.Closer
	columns []string
}

func (o *objects) Next() bool {
	if !o.Objects.Next() {
		return false
	}
	if o.columns == nil {
		o.columns = o.Fields()
	}
	return true
}

func (o *objects) Close() error { return o.file.Close() }

func (o *objects) Columns() []string { return o.columns }

func (o *objects) hasHeader() bool { return true }

// DecimalCommas are none: numbers of JSON have points.
func (o *objects) DecimalCommas() []string { return nil }

func (o *objects) format() string { return "JSON, an object a line" }

func (o *objects) Value(column string) any {
	if raw := o.Raw(column); raw != nil {
		return raw
	}
	return nil
}

// onlyColumn explains a table that seems to have one column.
func onlyColumn(path string, r rows) error {
	s, ok := r.(*sheet)
	if !ok {
		return errors.Errorf("%s has one field only, %s; want a text and a label", path, quotedList(r.Columns()))
	}
	return errors.Errorf("%s has one column only, %s, with %s; is another character between? (--delimiter)",
		path, quotedList(r.Columns()), s.between())
}

// checkRows refuses what cannot be said of a table and its parts.
func checkRows(o models.Origin) error {
	if !(o.TestPart >= 0 && o.TestPart <= 0.5) {
		return bad("TestPart", "%g; want 0 to 0.5", o.TestPart)
	}
	return tableFormat(o.Format).check()
}
