package serve

import (
	"container/list"
	"context"
	"sync"
	"time"

	"github.com/pkg/errors"
)

// about describes a session.
type about struct {
	Model   string    `json:"model"`
	Kind    string    `json:"kind"`
	Layout  string    `json:"layout"`  // of the model: its state, and what its tokens or columns are
	Created time.Time `json:"created"` // by the machine's clock
	Tokens  int       `json:"tokens"`  // or rows, that were read
	Pending int       `json:"pending"` // the last token of a text, which is read first next time; -1 for none
}

// session is what a network remembers of a text or of rows. It does not change: what goes on from it is another.
type session struct {
	about
	state   []byte
	history *history // nil unless it is streamed
	said    []told   // what the network said on the way here from the session before
}

// cost is what a session takes in memory, roughly.
func (s *session) cost() int64 { return int64(len(s.state)+512) + s.history.cost() }

// sessions has all sessions: those in use in memory, all in the file.
type sessions struct {
	options SessionOptions
	metrics *metrics
	store   *store // nil for memory alone
	begun   time.Time

	mu     sync.Mutex
	byID   map[string]*place
	recent *list.List // of *place, the one used last in front
	bytes  int64
	count  int
	quit   chan struct{}
	ended  chan struct{}
}

// place is where a session is in memory.
type place struct {
	id      string
	now     *session // nil while it is read from the file, or where there is none
	turn    chan struct{}
	users   int
	used    time.Time
	streams int           // of those who use it
	changed chan struct{} // closed when another session takes its place, or none; nil while nobody streams
	element *list.Element
}

func openSessions(o Options, m *metrics) (*sessions, error) {
	s := &sessions{options: o.Sessions, metrics: m, byID: map[string]*place{}, recent: list.New(), begun: time.Now(),
		quit: make(chan struct{}), ended: make(chan struct{})}
	if o.Sessions.Path != "" {
		var err error
		if s.store, err = openStore(o.Sessions.Path, o.Sessions.Sync); err != nil {
			return nil, err
		}
		s.count = s.store.count()
	}
	m.sessions(s.count)
	go s.sweep()
	return s, nil
}

// reply answers a request once what it changed is kept.
type reply func() error

// with has a function go on from a session, alone: others that want the same wait. The function returns the session that takes its
// place, or nil to leave it, and what answers the request once that is kept.
func (s *sessions) with(ctx context.Context, id string, use func(now *session) (*session, reply, error)) error {
	return s.alone(ctx, id, func(p *place) error {
		if err := s.fetch(p); err != nil {
			return err
		}
		if p.now == nil {
			return missing(id)
		}
		next, say, err := use(p.now)
		if err != nil {
			return err
		}
		s.remember(p, next)
		if err := s.keep(p, next); err != nil {
			return err
		}
		return say()
	})
}

// remember adds what a session said to what it said before, if it is streamed or was.
func (s *sessions) remember(p *place, next *session) {
	if next == nil {
		return
	}
	before := p.now.history
	if before == nil {
		s.mu.Lock()
		streamed := p.streams > 0
		s.mu.Unlock()
		if !streamed {
			return
		}
		before = &history{Since: p.now.Tokens}
	}
	next.history = before.and(next.said)
	next.said = nil
}

