package serve

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/recurrent/models"
)

func (s *Server) createSession(w http.ResponseWriter, r *http.Request) error {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/octet-stream") {
		return s.importSession(w, r)
	}
	var q struct {
		ID     string  `json:"id"`
		Model  string  `json:"model"`
		Prompt *string `json:"prompt"`
	}
	if err := readJSON(r, &q); err != nil {
		return err
	}
	v, done, err := s.models.use(q.Model)
	if err != nil {
		return err
	}
	defer done()
	if err := remembers(v); err != nil {
		return err
	}
	id, err := sessionID(q.ID)
	if err != nil {
		return err
	}
	first := newSession(v)
	if q.Prompt != nil {
		if v.steps == nil {
			return bad("prompt is for language models; rows are read at /v1/sessions/ID/rows")
		}
		ids, err := promptOf(v.text, *q.Prompt)
		if err != nil {
			return err
		}
		if len(ids) > s.options.MaxTokens {
			return refused(413, "%d tokens; want at most %d", len(ids), s.options.MaxTokens)
		}
		if first, err = s.readInto(r.Context(), v, first, ids); err != nil {
			return err
		}
	}
	if err := s.sessions.create(r.Context(), id, first); err != nil {
		return err
	}
	return created(w, aboutOf(id, first))
}

func created(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(v)
}

// sessionID is the name of a new session: the one that was asked for, or one that nobody guesses.
func sessionID(asked string) (string, error) {
	if asked == "" {
		return newID(), nil
	}
	if !goodName.MatchString(asked) {
		return "", bad("id is %.40q; want letters, digits and any of . _ -, at most 128", asked)
	}
	return asked, nil
}

func (s *Server) importSession(w http.ResponseWriter, r *http.Request) error {
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return bodyError(err)
	}
	in, err := sessionOf(data)
	if err != nil {
		return err
	}
	if name := r.URL.Query().Get("model"); name != "" {
		in.Model = name
	}
	v, done, err := s.models.use(in.Model)
	if err != nil {
		return err
	}
	defer done()
	if err := remembers(v); err != nil {
		return err
	}
	in.Model, in.Kind, in.history = v.name, v.kind, nil // it says nothing that strangers wrote
	if err := fits(v, in); err != nil {
		return err
	}
	if v.steps != nil {
		if slices.ContainsFunc(stateOfBytes(in.state), func(f float32) bool { return f-f != 0 }) {
			return bad("the state has a number that is none")
		}
	} else if _, err := v.live.with(in.state, func(*models.SequenceStream) error { return nil }); err != nil {
		return err
	}
	id, err := sessionID(r.URL.Query().Get("id"))
	if err != nil {
		return err
	}
	if err := s.sessions.create(r.Context(), id, in); err != nil {
		return err
	}
	return created(w, aboutOf(id, in))
}

// within has a function go on from the session of a request with its model.
func (s *Server) within(r *http.Request, use func(v *served, now *session) (*session, reply, error)) error {
	return s.withSession(r.Context(), r.PathValue("id"), use)
}

// withSession has a function go on from a session with its model.
func (s *Server) withSession(ctx context.Context, id string, use func(v *served, now *session) (*session, reply, error)) error {
	return s.sessions.with(ctx, id, func(now *session) (*session, reply, error) {
		v, done, err := s.models.use(now.Model)
		if err != nil {
			return nil, nil, err
		}
		defer done()
		if err := fits(v, now); err != nil {
			return nil, nil, err
		}
		return use(v, now)
	})
}

func (s *Server) describeSession(w http.ResponseWriter, r *http.Request) error {
	return s.within(r, func(_ *served, now *session) (*session, reply, error) {
		return nil, func() error { answer(w, openAIError, aboutOf(r.PathValue("id"), now)); return nil }, nil
	})
}

func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.remove(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	answer(w, openAIError, map[string]any{"id": r.PathValue("id"), "deleted": true})
	return nil
}

func (s *Server) exportSession(w http.ResponseWriter, r *http.Request) error {
	return s.within(r, func(_ *served, now *session) (*session, reply, error) {
		data, err := now.bytes()
		if err != nil {
			return nil, nil, err
		}
		return nil, func() error {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Disposition", `attachment; filename="session"`)
			_, _ = w.Write(data) // a client that has gone is told nothing
			return nil
		}, nil
	})
}

// forkSession makes sessions that go on from where one is.
func (s *Server) forkSession(w http.ResponseWriter, r *http.Request) error {
	var q struct {
		N   int      `json:"n"`
		IDs []string `json:"ids"`
	}
	if err := readJSON(r, &q); err != nil && !errors.Is(err, errEmpty) {
		return err
	}
	if q.N == 0 {
		q.N = max(1, len(q.IDs))
	}
	if q.N < 1 || q.N > 1000 || len(q.IDs) > q.N {
		return bad("n is %d, of %d ids; want 1 to 1000", q.N, len(q.IDs))
	}
	ids := make([]string, q.N)
	for i := range ids {
		asked := ""
		if i < len(q.IDs) {
			asked = q.IDs[i]
		}
		var err error
		if ids[i], err = sessionID(asked); err != nil {
			return err
		}
	}
	// A session does not change, so nobody waits while it is copied: two that take each other's name would wait for ever.
	var from *session
	err := s.within(r, func(_ *served, now *session) (*session, reply, error) {
		from = now
		return nil, func() error { return nil }, nil
	})
	if err != nil {
		return err
	}
	list, err := s.sessions.createAll(r.Context(), ids, &session{about: from.about, state: from.state})
	if err != nil {
		return err
	}
	return created(w, map[string]any{"object": "list", "data": list})
}

