package serve

import (
	"context"
	"math/bits"
	"sync"
	"time"

	"github.com/pkg/errors"
)

var errClosed = errors.New("the model is being replaced or the service is ending; try again")

// batcher computes items that come at the same time together. An item waits for others only while there are requests on their
// way: a client that is alone waits for nobody.
type batcher[Q, A any] struct {
	size func(q Q) int // items of about one size are computed together; nil for any
	run  func(items []Q) []result[A]
	most int
	wait time.Duration

	mu      sync.Mutex
	wake    *sync.Cond
	queue   []*waiting[Q, A]
	coming  int // items of requests that have begun and are not answered
	closed  bool
	workers sync.WaitGroup
	observe func(rows int)
}

// result is an answer or an error.
type result[A any] struct {
	value A
	err   error
}

// waiting is an item in the queue.
type waiting[Q, A any] struct {
	item  Q
	class int
	since time.Time
	gone  <-chan struct{} // closed when nobody wants the answer any more
	done  chan result[A]
}

func newBatcher[Q, A any](most int, wait time.Duration, workers int, size func(Q) int, run func([]Q) []result[A]) *batcher[Q, A] {
	b := &batcher[Q, A]{size: size, run: run, most: most, wait: wait, observe: func(int) {}}
	b.wake = sync.NewCond(&b.mu)
	b.workers.Add(workers)
	for range workers {
		go b.work()
	}
	return b
}

// each has items computed, and returns an answer or an error for each, in order.
func (b *batcher[Q, A]) each(ctx context.Context, items []Q) ([]result[A], error) {
	list := make([]*waiting[Q, A], len(items))
	now := time.Now()
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil, errClosed
	}
	for i, q := range items {
		list[i] = &waiting[Q, A]{item: q, since: now, gone: ctx.Done(), done: make(chan result[A], 1)}
		if b.size != nil {
			list[i].class = bits.Len(uint(b.size(q)))
		}
	}
	b.queue, b.coming = append(b.queue, list...), b.coming+len(items)
	b.mu.Unlock()
	b.wake.Broadcast()
	defer func() {
		b.mu.Lock()
		b.coming -= len(items)
		b.mu.Unlock()
	}()
	out := make([]result[A], len(items))
	for i, w := range list {
		select {
		case out[i] = <-w.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return out, nil
}

// work computes batches until the batcher is closed.
func (b *batcher[Q, A]) work() {
	defer b.workers.Done()
	for {
		batch := b.next()
		if batch == nil {
			return
		}
		items := make([]Q, len(batch))
		for i, w := range batch {
			items[i] = w.item
		}
		b.observe(len(items))
		for i, r := range b.run(items) {
			batch[i].done <- r
		}
	}
}

// next takes the item that has waited longest, and others of its size; nil once the batcher is closed and its queue empty.
func (b *batcher[Q, A]) next() []*waiting[Q, A] {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		b.forget()
		if len(b.queue) == 0 {
			if b.closed {
				return nil
			}
			b.wake.Wait()
			continue
		}
		left := b.wait - time.Since(b.queue[0].since)
		if b.closed || left <= 0 || len(b.queue) >= min(b.most, b.coming) {
			return b.take()
		}
		b.pause(left)
	}
}

// pause waits for other items, but not for long.
func (b *batcher[Q, A]) pause(d time.Duration) {
	t := time.AfterFunc(d, b.wake.Broadcast)
	b.wake.Wait()
	t.Stop()
}

// forget drops the items that nobody waits for any more.
func (b *batcher[Q, A]) forget() {
	kept := b.queue[:0]
	for _, w := range b.queue {
		select {
		case <-w.gone:
		default:
			kept = append(kept, w)
		}
	}
	clear(b.queue[len(kept):])
	b.queue = kept
}

// take removes a batch from the queue.
func (b *batcher[Q, A]) take() []*waiting[Q, A] {
	class := b.queue[0].class
	var batch []*waiting[Q, A]
	rest := b.queue[:0]
	for _, w := range b.queue {
		if len(batch) < b.most && w.class == class {
			batch = append(batch, w)
		} else {
			rest = append(rest, w)
		}
	}
	clear(b.queue[len(rest):])
	b.queue = rest
	return batch
}

// close has the batcher finish what is in its queue and end.
func (b *batcher[Q, A]) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.wake.Broadcast()
	b.workers.Wait()
}

// padded is the number of rows that a batch of n is computed with: a power of two, since each number of rows is compiled for.
func padded(n int) int { return 1 << bits.Len(uint(n-1)) }
