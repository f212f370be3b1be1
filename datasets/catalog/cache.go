package catalog

import (
	"context"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/catalog/internal/fetch"
)

// CacheFolder is where fetched data sets are kept: the folder that the environment names in UNROLL_DATA, or else
// unroll/datasets in the user's folder for caches (~/.cache on Linux, ~/Library/Caches on macOS, %LocalAppData% on
// Windows).
func CacheFolder() (string, error) {
	if folder := os.Getenv("UNROLL_DATA"); folder != "" {
		return folder, nil
	}
	folder, err := os.UserCacheDir()
	if err != nil {
		return "", errors.Wrap(err, "datasets: no folder for data sets; name one in UNROLL_DATA")
	}
	return filepath.Join(folder, "unroll", "datasets"), nil
}

// MissingError says that a file of a data set is not there and could not be fetched, and where to put it by hand.
type MissingError struct {
	Set    string
	URL    string
	Path   string
	SHA256 string // empty if it is not known
	Err    error  // why it could not be fetched
}

func (e *MissingError) Error() string {
	if e.Err == nil { // made by hand
		return "datasets: " + e.Set + ": the file " + e.Path + " is missing"
	}
	return "datasets: " + e.Set + ": " + e.Err.Error()
}

// Unwrap returns why the file could not be fetched.
func (e *MissingError) Unwrap() error { return e.Err }

// Download fetches the files of a data set that are not on disk yet, and checks those that are. Sets that are
// shipped need no files. If a file cannot be fetched, the error is a *MissingError.
func Download(ctx context.Context, info Info, o Options) error {
	_, err := download(ctx, info, o)
	return err
}

// OnDisk says whether a data set can be loaded without a network: it is shipped, or its files are all there. It does
// not check their hashes, as Load and Download do.
func OnDisk(info Info, o Options) (bool, error) {
	folder, err := o.folder(info)
	if err != nil {
		return false, err
	}
	for _, file := range info.Files {
		if _, err := os.Stat(filepath.Join(folder, file.Name)); os.IsNotExist(err) {
			return false, nil
		} else if err != nil {
			return false, errors.Wrapf(err, "datasets: %s", info.Name)
		}
	}
	return true, nil
}

// folder is where the files of a set are.
func (o Options) folder(info Info) (string, error) {
	if o.Folder != "" {
		return filepath.Join(o.Folder, info.Name), nil
	}
	folder, err := CacheFolder()
	return filepath.Join(folder, info.Name), err
}

// download returns the paths of the set's files, in the order of info.Files.
func download(ctx context.Context, info Info, o Options) ([]string, error) {
	folder, err := o.folder(info)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, file := range info.Files {
		request := fetch.Request{
			URLs: file.URLs, Path: filepath.Join(folder, file.Name), SHA256: file.SHA256, Bytes: file.Bytes,
			Offline: o.Offline, Client: o.Client,
		}
		if o.Progress != nil {
			request.Progress = func(done, total int64) { o.Progress(file.Name, done, total) }
		}
		if err := fetch.File(ctx, request); err != nil {
			var gone *fetch.Unavailable
			if errors.As(err, &gone) {
				return nil, &MissingError{Set: info.Name, URL: gone.URL, Path: gone.Path, SHA256: gone.SHA256, Err: err}
			}
			return nil, errors.Wrapf(err, "datasets: %s", info.Name)
		}
		paths = append(paths, request.Path)
	}
	return paths, nil
}
