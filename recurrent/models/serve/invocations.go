package serve

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/pkg/errors"
)

// What the containers of Amazon SageMaker and of MLflow answer at /invocations:
// https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html and
// https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally. The two share a path; the type and the form of the body
// tell them apart.

// scoring is the JSON of MLflow's bodies. One field is set.
type scoring struct {
	Split *struct {
		Columns []json.RawMessage   `json:"columns"`
		Data    [][]json.RawMessage `json:"data"`
	} `json:"dataframe_split"`
	Records   []json.RawMessage `json:"dataframe_records"`
	Instances json.RawMessage   `json:"instances"`
	Inputs    json.RawMessage   `json:"inputs"`
}

func (s *Server) invocations(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	if name == "" {
		name = r.Header.Get("X-Amzn-Sagemaker-Target-Model")
	}
	v, done, err := s.models.use(name)
	if err != nil {
		return err
	}
	defer done()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = "application/json"
	}
	t, mlflow, err := s.readTable(r, kind)
	if err != nil {
		return err
	}
	if len(t.rows) == 0 {
		return bad("there are no rows")
	}
	if len(t.rows) > s.options.MaxRows {
		return refused(413, "%d rows; want at most %d", len(t.rows), s.options.MaxRows)
	}
	found, err := v.rows(r.Context(), t)
	if err != nil {
		return err
	}
	return writeRecords(w, found, mlflow, kind, r.Header.Get("Accept"))
}

// readTable reads the rows of a body of some type, and tells whether it is one of MLflow's.
func (s *Server) readTable(r *http.Request, kind string) (t *table, mlflow bool, err error) {
	switch kind {
	case "text/csv", "application/csv":
		t, err = csvTable(r.Body, textColumn, s.options.MaxRows)
		if err != nil {
			err = bodyError(err)
		}
		return t, false, err
	case "text/plain":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, false, bodyError(err)
		}
		t := &table{columns: []string{textColumn}}
		for line := range strings.Lines(string(body)) {
			if len(t.rows) == s.options.MaxRows {
				return nil, false, refused(413, "more than %d rows", s.options.MaxRows)
			}
			t.rows = append(t.rows, []string{strings.TrimRight(line, "\r\n")})
		}
		return t, false, nil
	case "application/jsonlines", "application/x-ndjson", "application/jsonl":
		d := json.NewDecoder(r.Body)
		var list []json.RawMessage
		for {
			var one json.RawMessage
			if err := d.Decode(&one); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, false, bodyError(err)
			}
			if list = append(list, one); len(list) > s.options.MaxRows {
				return nil, false, refused(413, "more than %d rows", s.options.MaxRows)
			}
		}
		t, err = recordsTable(list, textColumn, s.options.MaxRows)
		return t, false, err
	case "application/json", "application/x-www-form-urlencoded": // the latter is what curl -d says of everything
		return s.readScoring(r)
	}
	return nil, false, refused(http.StatusUnsupportedMediaType,
		"Content-Type is %s; want application/json, text/csv, text/plain or application/jsonlines", kind)
}

// readScoring reads JSON: one of MLflow's forms, a list of rows, or one row.
func (s *Server) readScoring(r *http.Request) (*table, bool, error) {
	most := s.options.MaxRows
	var body json.RawMessage
	if err := readJSON(r, &body); err != nil {
		return nil, false, err
	}
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil {
		t, err := recordsTable(list, textColumn, most)
		return t, false, err
	}
	var q scoring
	if len(body) == 0 || body[0] != '{' {
		t, err := recordsTable([]json.RawMessage{body}, textColumn, most)
		return t, false, err
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, true, bad("the body: %s", wrongJSON(err))
	}
	switch {
	case q.Split != nil:
		columns := make([]string, len(q.Split.Columns))
		for i, c := range q.Split.Columns {
			var err error
			if columns[i], err = cell(c); err != nil {
				return nil, true, err
			}
		}
		if len(q.Split.Data) > most {
			return nil, true, refused(413, "%d rows; want at most %d", len(q.Split.Data), most)
		}
		t, err := splitTable(columns, q.Split.Data)
		return t, true, err
	case q.Records != nil:
		t, err := recordsTable(q.Records, textColumn, most)
		return t, true, err
	case q.Instances != nil:
		t, err := tensorTable(q.Instances, most)
		return t, true, err
	case q.Inputs != nil:
		t, err := tensorTable(q.Inputs, most)
		return t, true, err
	}
	t, err := recordsTable([]json.RawMessage{body}, textColumn, most)
	return t, false, err
}

