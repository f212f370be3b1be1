package serve

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// writeSession has a session go on with a text, after a prompt if there is one. The answer is a completion.
func (s *Server) writeSession(w http.ResponseWriter, r *http.Request) error {
	var q struct {
		writing
		Prompt string `json:"prompt"`
	}
	if err := readJSON(r, &q); err != nil {
		return err
	}
	return s.within(r, func(v *served, now *session) (*session, reply, error) {
		m, err := language(v)
		if err != nil {
			return nil, nil, err
		}
		ids, err := s.encoded(m, "prompt", q.Prompt)
		if err != nil {
			return nil, nil, err
		}
		if now.Pending < 0 && len(ids) == 0 {
			if ids, err = promptOf(m, ""); err == nil {
				err = s.bounded(ids)
			}
			if err != nil {
				return nil, nil, err
			}
		}
		c, err := s.goOn(q.writing, v, m, now, ids)
		if err != nil {
			return nil, nil, err
		}
		if q.Stream {
			finish, err := c.streamText(w, r)
			if err != nil {
				return nil, nil, err
			}
			next, err := c.after(now)
			return next, finish, err
		}
		c.writers[0].each = func(list []written) error { c.add(0, list); return nil }
		if err := c.run(r.Context()); err != nil {
			return nil, nil, err
		}
		next, err := c.after(now)
		return next, func() error { answer(w, openAIError, c.whole()); return nil }, err
	})
}

// sessionCompleting is a text that a session writes.
type sessionCompleting struct{ completing }

// goOn prepares a text that a session writes.
func (s *Server) goOn(q writing, v *served, m textModel, now *session, ids []int) (*sessionCompleting, error) {
	length, err := q.length(s.options.MaxTokens)
	if err == nil && length == 0 {
		err = bad("max_tokens is 0; /v1/sessions/ID/read reads without writing")
	}
	if err != nil {
		return nil, err
	}
	feed := ids
	if now.Pending >= 0 {
		feed = append([]int{now.Pending}, ids...)
	}
	c := &sessionCompleting{completing{completionRequest: completionRequest{writing: q}, served: v, server: s}}
	c.base = completion{ID: "cmpl-" + newID(), Object: "text_completion", Created: time.Now().Unix(), Model: v.name}
	// A session without a seed of its own would draw the same again after a restart: the place in the text is a part of the seed.
	wr, err := newWriter(m, length, q, now.Tokens)
	if err != nil {
		return nil, err
	}
	wr.pending = feed[len(feed)-1]
	probs := (*logprobs)(nil)
	if q.Logprobs != nil {
		probs = noLogprobs()
	}
	c.prompt = len(ids)
	c.writers = []*writer{wr}
	c.lanes = []*lane{{feed: slices.Clone(feed), quiet: len(feed) - 1, state: stateOfBytes(now.state), after: wr.after}}
	c.echo, c.texts, c.probs, c.offsets = []string{""}, []string{""}, []*logprobs{probs}, []int{0}
	return c, nil
}

// after is the session once the text is written. It has drawn the last token and not read it.
func (c *sessionCompleting) after(now *session) (*session, error) {
	next := &session{about: now.about, state: stateBytes(c.lanes[0].state)}
	next.Pending, next.Tokens = c.writers[0].pending, now.Tokens+c.prompt+c.writers[0].count
	var err error
	next.said, err = saidOf(next.Tokens-1, []writtenText{{c.texts[0]}})
	return next, err
}

// writtenText is what a stream is told of a text that was written.
type writtenText struct {
	Written string `json:"written"`
}

