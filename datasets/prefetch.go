package datasets

import (
	"context"
	"sync"

	"github.com/pkg/errors"
)

// Prefetch prepares the next batches of a source in a goroutine, while a step is computed. The batches and their order
// are the source's. NewPrefetch makes one. Close it, or end its context, when done; the source must not be used
// meanwhile.
type Prefetch struct {
	source BatchSource
	ahead  int
	ctx    context.Context
	batch  chan *Batch
	stop   context.CancelFunc
	done   sync.WaitGroup
	err    error // of the goroutine, to be read when batch is closed
	failed error // what Next met
	closed bool
}

// mostAhead bounds the batches that wait: more would only fill the memory.
const mostAhead = 1 << 12

var errNoSource = errors.New("datasets: a Prefetch without a source of batches; give NewPrefetch one")

// NewPrefetch prepares up to ahead batches of a source (at least 1, at most 4,096), beginning where it stands. Without a
// source it has no batches, and Err says so.
func NewPrefetch(ctx context.Context, source BatchSource, ahead int) *Prefetch {
	if absent(source) {
		return &Prefetch{}
	}
	if ctx == nil {
		ctx = context.Background()
	}
	p := &Prefetch{source: source, ahead: min(max(1, ahead), mostAhead), ctx: ctx}
	p.start()
	return p
}

// start runs the source to the end of its pass.
func (p *Prefetch) start() {
	ctx, stop := context.WithCancel(p.ctx)
	batch := make(chan *Batch, p.ahead)
	p.batch, p.stop, p.err, p.failed = batch, stop, nil, nil
	p.done.Go(func() {
		defer close(batch)
		defer func() { // a source of somebody else's
			if r := recover(); r != nil {
				p.err = errors.Errorf("datasets: preparing a batch: %v", r)
			}
		}()
		for ctx.Err() == nil {
			b, ok := p.source.Next()
			if !ok {
				p.err = p.source.Err()
				return
			}
			select {
			case batch <- b:
			case <-ctx.Done():
			}
		}
	})
}

// halt ends the goroutine and waits for it.
func (p *Prefetch) halt() {
	p.stop()
	p.done.Wait()
}

// Len is the number of batches in a pass.
func (p *Prefetch) Len() int {
	if p.source == nil {
		return 0
	}
	return p.source.Len()
}

// SetEpoch begins the pass of that number. It does nothing after Close.
func (p *Prefetch) SetEpoch(epoch int) {
	if p.closed || p.source == nil {
		return
	}
	p.halt()
	p.source.SetEpoch(epoch)
	p.start()
}

// Seek makes the next batch of this pass the one of that number, counted from 0.
func (p *Prefetch) Seek(batch int) error {
	if p.source == nil {
		return errNoSource
	}
	if p.closed {
		return errors.New("datasets: Seek of a closed Prefetch")
	}
	if batch < 0 || batch > p.source.Len() {
		return errors.Errorf("datasets: batch %d; there are %d", batch, p.source.Len())
	}
	p.halt()
	if err := p.source.Seek(batch); err != nil {
		p.failed = err
		return err
	}
	p.start()
	return nil
}

// Next returns the next batch. It returns false at the end of the pass, after Close, when the context has ended, and
// after an error.
func (p *Prefetch) Next() (*Batch, bool) {
	if p.closed || p.failed != nil || p.source == nil {
		return nil, false
	}
	if p.failed = p.ctx.Err(); p.failed != nil {
		return nil, false
	}
	b, ok := <-p.batch
	if !ok {
		if p.failed = p.err; p.failed == nil {
			p.failed = p.ctx.Err()
		}
	}
	return b, ok
}

// Err is what ended the pass early, if anything did: the source's error or the context's.
func (p *Prefetch) Err() error {
	if p.source == nil {
		return errNoSource
	}
	return p.failed
}

// Close stops preparing batches and returns when the goroutine has ended.
func (p *Prefetch) Close() {
	if p.source != nil {
		p.halt()
	}
	p.closed = true
}
