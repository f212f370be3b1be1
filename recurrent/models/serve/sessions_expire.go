package serve

import (
	"slices"
	"sync"
	"time"
)

// sweep deletes sessions that were not used for long, now and then.
func (s *sessions) sweep() {
	defer close(s.ended)
	every := min(max(s.options.Expire/20, time.Second), time.Minute)
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-s.quit:
			return
		case <-tick.C:
			s.expire()
		}
	}
}

// expire deletes sessions that were not used for long.
func (s *sessions) expire() {
	if s.options.Expire < 0 {
		return
	}
	for ids := range slices.Chunk(s.stale(), 256) { // side by side, so that the file is written once for many
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() { s.expireOne(id) })
		}
		all.Wait()
	}
}

// expireOne deletes a session, unless it is being used or has just been.
func (s *sessions) expireOne(id string) {
	p := s.enter(id)
	defer s.leave(p)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	default:
		return
	}
	if s.shared(p) || s.fresh(p) {
		return
	}
	_ = s.drop(p) // what could not be deleted is tried again
}

// shared tells whether others hold the place, too: those who wait for the session, or who are streamed to.
func (s *sessions) shared(p *place) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return p.users > 1
}

// fresh tells whether a session was used not long ago. The caller has the place's turn.
func (s *sessions) fresh(p *place) bool {
	if s.store != nil {
		return s.store.since(p.id) <= s.options.Expire
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Since(p.used) <= s.options.Expire
}

// stale are sessions that were not used for long.
func (s *sessions) stale() []string {
	if s.store != nil {
		ids, _ := s.store.expired(s.options.Expire, 10000) // an error is met again by who uses the file
		return ids
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for e := s.recent.Back(); e != nil; e = e.Prev() {
		if p := e.Value.(*place); p.users == 0 && time.Since(p.used) > s.options.Expire {
			ids = append(ids, p.id)
		}
	}
	return ids
}
