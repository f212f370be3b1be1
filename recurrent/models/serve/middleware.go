package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// newID is a name that nobody guesses.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader remembers the status.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts bytes.
func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// Unwrap gives http.ResponseController what it needs.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

var (
	goodID    = regexp.MustCompile(`^[\x21-\x7e]{1,128}$`)
	goodTrace = regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)
)

// observed gives every request an id, logs it and counts it. An id and a W3C trace context (https://www.w3.org/TR/trace-context/)
// that the request has are kept, and are in the log.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		id := r.Header.Get("X-Request-Id")
		if !goodID.MatchString(id) {
			id = newID()
		}
		w.Header().Set("X-Request-Id", id)
		attrs := []any{slog.String("request_id", id), slog.String("method", r.Method), slog.String("path", r.URL.Path)}
		if trace := r.Header.Get("Traceparent"); goodTrace.MatchString(trace) {
			span := newID()[:16]
			w.Header().Set("Traceparent", trace[:36]+span+trace[52:])
			attrs = append(attrs, slog.String("trace_id", trace[3:35]), slog.String("span_id", span))
		}
		rec := &recorder{ResponseWriter: w}
		// A client that is slow holds up its own connection alone, at every route. A writer without deadlines is a test's.
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(begin.Add(s.options.Timeout))
		_ = control.SetWriteDeadline(begin.Add(2 * s.options.Timeout))
		s.metrics.running.Inc()
		defer func() {
			s.metrics.running.Dec()
			if p := recover(); p != nil && p != http.ErrAbortHandler { // a fault of the service: it goes on
				s.options.Log.Error("panic", append(attrs, slog.Any("panic", p), slog.String("stack", string(debug.Stack())))...)
				if rec.status == 0 {
					fail(rec, plainError, fault(p))
				}
			}
			took := time.Since(begin)
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			s.metrics.answered(route, rec.status, took)
			s.options.Log.Info("request", append(attrs, slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes),
				slog.Duration("took", took), slog.String("remote", r.RemoteAddr))...)
		}()
		if err := s.rightHost(r); err != nil {
			fail(rec, plainError, err)
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// rightHost refuses requests for another host. The owner of a name can have it stand for 127.0.0.1 (DNS rebinding): to a browser, his
// page is then of the same site as a service on this machine, but the name is still his.
func (s *Server) rightHost(r *http.Request) error {
	if len(s.options.Hosts) == 0 || r.Host == "" && !r.ProtoAtLeast(1, 1) { // HTTP/1.0, which browsers do not speak, has no hosts
		return nil
	}
	name := r.Host
	if host, _, err := net.SplitHostPort(name); err == nil {
		name = host
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if slices.ContainsFunc(s.options.Hosts, func(h string) bool { return strings.EqualFold(h, name) }) {
		return nil
	}
	return refused(http.StatusMisdirectedRequest, "the request is for %.80q; this service answers for %s",
		r.Host, strings.Join(s.options.Hosts, ", "))
}

// handle makes a handler of a function that returns an error, within the bounds of the options.
func (s *Server) handle(style errorStyle, f handler) http.Handler {
	return s.admitted(s.slots, style, func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), s.options.Timeout)
		defer cancel()
		r = r.WithContext(ctx)
		body := &countedBody{ReadCloser: http.MaxBytesReader(w, r.Body, s.options.MaxBody), s: s}
		defer body.release()
		r.Body = body
		return f(w, r)
	})
}

// handler answers a request, or says why it does not.
type handler func(w http.ResponseWriter, r *http.Request) error

// admitted makes a handler that refuses what may not be answered, and more than there are places for.
func (s *Server) admitted(places chan struct{}, style errorStyle, f handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.admit(r); err != nil {
			fail(w, style, err)
			return
		}
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			fail(w, style, refused(http.StatusTooManyRequests, "%d requests are being answered; try again", cap(places)))
			return
		}
		if err := f(w, r); err != nil {
			if status, _ := statusOf(err); status == http.StatusInternalServerError {
				s.options.Log.Error("fault", slog.String("request_id", w.Header().Get("X-Request-Id")), slog.Any("error", err))
			}
			fail(w, style, err)
		}
	})
}

// mostBodies is how many bodies of the largest size may be in memory at a time.
const mostBodies = 32

// countedBody is the body of a request, whose bytes count among those of all requests until it is answered.
type countedBody struct {
	io.ReadCloser
	s    *Server
	read atomic.Int64 // and not let go of
}

// Read refuses to go on while the bodies of all requests are as many bytes as there may be.
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read.Add(int64(n))
	if all := b.s.bodies.Add(int64(n)); all > mostBodies*b.s.options.MaxBody {
		return n, refused(http.StatusTooManyRequests, "the requests that are being read are %d bytes; try again", all)
	}
	return n, err
}

// release takes the bytes from the count.
func (b *countedBody) release() { b.free(int(b.read.Load())) }

// free takes some of them.
func (b *countedBody) free(n int) {
	b.s.bodies.Add(-int64(n))
	b.read.Add(-int64(n))
}

// admit refuses requests without a key, those that a browser makes for another site's page, all while the service ends, and bodies
// that are packed.
func (s *Server) admit(r *http.Request) error {
	if err := s.origins.Check(r); err != nil {
		return refused(http.StatusForbidden, "a page of another site asks (%v)", err)
	}
	if c := r.Header.Get("Content-Encoding"); c != "" && c != "identity" {
		return refused(http.StatusUnsupportedMediaType, "Content-Encoding is %.40q; want none", c)
	}
	if len(s.options.Keys) > 0 && !s.knows(r) {
		return refused(http.StatusUnauthorized, "want the header Authorization: Bearer KEY, with a key that the service knows")
	}
	if s.draining() {
		return errClosed
	}
	return nil
}

// knows compares hashes, which takes as long for a wrong key as for a right one.
func (s *Server) knows(r *http.Request) bool {
	given := r.Header.Get("X-Api-Key")
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		given = bearer
	}
	have, found := sha256.Sum256([]byte(given)), 0
	for _, k := range s.options.Keys {
		want := sha256.Sum256([]byte(k))
		found |= subtle.ConstantTimeCompare(have[:], want[:])
	}
	return found == 1
}

// errEmpty is a body that is not there.
var errEmpty = bad("the body is empty; want JSON")

// readJSON reads the body as one value of JSON.
func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	if err := d.Decode(v); err != nil {
		if err == io.EOF {
			return errEmpty
		}
		return bodyError(err)
	}
	_, err := d.Token()
	if err == io.EOF {
		return nil
	}
	if status, _ := statusOf(err); err != nil && status != http.StatusInternalServerError { // a limit
		return err
	}
	return bad("something follows the JSON of the body")
}

// bodyError is an error of reading a body: the client's, unless it is one of the limits.
func bodyError(err error) error {
	if status, _ := statusOf(err); status != http.StatusInternalServerError {
		return err
	}
	return bad("the body: %s", wrongJSON(err))
}
