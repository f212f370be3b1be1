package command

import (
	"cmp"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

// Names by which the columns of sequences are found when none is given.
var (
	idNames = []string{"id", "sequence", "sequence_id", "seq_id", "series", "series_id", "window", "window_id", "segment", "subject",
		"subject_id", "patient", "patient_id", "trip", "trip_id", "session", "session_id", "recording", "unit", "device", "user", "user_id"}
	timeNames = []string{"time", "timestamp", "datetime", "date", "t", "second", "seconds", "minute", "minutes", "hour", "hours",
		"step", "row", "index", "frame", "cycle", "tick"}
	outcomeNames = []string{"target", "label", "class", "y", "outcome", "state", "activity", "category", "result"}
)

// noColumn is the value of --time for rows that have no times.
const noColumn = "none"

// sequenceColumns are the columns of a table of sequences: those that were asked for, or, empty, to be found.
type sequenceColumns struct {
	id, time, target string
	features, words  []string
	kind             string // of the target
}

// columnsIn are the columns that a model's record has.
func columnsIn(c models.Config) sequenceColumns {
	o := c.Origin.Sequences
	return sequenceColumns{o.IDColumn, o.TimeColumn, o.TargetColumn, o.Features, o.Words, c.Sequence.TargetKind}
}

// names are those that tell that a table's first row is a header.
func (c sequenceColumns) names() []string {
	return slices.Concat([]string{c.id, c.time, c.target}, c.features, idNames, timeNames, outcomeNames)
}

// choose finds the columns of a table that were not asked for. Labelled tells that the targets are elsewhere, or
// that none are wanted, so that their column may be missing.
func (c sequenceColumns) choose(path string, columns []string, header, labelled bool) (sequenceColumns, error) {
	hint := ""
	if !header {
		hint = "; the first row was taken for data (--header yes, if it has the names)"
	}
	if labelled && !slices.Contains(columns, c.target) {
		c.target = ""
	}
	for _, asked := range []struct{ column, flag string }{{c.id, "--id"}, {c.time, "--time"}, {c.target, "--target"}} {
		if asked.column != "" && asked.column != noColumn && !slices.Contains(columns, asked.column) {
			return c, errors.Errorf("%s has no column %q (%s); it has %s%s", path, asked.column, asked.flag, quotedList(columns), hint)
		}
	}
	for _, f := range slices.Concat(c.features, c.words) {
		if !slices.Contains(columns, f) {
			return c, errors.Errorf("%s has no column %q (--features); it has %s%s", path, f, quotedList(columns), hint)
		}
	}
	if len(columns) == 1 {
		return c, errors.Errorf("%s has one column only, %s; want an id, values and a target. Is another character between? (--delimiter)",
			path, quotedList(columns))
	}
	if c.id == "" {
		c.id = known(columns, idNames, c.target)
	}
	if c.id == "" {
		return c, errors.Errorf("%s has the columns %s: say with --id which of them tells the sequence that a row belongs to%s",
			path, quotedList(columns), hint)
	}
	if c.time == "" {
		c.time = cmp.Or(known(columns, timeNames, c.id), noColumn)
	}
	if c.target == "" && !labelled {
		c.target = known(columns, outcomeNames, c.id)
		if c.target == "" {
			return c, errors.Errorf("%s has the columns %s: say with --target which of them is to be predicted, or with --labels which table has it",
				path, quotedList(columns))
		}
	}
	return c, nil
}

// table is how models read the table.
func (c sequenceColumns) table(targets map[string]string) models.SequenceTable {
	t := models.SequenceTable{
		ID: c.id, Time: c.time, Target: c.target, Features: c.features, Words: c.words, TargetKind: c.kind, Targets: targets,
	}
	if t.Time == noColumn {
		t.Time = ""
	}
	return t
}

// readTargets reads a table of ids and targets. The ids are in a column that is called as in the other table, or as ids are.
func readTargets(path string, want sequenceColumns, format tableFormat) (targets map[string]string, column string, err error) {
	r, err := format.open(path, want.names())
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = r.Close() }()
	targets = map[string]string{}
	id, target := want.id, want.target
	for r.Next() {
		if len(targets) == 0 {
			columns := r.Columns()
			if !slices.Contains(columns, id) {
				id = known(columns, idNames, target)
			}
			if target == "" {
				target = known(columns, outcomeNames, id)
			}
			if target == "" && len(columns) == 2 {
				target = columns[(slices.Index(columns, id)+1)%2]
			}
			if id == "" || target == "" || !slices.Contains(columns, target) {
				return nil, "", errors.Errorf("%s has the columns %s: say with --id and --target which have the ids and what is to be predicted",
					path, quotedList(columns))
			}
		}
		key, value := strings.TrimSpace(r.Text(id)), strings.TrimSpace(r.Text(target))
		if had, ok := targets[key]; ok && had != value && r.Err() == nil {
			return nil, "", errors.Errorf("%s, line %d: the id %q has the target %q, and %q before", path, r.Line(), key, value, had)
		}
		if !r.Missing(target) {
			targets[key] = value
		}
	}
	if err := r.Err(); err != nil {
		return nil, "", err
	}
	if len(targets) == 0 {
		return nil, "", errors.Errorf("%s has no rows with an id and a target", path)
	}
	return targets, target, nil
}
