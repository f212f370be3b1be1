package serve

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/message"
	"github.com/unroll-go/unroll/recurrent/models"
)

// problem is an error of a request, with the status that tells whose fault it is.
type problem struct {
	status int
	text   string
}

func (p *problem) Error() string { return p.text }

// bad is a request that cannot be answered as it is.
func bad(format string, args ...any) error {
	return &problem{http.StatusBadRequest, errors.Errorf(format, args...).Error()}
}

// refused is a request that has another status than 400.
func refused(status int, format string, args ...any) error {
	return &problem{status, errors.Errorf(format, args...).Error()}
}

// statusOf is the status and the text of an error. What is not known to be the request's fault is the server's.
func statusOf(err error) (int, string) {
	var p *problem
	var large *http.MaxBytesError
	var text *models.TextError
	switch {
	case errors.As(err, &p):
		return p.status, p.text
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, errors.Errorf("the body is larger than %d bytes", large.Limit).Error()
	case errors.As(err, &text):
		return http.StatusBadRequest, text.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, "the answer took too long"
	case errors.Is(err, context.Canceled):
		return 499, "the client went away"
	case errors.Is(err, errClosed):
		return http.StatusServiceUnavailable, err.Error()
	}
	return http.StatusInternalServerError, "a fault of the service; its log has more under the request's id"
}

// errorStyle is how a protocol writes an error.
type errorStyle func(status int, text string) any

// plainError is that of the Open Inference Protocol and of sessions.
func plainError(_ int, text string) any { return map[string]string{"error": text} }

// openAIError is that of /v1.
func openAIError(status int, text string) any {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case status >= 500:
		kind = "server_error"
	}
	return map[string]any{"error": map[string]any{"message": text, "type": kind, "param": nil, "code": nil}}
}

// mlflowError is that of /invocations.
func mlflowError(status int, text string) any {
	code := "BAD_REQUEST"
	if status >= 500 {
		code = "INTERNAL_ERROR"
	}
	return map[string]string{"error_code": code, "message": text}
}

// fail answers with an error.
func fail(w http.ResponseWriter, style errorStyle, err error) {
	if errors.Is(err, errTold) {
		return
	}
	status, text := statusOf(err)
	text = message.WithoutPackages(text)
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Del("Content-Length")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body, err := json.Marshal(style(status, text))
	if err == nil {
		_, _ = w.Write(append(body, '\n'))
	}
}

// answer writes a value as JSON.
func answer(w http.ResponseWriter, style errorStyle, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		fail(w, style, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // a client that has gone is told nothing
}
