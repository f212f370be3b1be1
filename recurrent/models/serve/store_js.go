//go:build js

package serve

import (
	"time"

	"github.com/pkg/errors"
)

// store is none: a browser has no files to keep sessions in.
type store struct{}

var errNoStore = errors.New("serve: this system has no files for sessions; leave Sessions.Path empty")

func openStore(string, bool) (*store, error)                  { return nil, errNoStore }
func (s *store) put(*change) error                            { return errNoStore }
func (s *store) get(string) ([]byte, error)                   { return nil, errNoStore }
func (s *store) count() int                                   { return 0 }
func (s *store) expired(time.Duration, int) ([]string, error) { return nil, errNoStore }
func (s *store) close() error                                 { return nil }
func (s *store) since(string) time.Duration                   { return 0 }
