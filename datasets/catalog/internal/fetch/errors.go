package fetch

import "fmt"

// Unavailable says that a file could not be fetched, and how a person can bring it.
type Unavailable struct {
	URL    string
	Path   string
	SHA256 string // empty if it is not known
	Bytes  int64  // 0 if it is not known
	Err    error
}

func (e *Unavailable) Error() string {
	text := fmt.Sprintf("cannot fetch %s: %v; without a network, bring the file by other means to %s", e.URL, e.Err, e.Path)
	switch {
	case e.SHA256 != "" && e.Bytes > 0:
		text += fmt.Sprintf(" (%d bytes, SHA-256 %s)", e.Bytes, e.SHA256)
	case e.SHA256 != "":
		text += fmt.Sprintf(" (SHA-256 %s)", e.SHA256)
	}
	return text
}

// Unwrap returns what went wrong, with every address.
func (e *Unavailable) Unwrap() error { return e.Err }

func (r *Request) unavailable(err error) error {
	url := ""
	if len(r.URLs) > 0 {
		url = r.URLs[0]
	}
	return &Unavailable{URL: url, Path: r.Path, SHA256: r.SHA256, Bytes: r.Bytes, Err: err}
}

// localError is a fault of this machine: a full disk, a folder that may not be written.
type localError struct{ err error }

func (e *localError) Error() string { return e.err.Error() }

// brokenError is a connection that broke or a server that was busy: the same request may succeed later.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
