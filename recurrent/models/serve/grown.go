package serve

import (
	"context"

	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// reader reads and writes texts: lanes.
type reader interface {
	// run reads what a lane has to read, and returns when it has ended.
	run(ctx context.Context, l *lane) error
	close()
}

// grower is the reader of a model whose state grows, with attention that looks back at all of a text. Texts of many lengths are
// not rows of one batch, so each is read by itself, as many at a time as there are processors.
type grower struct {
	streams chan *pretrained.Stream // which have read nothing: texts are forks of them
	most    int                     // tokens of a text, which bound its state
	closed  chan struct{}
}

func newGrower(m *pretrained.Model, most int) (*grower, error) {
	g := &grower{streams: make(chan *pretrained.Stream, workers()), most: most, closed: make(chan struct{})}
	for range workers() {
		s, err := m.Stream()
		if err != nil {
			return nil, err
		}
		g.streams <- s
	}
	return g, nil
}

func (g *grower) run(ctx context.Context, l *lane) (err error) {
	select {
	case first := <-g.streams:
		defer func() { g.streams <- first }()
		defer func() {
			if p := recover(); p != nil { // a fault of the model: the service goes on
				err = fault(p)
			}
		}()
		s, err := first.Fork()
		if err != nil {
			return err
		}
		return g.read(ctx, s, l)
	case <-g.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read reads a lane to its end: the tokens after which nothing is told many at once, the others one by one.
func (g *grower) read(ctx context.Context, s *pretrained.Stream, l *lane) error {
	for len(l.feed) > 0 {
		select {
		case <-g.closed:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		n := min(max(l.quiet, 1), manyTokens[0])
		if s.Tokens()+n > g.most {
			return refused(413, "the text has more than %d tokens with what is written: attention looks back at all of them, "+
				"so that more are not kept", g.most)
		}
		logits, err := s.Read(l.feed[:n]...)
		if err != nil {
			return err
		}
		l.feed = l.feed[n:]
		if l.quiet > 0 {
			l.quiet -= n
		} else if err := l.tell(logits); err != nil {
			return err
		}
	}
	return nil
}

// close ends the texts that are being read, with an error.
func (g *grower) close() {
	close(g.closed)
	for range cap(g.streams) { // each comes back when its text has ended
		<-g.streams
	}
}
