//go:build !js

package serve

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/pkg/errors"
	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// store keeps sessions in a file. Changes that come at the same time are written together, and are answered when they have been.
// Without Sync they are the system's by then: a process that is killed loses nothing, a loss of power may.
type store struct {
	db    *bolt.DB
	puts  chan *change
	quit  chan struct{}
	ended chan struct{}
	start time.Time
	base  time.Duration // how long the service had run before
}

var bucketSessions, bucketUsed, bucketClock = []byte("sessions"), []byte("used"), []byte("clock")

// openStore opens a file, or makes it.
func openStore(path string, sync bool) (*store, error) {
	o := &bolt.Options{Timeout: time.Second, NoSync: !sync, NoFreelistSync: true, FreelistType: bolt.FreelistMapType}
	db, err := bolt.Open(path, 0o600, o)
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, errors.Errorf("serve: the sessions' file %s is in use by another process", path)
	}
	if err != nil {
		return nil, errors.Wrapf(err, "serve: the sessions' file %s", path)
	}
	s := &store{db: db, puts: make(chan *change, 1024), quit: make(chan struct{}), ended: make(chan struct{}), start: time.Now()}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, b := range [][]byte{bucketSessions, bucketUsed, bucketClock} {
			if _, err := tx.CreateBucketIfNotExists(b); err != nil {
				return err
			}
		}
		if v := tx.Bucket(bucketClock).Get(bucketClock); len(v) == 8 {
			s.base = time.Duration(binary.BigEndian.Uint64(v))
		}
		return nil
	})
	if err != nil {
		_ = db.Close()
		return nil, errors.Wrapf(err, "serve: the sessions' file %s", path)
	}
	go s.work()
	return s, nil
}

// clock is how long the service has run in all. Jumps of the machine's clock do not move it, and nothing expires while the
// service is not there.
func (s *store) clock() time.Duration { return s.base + time.Since(s.start) }

// put writes a session, and returns when it is written.
func (s *store) put(c *change) error {
	c.done = make(chan error, 1)
	select {
	case s.puts <- c:
	case <-s.quit:
		return errClosed
	}
	select {
	case err := <-c.done:
		return err
	case <-s.ended: // it came too late, or was the last
		select {
		case err := <-c.done:
			return err
		default:
			return errClosed
		}
	}
}

// work writes changes, as many together as are there.
func (s *store) work() {
	defer close(s.ended)
	for {
		select {
		case c := <-s.puts:
			s.commit(s.more([]*change{c}))
		case <-s.quit:
			if list := s.more(nil); list != nil {
				s.commit(list)
			}
			return
		}
	}
}

// more adds the changes that wait.
func (s *store) more(list []*change) []*change {
	for len(list) < 1024 {
		select {
		case c := <-s.puts:
			list = append(list, c)
		default:
			return list
		}
	}
	return list
}

func (s *store) commit(list []*change) {
	var now [8]byte
	binary.BigEndian.PutUint64(now[:], uint64(s.clock()))
	err := s.db.Update(func(tx *bolt.Tx) error {
		sessions, used := tx.Bucket(bucketSessions), tx.Bucket(bucketUsed)
		for _, c := range list {
			id := []byte(c.id)
			if c.data == nil && !c.touch {
				if err := sessions.Delete(id); err != nil {
					return err
				}
				if err := used.Delete(id); err != nil {
					return err
				}
				continue
			}
			if c.data != nil {
				if err := sessions.Put(id, c.data); err != nil {
					return err
				}
			}
			if err := used.Put(id, now[:]); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketClock).Put(bucketClock, now[:])
	})
	if err != nil {
		err = refused(507, "the session cannot be kept: %v", err)
	}
	for _, c := range list {
		c.done <- err
	}
}

// get reads a session; nil if there is none.
func (s *store) get(id string) (data []byte, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		if v := tx.Bucket(bucketSessions).Get([]byte(id)); v != nil {
			data = append([]byte{}, v...)
		}
		return nil
	})
	return data, errors.WithStack(err)
}

// count is the number of sessions.
func (s *store) count() (n int) {
	_ = s.db.View(func(tx *bolt.Tx) error { // an error leaves 0, and the next transaction tells it
		n = tx.Bucket(bucketSessions).Stats().KeyN
		return nil
	})
	return n
}

// expired are up to n sessions that were not used for a time.
func (s *store) expired(after time.Duration, n int) (ids []string, err error) {
	limit := s.clock() - after
	err = s.db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucketUsed).Cursor()
		for k, v := c.First(); k != nil && len(ids) < n; k, v = c.Next() {
			if len(v) == 8 && time.Duration(binary.BigEndian.Uint64(v)) < limit {
				ids = append(ids, string(k))
			}
		}
		return nil
	})
	return ids, errors.WithStack(err)
}

// since is how long ago a session was used; without end if there is none.
func (s *store) since(id string) time.Duration {
	ago := time.Duration(math.MaxInt64)
	_ = s.db.View(func(tx *bolt.Tx) error { // an error is met again by who deletes
		if v := tx.Bucket(bucketUsed).Get([]byte(id)); len(v) == 8 {
			ago = s.clock() - time.Duration(binary.BigEndian.Uint64(v))
		}
		return nil
	})
	return ago
}

func (s *store) close() error {
	close(s.quit)
	<-s.ended
	return errors.WithStack(s.db.Close())
}
