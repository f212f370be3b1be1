package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/atomicfile"
)

// sidecar holds the hash of a file whose hash nobody publishes, in the format of sha256sum.
func (r *Request) sidecar() string { return r.Path + ".sha256" }

// want returns the hash that the file must have: the published one, or else that of the first download, if there was
// one. A record that is there and cannot be read is an error, not a reason to write another.
func (r *Request) want() (string, error) {
	if r.SHA256 != "" {
		return strings.ToLower(r.SHA256), nil
	}
	raw, err := os.ReadFile(r.sidecar())
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", errors.WithStack(err)
	}
	fields := strings.Fields(string(raw))
	if len(fields) == 0 {
		return "", nil
	}
	return strings.ToLower(fields[0]), nil
}

// present says whether the file is there. A file with another hash is an error: it may be one that the user brought.
func (r *Request) present() (bool, error) {
	if _, err := os.Stat(r.Path); err != nil {
		if os.IsNotExist(err) {
			return false, nil
		}
		return false, errors.WithStack(err)
	}
	sum, err := hashOf(r.Path)
	if err != nil {
		return false, err
	}
	want, err := r.want()
	if err != nil {
		return false, err
	}
	switch want {
	case sum:
		return true, nil
	case "":
		return true, r.remember(sum)
	default:
		return false, errors.Errorf("%s has the SHA-256 %s; want %s: remove the file to fetch it again", r.Path, sum, want)
	}
}

// accept gives a complete download its name, if its hash is right; else it removes it.
func (r *Request) accept() error {
	sum, err := hashOf(r.part())
	if err != nil {
		return &localError{err}
	}
	want, err := r.want()
	if err != nil {
		return &localError{err}
	}
	if want != "" && want != sum {
		r.discard()
		err := errors.Errorf("the download has the SHA-256 %s; want %s", sum, want)
		if r.SHA256 == "" {
			err = errors.Errorf("%v, as recorded in %s: the file has changed at its source, remove the record to accept that", err, r.sidecar())
		}
		return err
	}
	if err := os.Rename(r.part(), r.Path); err != nil {
		return &localError{errors.WithStack(err)}
	}
	os.Remove(r.note())
	if want == "" {
		if err := r.remember(sum); err != nil {
			return &localError{err}
		}
	}
	return nil
}

func (r *Request) remember(sum string) error {
	return atomicfile.WriteBytes(r.sidecar(), []byte(sum+"  "+filepath.Base(r.Path)+"\n"))
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errors.WithStack(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", errors.Wrapf(err, "read %s", path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
