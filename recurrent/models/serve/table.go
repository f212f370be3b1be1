package serve

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/unroll-go/unroll/datasets"
)

// table is the rows of a request: columns of texts, of which an empty one is a missing value. It is what the readers of package
// datasets take for the rows of a file.
type table struct {
	columns []string
	rows    [][]string // [rows][columns]
	at      int        // the current row, from 1 on
}

// Next goes to the next row.
func (t *table) Next() bool {
	if t.at >= len(t.rows) {
		return false
	}
	t.at++
	return true
}

// Columns are the names of the columns.
func (t *table) Columns() []string { return t.columns }

// HasHeader tells that they have names.
func (t *table) HasHeader() bool { return true }

// Text is the value of a column in the current row.
func (t *table) Text(column string) string {
	at := slices.Index(t.columns, column)
	if at < 0 || t.at == 0 {
		return ""
	}
	return t.rows[t.at-1][at]
}

// Missing tells whether the value is missing.
func (t *table) Missing(column string) bool {
	v := strings.TrimSpace(t.Text(column))
	return v == "" || slices.Contains(datasets.MissingMarks(), v)
}

// Line is the number of the current row, from 1 on.
func (t *table) Line() int { return t.at }

// Err is nil: all rows are there.
func (t *table) Err() error { return nil }

// column is a column of all rows: the one with a name, or the only one.
func (t *table) column(name string) ([]string, error) {
	at := slices.Index(t.columns, name)
	if at < 0 && len(t.columns) == 1 {
		at = 0
	}
	if at < 0 {
		return nil, bad("there is no column %q; found %s", name, someOf(t.columns))
	}
	out := make([]string, len(t.rows))
	for i, row := range t.rows {
		out[i] = row[at]
	}
	return out, nil
}

// csvTable reads CSV with a header, or, if there is only one column, texts without one.
func csvTable(r io.Reader, own string, most int) (*table, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	header := datasets.HeaderDetect
	rows, err := datasets.CSV{Header: header, Names: []string{own}, MaxRecord: max(len(data), 1)}.Read(bytes.NewReader(data), "the body")
	if err != nil {
		return nil, bad("%v", err)
	}
	t := &table{}
	for rows.Next() {
		if len(t.rows) == most {
			return nil, refused(413, "more than %d rows", most)
		}
		t.columns = rows.Columns()
		if n := (len(t.rows) + 1) * len(t.columns); n > mostCells {
			return nil, refused(413, "rows of %d columns have more than %d cells", len(t.columns), mostCells)
		}
		t.rows = append(t.rows, slices.Clone(rows.Fields()))
	}
	if err := rows.Err(); err != nil {
		return nil, bad("%v", err)
	}
	return t, nil
}

// mostCells is how many cells a table may have: rows that have no column in common make many out of few bytes.
const mostCells = 1 << 21

// recordsTable makes a table of objects; their keys are the columns, in order of their first use.
func recordsTable(list []json.RawMessage, own string, most int) (*table, error) {
	if len(list) > most {
		return nil, refused(413, "%d rows; want at most %d", len(list), most)
	}
	t := &table{}
	var objects []map[string]json.RawMessage
	for i, raw := range list {
		trimmed := bytes.TrimSpace(raw)
		if len(trimmed) > 0 && trimmed[0] != '{' { // a value alone
			if trimmed[0] == '[' {
				var only []json.RawMessage
				if json.Unmarshal(trimmed, &only) != nil || len(only) != 1 {
					return nil, bad("row %d is a list; want an object with the columns, or a value", i)
				}
				raw = only[0]
			}
			objects = append(objects, map[string]json.RawMessage{own: raw})
			continue
		}
		var o map[string]json.RawMessage
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, bad("row %d: %s", i, wrongJSON(err))
		}
		objects = append(objects, o)
	}
	seen := map[string]bool{}
	for i, raw := range list {
		for _, key := range keysOf(raw, objects[i]) {
			if !seen[key] {
				seen[key], t.columns = true, append(t.columns, key)
			}
		}
	}
	if n := len(objects) * len(t.columns); n > mostCells {
		return nil, refused(413, "%d rows with %d columns in all; want at most %d cells", len(objects), len(t.columns), mostCells)
	}
	for i, o := range objects {
		row := make([]string, len(t.columns))
		for j, c := range t.columns {
			var err error
			if row[j], err = cell(o[c]); err != nil {
				return nil, bad("row %d, column %q: %v", i, c, err)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

// keysOf are the keys of an object in the order in which they stand; one that comes twice, whose last value counts, is there once.
func keysOf(raw json.RawMessage, o map[string]json.RawMessage) []string {
	d := json.NewDecoder(bytes.NewReader(raw))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		for k := range o {
			return []string{k}
		}
		return nil
	}
	var keys []string
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return keys
		}
		if k := key.(string); !seen[k] { // a text, as the object has been read before
			seen[k], keys = true, append(keys, k)
		}
		var skip json.RawMessage
		if d.Decode(&skip) != nil {
			return keys
		}
	}
	return keys
}

// splitTable makes a table of columns and rows, as pandas writes with orient="split".
func splitTable(columns []string, data [][]json.RawMessage) (*table, error) {
	t := &table{columns: columns}
	for i, values := range data {
		if len(values) != len(columns) {
			return nil, bad("row %d has %d values; want one for each of %d columns", i, len(values), len(columns))
		}
		row := make([]string, len(columns))
		for j, v := range values {
			var err error
			if row[j], err = cell(v); err != nil {
				return nil, bad("row %d, column %q: %v", i, columns[j], err)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

// columnsTable makes a table of lists of values, one for each column.
func columnsTable(columns map[string][]json.RawMessage, order []string) (*table, error) {
	t := &table{columns: order}
	for j, name := range order {
		values := columns[name]
		if j == 0 {
			t.rows = make([][]string, len(values))
		}
		if len(values) != len(t.rows) {
			return nil, bad("column %q has %d values, column %q %d; want as many in each", name, len(values), order[0], len(t.rows))
		}
		for i, v := range values {
			text, err := cell(v)
			if err != nil {
				return nil, bad("row %d, column %q: %v", i, name, err)
			}
			t.rows[i] = append(t.rows[i], text)
		}
	}
	return t, nil
}

// cell is a value of JSON as the text that a table would have: null is missing.
func cell(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", nil
	case raw[0] == '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	case raw[0] == '{' || raw[0] == '[':
		return "", bad("want a text, a number, true, false or null, found %.20s", raw)
	}
	return string(raw), nil
}

// number writes a number as cells have it.
func numberCell(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// parseNumber reads a cell; an empty one is missing, NaN.
func parseNumber(text string) (float64, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return math.NaN(), nil
	}
	return strconv.ParseFloat(text, 64)
}