// tensorTable is what "instances" and "inputs" are: a list of rows, or lists by the names of columns.
func tensorTable(data json.RawMessage, most int) (*table, error) {
	data = bytes.TrimSpace(data)
	if len(data) > 0 && data[0] == '{' {
		var columns map[string][]json.RawMessage
		if err := json.Unmarshal(data, &columns); err != nil {
			return nil, bad("want lists by the names of columns: %s", wrongJSON(err))
		}
		return columnsTable(columns, keysOf(data, map[string]json.RawMessage{}))
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		list = []json.RawMessage{data}
	}
	if rows := numberRows(list); rows != nil {
		return rows, nil
	}
	return recordsTable(list, textColumn, most)
}

// numberRows is a table of lists of numbers, without names; nil if the rows are others.
func numberRows(list []json.RawMessage) *table {
	t := &table{}
	for _, raw := range list {
		var row []json.Number
		if json.Unmarshal(raw, &row) != nil || len(row) < 2 || t.columns != nil && len(row) != len(t.columns) {
			return nil
		}
		if t.columns == nil {
			for i := range row {
				t.columns = append(t.columns, numberCell(float64(i)))
			}
		}
		cells := make([]string, len(row))
		for i, n := range row {
			cells[i] = n.String()
		}
		t.rows = append(t.rows, cells)
	}
	return t
}

// writeRecords answers in the form that was asked for: of MLflow's bodies {"predictions": [...]}, else one object a line, a list
// for JSON, or CSV.
func writeRecords(w http.ResponseWriter, found []any, mlflow bool, kind, accept string) error {
	if accept == "" || strings.Contains(accept, "*/*") {
		accept = kind
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	var err error
	switch {
	case mlflow:
		kind, err = "application/json", e.Encode(map[string]any{"predictions": found})
	case strings.Contains(accept, "csv"):
		kind, err = "text/csv; charset=utf-8", writeCSV(&b, found)
	case strings.Contains(accept, "jsonl") || strings.Contains(accept, "ndjson"):
		kind = "application/jsonlines"
		for _, f := range found {
			if err = e.Encode(f); err != nil {
				break
			}
		}
	default:
		kind, err = "application/json", e.Encode(found)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(b.Bytes()) // a client that has gone is told nothing
	return nil
}

// writeCSV writes the values of records that are no lists or objects, the first of each record being what was asked last of all.
func writeCSV(b *bytes.Buffer, found []any) error {
	c := csv.NewWriter(b)
	var columns []string
	for i, f := range found {
		raw, err := json.Marshal(f)
		if err != nil {
			return err
		}
		var o map[string]json.RawMessage
		if err := json.Unmarshal(raw, &o); err != nil {
			o = map[string]json.RawMessage{"value": raw}
		}
		if i == 0 {
			for _, k := range keysOf(raw, o) {
				if v := o[k]; len(v) > 0 && v[0] != '{' && v[0] != '[' {
					columns = append(columns, k)
				}
			}
			_ = c.Write(columns) // an error stays, and Flush tells it
		}
		row := make([]string, len(columns))
		for j, k := range columns {
			if row[j], err = cell(o[k]); err != nil {
				return err
			}
		}
		_ = c.Write(row)
	}
	c.Flush()
	return c.Error()
}