// watch holds the place of a session in memory, and has look tell when it changes.
func (s *sessions) watch(id string) (p *place, done func()) {
	p = s.enter(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.streams++; p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p, func() {
		s.mu.Lock()
		if p.streams--; p.streams == 0 {
			p.changed = nil
		}
		s.mu.Unlock()
		s.leave(p)
	}
}

// look is the session at a place that is watched, and a channel that is closed when it is another.
func (s *sessions) look(ctx context.Context, p *place) (*session, <-chan struct{}, error) {
	var now *session
	var changed chan struct{}
	err := s.alone(ctx, p.id, func(p *place) error {
		if err := s.fetch(p); err != nil {
			return err
		}
		if p.now == nil {
			return missing(p.id)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		now, changed = p.now, p.changed
		return nil
	})
	return now, changed, err
}

// replace has a session take a place in memory; nil for none. The caller has the place's turn.
func (s *sessions) replace(p *place, next *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.now != nil {
		s.bytes -= p.now.cost()
	}
	if p.now = next; next != nil {
		s.bytes += next.cost()
	}
	if p.changed != nil {
		close(p.changed)
		p.changed = make(chan struct{})
	}
}

// missing is an answer about a session that is not there.
func missing(id string) error { return refused(404, "there is no session %q: it may have expired", id) }

// alone has a function do something with the place of a session, alone: others that want the same wait.
func (s *sessions) alone(ctx context.Context, id string, use func(p *place) error) error {
	p := s.enter(id)
	defer s.leave(p)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	p.used = time.Now()
	s.mu.Unlock()
	return use(p)
}

// create keeps a new session.
func (s *sessions) create(ctx context.Context, id string, first *session) error {
	return s.alone(ctx, id, func(p *place) error { return s.begin(p, first) })
}

// begin keeps the first session at a place.
func (s *sessions) begin(p *place, first *session) error {
	if err := s.fetch(p); err != nil {
		return err
	}
	if p.now != nil {
		return refused(409, "there is a session %q", p.id)
	}
	s.mu.Lock()
	n := s.count
	full := n >= s.options.Most || s.store == nil && s.bytes+first.cost() > s.options.Memory
	if !full {
		s.count++
	}
	s.mu.Unlock()
	if full {
		return refused(503, "there are %d sessions; no more can be kept", n)
	}
	if err := s.keep(p, first); err != nil {
		s.counted(-1)
		return err
	}
	s.counted(0)
	return nil
}

// createAll keeps a new session under several names, all or none, side by side, so that the file is written a few times only.
func (s *sessions) createAll(ctx context.Context, ids []string, first *session) ([]sessionAbout, error) {
	list, failed := make([]sessionAbout, len(ids)), make([]error, len(ids))
	var all sync.WaitGroup
	for i, id := range ids {
		all.Go(func() { list[i], failed[i] = aboutOf(id, first), s.create(ctx, id, first) })
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			for i, id := range ids {
				if failed[i] == nil {
					_ = s.remove(ctx, id) // what cannot be deleted now expires
				}
			}
			return nil, err
		}
	}
	return list, nil
}

// remove deletes a session.
func (s *sessions) remove(ctx context.Context, id string) error {
	return s.alone(ctx, id, s.drop)
}

func (s *sessions) drop(p *place) error {
	if err := s.fetch(p); err != nil {
		return err
	}
	if p.now == nil {
		return missing(p.id)
	}
	if s.store != nil {
		if err := s.store.put(&change{id: p.id}); err != nil {
			return err
		}
	}
	s.replace(p, nil)
	s.counted(-1)
	return nil
}

func (s *sessions) counted(by int) {
	s.mu.Lock()
	s.count += by
	n := s.count
	s.mu.Unlock()
	s.metrics.sessions(n)
}

// enter finds the place of a session, and holds it in memory.
func (s *sessions) enter(id string) *place {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.byID[id]
	if p == nil {
		p = &place{id: id, turn: make(chan struct{}, 1)}
		p.element = s.recent.PushFront(p)
		s.byID[id] = p
	}
	p.users++
	s.recent.MoveToFront(p.element)
	return p
}

// leave lets go of a place, and makes room.
func (s *sessions) leave(p *place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.users--; p.users == 0 && p.now == nil {
		s.forget(p)
	}
	if s.store == nil {
		return
	}
	for e := s.recent.Back(); e != nil && s.bytes > s.options.Memory; {
		at := e
		e = e.Prev()
		if old := at.Value.(*place); old.users == 0 {
			s.forget(old)
		}
	}
}

// forget drops a place from memory.
func (s *sessions) forget(p *place) {
	if p.now != nil {
		s.bytes -= p.now.cost()
	}
	s.recent.Remove(p.element)
	delete(s.byID, p.id)
}

// fetch reads a session from the file if it is not in memory. The caller has the place's turn.
func (s *sessions) fetch(p *place) error {
	if p.now != nil || s.store == nil {
		return nil
	}
	data, err := s.store.get(p.id)
	if err != nil || data == nil {
		return err
	}
	now, err := sessionOf(data)
	if err != nil {
		return errors.Wrapf(err, "serve: session %q in the file", p.id)
	}
	s.mu.Lock()
	p.now = now
	s.bytes += now.cost()
	s.mu.Unlock()
	return nil
}

// keep has a session take its place, in the file first: after an error the one before is still there. Without another one only
// the time of its use is new.
func (s *sessions) keep(p *place, next *session) error {
	if next == nil {
		if s.store != nil {
			return s.store.put(&change{id: p.id, touch: true})
		}
		return nil
	}
	if s.store != nil {
		data, err := next.bytes()
		if err != nil {
			return err
		}
		if err := s.store.put(&change{id: p.id, data: data}); err != nil {
			return err
		}
	}
	s.replace(p, next)
	return nil
}

func (s *sessions) close() error {
	close(s.quit)
	<-s.ended
	if s.store == nil {
		return nil
	}
	return s.store.close()
}
