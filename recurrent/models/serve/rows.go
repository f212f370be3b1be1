package serve

import (
	"sync"

	"github.com/unroll-go/unroll/recurrent/models"
)

// rowLanes reads rows as they come: streams over a model of sequences, each of which is lent to one request at a time.
type rowLanes struct {
	m     *models.SequenceModel
	first []byte // the memory before the first row

	mu   sync.Mutex
	free []*models.SequenceStream
}

// newRowLanes returns nil for a model that cannot read rows as they come.
func newRowLanes(m *models.SequenceModel) *rowLanes {
	s, err := m.Stream()
	if err != nil {
		return nil
	}
	first, err := s.MarshalBinary()
	if err != nil {
		return nil
	}
	return &rowLanes{m: m, first: first, free: []*models.SequenceStream{s}}
}

// with lends a stream that goes on from a memory, and returns what it remembers afterwards.
func (l *rowLanes) with(memory []byte, use func(s *models.SequenceStream) error) ([]byte, error) {
	s, err := l.take()
	if err != nil {
		return nil, err
	}
	defer func() {
		l.mu.Lock()
		l.free = append(l.free, s)
		l.mu.Unlock()
	}()
	if s.UnmarshalBinary(memory) != nil {
		return nil, bad("these bytes are no state of the model")
	}
	if err := use(s); err != nil {
		return nil, err
	}
	return s.MarshalBinary()
}

func (l *rowLanes) take() (*models.SequenceStream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return l.m.Stream()
	}
	s := l.free[n-1]
	l.free = l.free[:n-1]
	return s, nil
}
