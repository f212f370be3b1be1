package command

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// sequenceTable is a table of sequences, and how it was read.
type sequenceTable struct {
	models.Sequences
	columns sequenceColumns
	format  string
	commas  bool     // some number had a decimal comma
	left    []string // columns that are no features, for they are no numbers
	cut     int      // sequences of which the last rows were taken alone
}

// withMarks is a format for numbers: the usual marks of missing values are some.
func (t tableFormat) withMarks() tableFormat {
	t.Missing = append(datasets.MissingMarks(), t.Missing...)
	return t.ofNumbers()
}

// peeked are rows whose first was read already.
type peeked struct {
	rows
	begun bool
}

func (p *peeked) Next() bool {
	if !p.begun {
		p.begun = true
		return true
	}
	return p.rows.Next()
}

// readSequences reads a table of sequences; columns that are not given are found. Targets, by id, are from elsewhere.
// Unlabelled tells that nothing is to be known of the sequences.
func readSequences(r rows, path string, want sequenceColumns, targets map[string]string, unlabelled bool) (*sequenceTable, error) {
	if !r.Next() {
		if err := r.Err(); err != nil {
			return nil, err
		}
		return nil, errors.Errorf("%s has no rows", path)
	}
	t := &sequenceTable{}
	var err error
	if t.columns, err = want.choose(path, r.Columns(), r.hasHeader(), targets != nil || unlabelled); err != nil {
		return nil, err
	}
	if unlabelled {
		t.columns.target = ""
	}
	if t.Sequences, err = models.SequencesOf(&peeked{rows: r}, path, t.columns.table(targets)); err != nil {
		if _, json := r.(*objects); json {
			err = asPoint(err)
		}
		return nil, withFlags(err)
	}
	t.format, t.commas = r.format(), len(r.DecimalCommas()) > 0 // which is known when all was read
	own := []string{t.columns.id, t.columns.time, t.columns.target}
	if t.columns.features == nil {
		for _, c := range t.Columns {
			t.columns.features = append(t.columns.features, c.Name)
		}
		for _, c := range r.Columns() {
			if !slices.Contains(own, c) && !slices.Contains(t.columns.features, c) {
				t.left = append(t.left, c)
			}
		}
	}
	return t, nil
}

// withFlags says in the words of the command's flags what a reader of sequences wants.
func withFlags(err error) error {
	text := err.Error()
	for _, w := range [][2]string{
		{"name it as a mark of those", "name it with --missing"},
		{"want one target for all rows of an id", "want one target for all rows of an id (--id, --target)"},
		{"it has no target", "it has no target (--target, --labels)"},
		{"columns of words are features if they are named", "columns of words are features if they are named (--features)"},
		{readersDecimal, decimalFlagSays},
		{"is no time in a form that is known", "is no time (--time; none for rows without)"},
	} {
		text = strings.ReplaceAll(text, w[0], w[1])
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// openSequences reads a table of sequences from a file, with the targets of another one if there is one, and cuts it as the
// configuration says.
func openSequences(path, labels string, want sequenceColumns, c models.Config, format tableFormat) (*sequenceTable, error) {
	format = format.withMarks()
	r, err := format.open(path, want.names())
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var targets map[string]string
	column := ""
	if labels != "" {
		if targets, column, err = readTargets(labels, want, format); err != nil {
			return nil, err
		}
		want.target = ""
	}
	t, err := readSequences(r, path, want, targets, false)
	if err != nil {
		return nil, err
	}
	if column != "" {
		t.columns.target = column
	}
	return t, t.shorten(c)
}

// shorten cuts sequences that are too long, or refuses them.
func (t *sequenceTable) shorten(c models.Config) error {
	most := c.Sequence.MaxRows
	if c.Origin.Sequences.Cut {
		t.Sequences, t.cut = t.Cut(most)
		return nil
	}
	for i := range t.IDs {
		if n := t.Steps(i); n > most {
			return errors.Errorf("%s has %d rows; at most %d are taken: is %q the column of the ids (--id)? Thin the rows out, take the last "+
				"of each with --cut, or raise --max-rows, which takes time and memory", t.Place(i), n, most, t.columns.id)
		}
	}
	return nil
}

// sequenceParts are the parts of a table: to train on, to stop by, to test. The last two may have files of their own.
type sequenceParts struct {
	fit, check, test models.Sequences
	untested         bool // there are none to test: those to stop by stand in
}

// readParts reads a model's table, and those of its parts that have a file of their own.
func readParts(c models.Config) (*sequenceTable, sequenceParts, error) {
	o, format := c.Origin, tableFormat(c.Origin.Format)
	t, err := openSequences(o.Sequences.File, o.Sequences.LabelsFile, columnsIn(c), c, format)
	if err != nil {
		return nil, sequenceParts{}, err
	}
	validation, test := 0.1, o.TestPart
	if o.ValidFile != "" {
		validation = 0
	}
	if o.TestFile != "" {
		test = 0
	}
	var p sequenceParts
	if p.fit, p.check, p.test, err = t.Split(validation, test); err != nil {
		return nil, sequenceParts{}, err
	}
	for _, own := range []struct {
		file string
		part *models.Sequences
	}{{o.ValidFile, &p.check}, {o.TestFile, &p.test}} {
		if own.file == "" {
			continue
		}
		want := t.columns
		want.kind = models.TargetClass
		if t.Numbers != nil {
			want.kind = models.TargetNumber
		}
		table, err := openSequences(own.file, o.Sequences.LabelsFile, want, c, format)
		if err != nil {
			return nil, sequenceParts{}, err
		}
		for i, id := range table.IDs {
			if slices.Contains(t.IDs, id) {
				return nil, sequenceParts{}, errors.Errorf("%s: %s has the id, too: a sequence is in one part only", table.Place(i), t.Name)
			}
		}
		*own.part = table.Sequences
	}
	if p.fit.Len() == 0 || p.check.Len() == 0 {
		return nil, sequenceParts{}, errors.Errorf("%s: %s are too few to train on some and to stop by others; "+
			"is %q the column of the ids? (--id)", o.Sequences.File, count(t.Len(), "sequence", "sequences"), t.columns.id)
	}
	if p.untested = p.test.Len() == 0; p.untested {
		p.test = p.check
	}
	return t, p, nil
}

// describe says how many sequences each part has, and whether the test is one.
func (p sequenceParts) describe(w io.Writer) {
	tellParts(w, "Parts", strconv.Itoa(p.fit.Len()), strconv.Itoa(p.check.Len()), toTest(strconv.Itoa(p.test.Len()), p.untested))
}

// sequencesHash tells whether a model's files have changed.
func sequencesHash(o models.Origin) (string, error) {
	all := sha256.New()
	for _, file := range []string{o.Sequences.File, o.Sequences.LabelsFile, o.ValidFile, o.TestFile} {
		if file == "" {
			continue
		}
		hash, err := hashOf(file)
		if err != nil {
			return "", err
		}
		all.Write([]byte(hash))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// ownSequences are the parts of the table that a model was trained on.
func ownSequences(c models.Config) (sequenceParts, error) {
	data := ownData{"sequences", "the model's own table (another one: --sequences)", c.Origin.Sequences.File,
		"its test may be another; give the table with --sequences"}
	if err := data.same(c.Origin, sequencesHash); err != nil {
		return sequenceParts{}, err
	}
	_, p, err := readParts(c)
	return p, err
}
