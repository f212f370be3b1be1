package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/pkg/errors"
)

// attempt makes one connection and appends what comes to the unfinished download. Without an error, that is complete
// in length; its hash is still to be checked.
func (r *Request) attempt(ctx context.Context, url string) error {
	quiet := r.Quiet
	if quiet == 0 {
		quiet = time.Minute
	}
	watched, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := time.AfterFunc(quiet, cancel)
	defer watch.Stop()
	err := r.converse(watched, url, func() { watch.Reset(quiet) })
	if err != nil && watched.Err() != nil && ctx.Err() == nil {
		return &brokenError{errors.Errorf("%s sent nothing for %v", url, quiet)}
	}
	return err
}

// converse asks and listens. Whenever something comes, it calls heard.
func (r *Request) converse(ctx context.Context, url string, heard func()) error {
	have, version := r.resumable(url)
	response, err := r.ask(ctx, url, have, version)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	heard()

	switch {
	case response.StatusCode == http.StatusPartialContent && have > 0 && startsAt(response) == have:
	case response.StatusCode == http.StatusOK:
		have = 0 // the server does not do parts, or has another version by now
	case have > 0 && (response.StatusCode == http.StatusRequestedRangeNotSatisfiable || response.StatusCode == http.StatusPartialContent):
		r.discard() // there are as many bytes as the file has, or more, or it sent others than asked for
		return &brokenError{errors.Errorf("%s cannot continue at byte %d", url, have)}
	case response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests:
		return &brokenError{errors.Errorf("%s answered %s", url, response.Status)}
	default:
		return errors.Errorf("%s answered %s", url, response.Status)
	}
	return r.receive(ctx, url, response, have, heard)
}

func (r *Request) ask(ctx context.Context, url string, have int64, version string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	// Some serve none but such.
	request.Header.Set("User-Agent", "Mozilla/5.0 (compatible; unroll; +https://github.com/unroll-go/unroll)")
	// The hash is of the file as it is.
	request.Header.Set("Accept-Encoding", "identity")
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
		request.Header.Set("If-Range", version)
	}
	client := r.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, &brokenError{errors.WithStack(err)}
	}
	return response, nil
}

// startsAt reads "Content-Range: bytes 100-199/200". It is -1 if that is not there.
func startsAt(response *http.Response) int64 {
	var from, to int64
	if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-%d/", &from, &to); err != nil {
		return -1
	}
	return from
}

// receive writes a response's body behind the bytes that are there.
func (r *Request) receive(ctx context.Context, url string, response *http.Response, have int64, heard func()) (err error) {
	f, err := r.openPart()
	if err != nil {
		return &localError{errors.WithStack(err)}
	}
	defer func() {
		if cerr := f.Close(); cerr != nil && err == nil {
			err = &localError{errors.WithStack(cerr)}
		}
	}()
	if have == 0 {
		if err := r.begin(f, url, response.Header); err != nil {
			return &localError{err}
		}
	}
	total := int64(-1)
	if response.ContentLength >= 0 {
		total = have + response.ContentLength
	} else if r.Bytes > 0 {
		total = r.Bytes
	}
	limit := int64(maxBytes)
	if r.Bytes > 0 {
		limit = r.Bytes
	}
	if total > limit {
		return errors.Errorf("%s has %d bytes; want %d", url, total, limit)
	}
	if err := r.copy(ctx, f, response.Body, heard, url, have, total, limit); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return &localError{errors.WithStack(err)}
	}
	return nil
}

// copy appends the body to the file and tells of the progress.
func (r *Request) copy(ctx context.Context, f io.Writer, body io.Reader, heard func(), url string, have, total, limit int64) error {
	buffer := make([]byte, 64<<10)
	done := have
	for {
		if r.Progress != nil {
			r.Progress(done, total)
		}
		if err := ctx.Err(); err != nil {
			return errors.WithStack(err)
		}
		n, err := body.Read(buffer)
		heard()
		if done+int64(n) > limit {
			return errors.Errorf("%s has more than %d bytes", url, limit)
		}
		if n > 0 {
			if _, err := f.Write(buffer[:n]); err != nil {
				return &localError{errors.WithStack(err)} // it names the file
			}
			done += int64(n)
		}
		if err == io.EOF && done < r.Bytes {
			err = io.ErrUnexpectedEOF // a server that does not tell the length
		}
		if err == io.EOF {
			if r.Progress != nil {
				r.Progress(done, total)
			}
			return nil
		}
		if err != nil {
			return &brokenError{errors.Wrapf(err, "%s after %d bytes", url, done)}
		}
	}
}