// language is the language model of a session.
func language(v *served) (textModel, error) {
	if v.text == nil {
		return nil, bad("the session is of a %s; want one of a language model", v.kind)
	}
	return v.text, nil
}

// encoded are the tokens of a field of a request.
func (s *Server) encoded(m textModel, field, text string) ([]int, error) {
	ids, err := m.tokens().Encode(text)
	if err != nil {
		return nil, bad("%s: %v", field, err)
	}
	return ids, s.bounded(ids)
}

// bounded refuses more tokens than a request may have.
func (s *Server) bounded(ids []int) error {
	if len(ids) > s.options.MaxTokens {
		return refused(413, "%d tokens; want at most %d", len(ids), s.options.MaxTokens)
	}
	return nil
}

// readInto has a session read tokens. The last one stays pending: its logits are wanted by whoever writes next.
func (s *Server) readInto(ctx context.Context, v *served, now *session, ids []int) (*session, error) {
	next := &session{about: now.about, state: now.state}
	feed := ids
	if now.Pending >= 0 {
		feed = append([]int{now.Pending}, ids...)
	}
	if len(feed) == 0 {
		return next, nil
	}
	l := &lane{feed: append([]int{}, feed[:len(feed)-1]...), quiet: len(feed) - 1, state: stateOfBytes(now.state),
		after: func(*lane, []float32) error { return nil }}
	if err := v.steps.run(ctx, l); err != nil {
		return nil, err
	}
	next.state, next.Pending, next.Tokens = stateBytes(l.state), feed[len(feed)-1], now.Tokens+len(ids)
	s.metrics.tokens(v.name, len(ids), 0)
	return next, nil
}

// scoredToken is how likely a token was after those before it.
type scoredToken struct {
	Text    string   `json:"text"`
	LogProb *float64 `json:"log_probability"` // null of the first token of all, which follows nothing
}

// readSession has a session read a text, and tells how likely each of its tokens was.
func (s *Server) readSession(w http.ResponseWriter, r *http.Request) error {
	var q struct {
		Text string `json:"text"`
	}
	if err := readJSON(r, &q); err != nil {
		return err
	}
	return s.within(r, func(v *served, now *session) (*session, reply, error) {
		m, err := language(v)
		if err != nil {
			return nil, nil, err
		}
		ids, err := s.encoded(m, "text", q.Text)
		if err != nil {
			return nil, nil, err
		}
		out := struct {
			sessionAbout
			LogProb float64       `json:"log_probability"`
			Read    []scoredToken `json:"read"`
		}{Read: []scoredToken{}}
		next, err := s.score(r.Context(), v, m, now, ids, func(t scoredToken) {
			if t.LogProb != nil {
				out.LogProb += *t.LogProb
			}
			out.Read = append(out.Read, t)
		})
		if err == nil {
			next.said, err = saidOf(now.Tokens, out.Read)
		}
		if err != nil {
			return nil, nil, err
		}
		out.sessionAbout = aboutOf(r.PathValue("id"), next)
		return next, func() error { answer(w, openAIError, out); return nil }, nil
	})
}

// score is readInto that tells of each token how likely it was.
func (s *Server) score(ctx context.Context, v *served, m textModel, now *session, ids []int, each func(t scoredToken)) (*session, error) {
	if len(ids) == 0 {
		return &session{about: now.about, state: now.state}, nil
	}
	tell := func(id int, logprob *float64) error {
		text, err := m.tokens().Decode([]int{id})
		each(scoredToken{text, logprob})
		return err
	}
	todo := ids
	feed := ids[:len(ids)-1]
	if now.Pending >= 0 {
		feed = append([]int{now.Pending}, feed...)
	} else {
		if err := tell(ids[0], nil); err != nil {
			return nil, err
		}
		todo = ids[1:]
	}
	l := &lane{feed: append([]int{}, feed...), state: stateOfBytes(now.state)}
	l.after = func(_ *lane, logits []float32) error {
		p, _, err := likeliest(m.tokens(), logits, todo[0], 0)
		if err != nil {
			return err
		}
		err = tell(todo[0], &p)
		todo = todo[1:]
		return err
	}
	if err := v.steps.run(ctx, l); err != nil {
		return nil, err
	}
	next := &session{about: now.about, state: stateBytes(l.state)}
	next.Pending, next.Tokens = ids[len(ids)-1], now.Tokens+len(ids)
	s.metrics.tokens(v.name, len(ids), 0)
	return next, nil
}

// nextOfSession tells what may come next, without reading anything.
func (s *Server) nextOfSession(w http.ResponseWriter, r *http.Request) error {
	top := 20
	if text := r.URL.Query().Get("top"); text != "" {
		var err error
		if top, err = strconv.Atoi(text); err != nil || top < 1 || top > mostLogprobs {
			return bad("top is %.20q; want 1 to %d", text, mostLogprobs)
		}
	}
	return s.within(r, func(v *served, now *session) (*session, reply, error) {
		m, err := language(v)
		if err != nil {
			return nil, nil, err
		}
		if now.Pending < 0 {
			return nil, nil, bad("the session has read nothing yet")
		}
		list := []scoredToken{}
		l := &lane{feed: []int{now.Pending}, state: stateOfBytes(now.state)}
		l.after = func(_ *lane, logits []float32) error {
			_, best, err := likeliest(m.tokens(), logits, 0, top)
			for _, b := range best {
				list = append(list, scoredToken{b.text, &b.logprob})
			}
			return err
		}
		if err := v.steps.run(r.Context(), l); err != nil {
			return nil, nil, err
		}
		return nil, func() error {
			answer(w, openAIError, map[string]any{"id": r.PathValue("id"), "next": list})
			return nil
		}, nil
	})
}
