package fetch

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/pkg/errors"
)

// partFile is what a download is written to.
type partFile interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

func (r *Request) part() string { return r.Path + ".part" }
func (r *Request) note() string { return r.Path + ".part.json" }

// openPart opens the unfinished download for appending.
func (r *Request) openPart() (partFile, error) {
	if r.open != nil {
		return r.open(r.part())
	}
	return os.OpenFile(r.part(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
}

// origin is kept beside an unfinished download. Validator is what the server called this version of the file: its ETag,
// or the time of its last change.
type origin struct {
	URL       string `json:"url"`
	Validator string `json:"validator"`
}

// validator returns what identifies the bytes of a response. A weak ETag does not.
func validator(h http.Header) string {
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return h.Get("Last-Modified")
}

// resumable returns how much of the file is there to go on from, and the validator with which the server is asked
// whether it still has the same file. What came from another address, or whose version is unknown, is begun anew.
func (r *Request) resumable(url string) (have int64, version string) {
	stat, err := os.Stat(r.part())
	if err != nil {
		return 0, ""
	}
	raw, err := os.ReadFile(r.note())
	if err != nil {
		return 0, ""
	}
	var o origin
	if json.Unmarshal(raw, &o) != nil || o.URL != url || o.Validator == "" {
		return 0, ""
	}
	return stat.Size(), o.Validator
}

// begin empties the unfinished download and writes down where the bytes to come are from.
func (r *Request) begin(f partFile, url string, h http.Header) error {
	if err := f.Truncate(0); err != nil {
		return errors.WithStack(err)
	}
	raw, err := json.Marshal(origin{URL: url, Validator: validator(h)})
	if err != nil {
		return errors.WithStack(err)
	}
	return errors.WithStack(os.WriteFile(r.note(), raw, 0o644))
}

// discard removes the unfinished download.
func (r *Request) discard() {
	os.Remove(r.part())
	os.Remove(r.note())
}