// rowsOfSession has a session read rows, and answers with what the model says after each.
func (s *Server) rowsOfSession(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(r.Body) // before the session is held: a client that sends slowly keeps nobody from it
	if err != nil {
		return bodyError(err)
	}
	return s.within(r, func(v *served, now *session) (*session, reply, error) {
		if v.live == nil {
			return nil, nil, bad("the session is of a %s; want one of a model of sequences", v.kind)
		}
		next := &session{about: now.about}
		list := []json.RawMessage{}
		labels := v.live.m.Labels()
		var err error
		next.state, err = v.live.with(now.state, func(stream *models.SequenceStream) error {
			return s.eachRow(bytes.NewReader(body), v.live.m, func(values []float64, when float64) error {
				p, err := stream.Row(values, when)
				if err != nil {
					return bad("%v", err)
				}
				next.Tokens++
				one, err := saidOf(next.Tokens-1, []any{record.SequenceOf(labels, r.PathValue("id"), next.Tokens, p)})
				if err != nil {
					return err
				}
				next.said, list = append(next.said, one...), append(list, one[0].Data)
				return nil
			})
		})
		if err != nil {
			return nil, nil, err
		}
		return next, func() error {
			answer(w, openAIError, map[string]any{"id": r.PathValue("id"), "rows": list})
			return nil
		}, nil
	})
}

// eachRow reads rows, objects with the columns: {"rows": [...]}, or one after the other.
func (s *Server) eachRow(body io.Reader, m *models.SequenceModel, use func(values []float64, when float64) error) error {
	d := json.NewDecoder(body)
	var times datasets.Times
	n := 0
	one := func(raw json.RawMessage) error {
		if n++; n > s.options.MaxRows {
			return refused(413, "more than %d rows", s.options.MaxRows)
		}
		values, when, err := valuesOfRow(raw, m, &times)
		if err != nil {
			return bad("row %d: %v", n, err)
		}
		return use(values, when)
	}
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return bodyError(err)
		}
		var q struct {
			Rows []json.RawMessage `json:"rows"`
		}
		if json.Unmarshal(raw, &q) != nil || q.Rows == nil {
			q.Rows = []json.RawMessage{raw}
		}
		for _, raw := range q.Rows {
			if err := one(raw); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		return bad("there are no rows")
	}
	return nil
}

// valuesOfRow are the values of a row for a model: a number for each column, NaN where it is missing, and the time.
func valuesOfRow(raw json.RawMessage, m *models.SequenceModel, times *datasets.Times) (values []float64, when float64, err error) {
	var row map[string]json.RawMessage
	if json.Unmarshal(raw, &row) != nil || row == nil {
		return nil, 0, errors.New("want an object with the columns")
	}
	if err := knownColumns(row, m); err != nil {
		return nil, 0, err
	}
	for _, c := range m.Columns() {
		text, err := cell(row[c.Name])
		if err != nil {
			return nil, 0, errors.WithMessagef(err, "column %q", c.Name)
		}
		v, err := valueOf(c, strings.TrimSpace(text))
		if err != nil {
			return nil, 0, err
		}
		values = append(values, v)
	}
	if m.Timed() {
		name := m.Config().Origin.Sequences.TimeColumn
		text, err := cell(row[name])
		if err != nil || text == "" {
			return nil, 0, errors.Errorf("column %q is missing, which has the time", name)
		}
		if when, err = times.Seconds(text); err != nil {
			return nil, 0, errors.WithMessagef(err, "column %q", name)
		}
	}
	return values, when, nil
}

// knownColumns refuses a row that has columns, none of which the model reads: all of its values would be missing.
func knownColumns(row map[string]json.RawMessage, m *models.SequenceModel) error {
	var names []string
	for _, c := range m.Columns() {
		names = append(names, c.Name)
		if _, ok := row[c.Name]; ok {
			return nil
		}
	}
	if len(row) == 0 {
		return nil
	}
	return errors.Errorf("it has %s; want any of %s", someOf(slices.Sorted(maps.Keys(row))), someOf(names))
}

// valueOf is a value of a column: a number, or the place of a word.
func valueOf(c models.SequenceColumn, text string) (float64, error) {
	if text == "" || slices.Contains(datasets.MissingMarks(), text) {
		return math.NaN(), nil
	}
	return c.Value(text)
}
