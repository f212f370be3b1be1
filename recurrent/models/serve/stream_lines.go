package serve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// line is a line of a stream.
type line struct {
	n    int // from 1
	data []byte
	err  error // of reading it
	body *countedBody
}

const (
	mostLine  = 256 << 10 // bytes of a line
	mostLines = 64        // lines that are read before what they lead to is kept: those that are there already
)

// linesOf reads the lines of a body while the answer is written. The function that it returns ends that.
func (s *Server) linesOf(w http.ResponseWriter, r *http.Request) (<-chan line, func()) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 is so anyway
	if r.Header.Get("Expect") == "100-continue" && r.ProtoMajor == 1 {
		w.WriteHeader(http.StatusContinue) // now, as the answer begins before the body
	}
	body := &countedBody{ReadCloser: r.Body, s: s}
	lines, quit, ended := make(chan line, mostLines), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(lines)
		in := bufio.NewReader(body)
		for n := 1; ; n++ {
			data, err := readLine(in)
			if err == io.EOF && len(data) == 0 {
				return
			}
			switch status, _ := statusOf(err); {
			case err == io.EOF:
				err = nil // the last line may have no end
			case err != nil && status == http.StatusInternalServerError:
				err = errGone
			}
			if err == nil && len(bytes.TrimSpace(data)) == 0 {
				body.free(len(data))
				continue
			}
			select {
			case lines <- line{n, data, err, body}:
			case <-quit:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return lines, func() {
		close(quit)
		select {
		case <-ended:
		default:
			_ = control.SetReadDeadline(time.Unix(1, 0)) // it may be waiting for the client
			<-ended
		}
		body.release()
	}
}

// readLine reads a line of at most mostLine bytes, with its end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var out []byte
	for {
		part, err := in.ReadSlice('\n')
		out = append(out, part...)
		if len(out) > mostLine {
			return nil, refused(http.StatusRequestEntityTooLarge, "a line of more than %d bytes", mostLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return out, err
		}
	}
}

// together are lines that have come already, the first of them given: they are kept in one go.
func together(first line, lines <-chan line) []line {
	out := []line{first}
	for len(out) < mostLines {
		select {
		case l, more := <-lines:
			if !more {
				return out
			}
			out = append(out, l)
		default:
			return out
		}
	}
	return out
}

// done lets go of what the line took in memory.
func (l line) done() { l.body.free(len(l.data)) }

// next is the session after the line: a row of a model of sequences, as /rows takes it, or {"text": ...} for a language model to
// read, which goes on by itself with max_tokens.
func (l line) next(ctx context.Context, st *stream, v *served, now *session) (*session, error) {
	if v.live != nil {
		return l.row(st, v, now)
	}
	return l.text(ctx, st.s, v, now)
}

// row has a model of sequences read a row.
func (l line) row(st *stream, v *served, now *session) (*session, error) {
	values, when, err := valuesOfRow(l.data, v.live.m, &st.times)
	if err != nil {
		return nil, bad("%v", err)
	}
	next := &session{about: now.about}
	next.Tokens++
	next.state, err = v.live.with(now.state, func(stream *models.SequenceStream) error {
		p, err := stream.Row(values, when)
		if err != nil {
			return bad("%v", err)
		}
		next.said, err = saidOf(now.Tokens, []any{record.SequenceOf(v.live.m.Labels(), st.id, next.Tokens, p)})
		return err
	})
	return next, err
}

// text has a language model read a text, and go on if it is to.
func (l line) text(ctx context.Context, s *Server, v *served, now *session) (*session, error) {
	var q struct {
		writing
		Text string `json:"text"`
	}
	if err := json.Unmarshal(l.data, &q); err != nil {
		return nil, bad("%s", wrongJSON(err))
	}
	m, err := language(v)
	if err != nil {
		return nil, err
	}
	ids, err := s.encoded(m, "text", q.Text)
	if err != nil {
		return nil, err
	}
	var read []scoredToken
	next, err := s.score(ctx, v, m, now, ids, func(t scoredToken) { read = append(read, t) })
	if err != nil {
		return nil, err
	}
	if next.said, err = saidOf(now.Tokens, read); err != nil || q.MaxTokens == nil {
		return next, err
	}
	if next.Pending < 0 {
		return nil, bad("there is nothing to go on from yet")
	}
	c, err := s.goOn(q.writing, v, m, next, nil)
	if err != nil {
		return nil, err
	}
	c.writers[0].each = func(list []written) error { c.add(0, list); return nil }
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	after, err := c.after(next)
	if err != nil {
		return nil, err
	}
	after.said = append(next.said, after.said...)
	return after, nil
}
