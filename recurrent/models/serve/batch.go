package serve

import (
	"context"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/pkg/errors"
)

var errClosed = errors.New("the model is being replaced or the service is ending; try again")

// batcher computes items that come at the same time together. An item waits for others only while there are requests on their
// way: a client that is alone waits for nobody. A request that has many items hands them in by and by, so that others have their
// turn between them.
type batcher[Q, A any] struct {
	size func(q Q) int // items of about one size are computed together; nil where all are alike
	run  func(items []Q) []result[A]
	most int
	wait time.Duration
	crew int // batches that are computed at a time
	load int // of the sizes of a batch in all, which bounds the memory that it takes; an item that is larger is alone

	mu      sync.Mutex
	wake    *sync.Cond
	queue   []*waiting[Q, A]
	coming  int           // items of requests that have begun and are not answered
	running int           // batches that are being computed
	took    time.Duration // the last batch
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
	size  int
	taken bool // into a batch
	since time.Time
	gone  <-chan struct{} // closed when nobody wants the answer any more
	done  chan result[A]
}

func newBatcher[Q, A any](most int, wait time.Duration, workers int, size func(Q) int, run func([]Q) []result[A]) *batcher[Q, A] {
	b := &batcher[Q, A]{size: size, run: run, most: most, wait: wait, crew: workers, load: math.MaxInt, observe: func(int) {}}
	b.wake = sync.NewCond(&b.mu)
	b.workers.Add(workers)
	for range workers {
		go b.work()
	}
	return b
}

// each has items computed, and returns an answer or an error for each, in order.
func (b *batcher[Q, A]) each(ctx context.Context, items []Q) ([]result[A], error) {
	out := make([]result[A], 0, len(items))
	for part := range slices.Chunk(items, b.most*b.crew) {
		found, err := b.some(ctx, part)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// some has a few items computed.
func (b *batcher[Q, A]) some(ctx context.Context, items []Q) ([]result[A], error) {
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
			list[i].size = b.size(q)
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
		begin := time.Now()
		found := b.compute(items)
		b.mu.Lock()
		b.running, b.took = b.running-1, time.Since(begin)
		b.mu.Unlock()
		for i, r := range found {
			batch[i].done <- r
		}
	}
}

// compute runs a batch. A fault of a model is an error of the items that met it: the service goes on.
func (b *batcher[Q, A]) compute(items []Q) (found []result[A]) {
	defer func() {
		if p := recover(); p != nil {
			found = make([]result[A], len(items))
			for i := range found {
				found[i].err = fault(p)
			}
		}
	}()
	return b.run(items)
}

// fault is a panic as an error.
func fault(p any) error { return errors.Errorf("serve: a fault: %v\n%s", p, debug.Stack()) }

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
		left := b.patience() - time.Since(b.queue[0].since)
		if b.closed || left <= 0 || len(b.queue) >= b.enough() {
			return b.take()
		}
		b.pause(left)
	}
}

// enough is how many items are not kept waiting for others: all that there are, or the share of one worker while others compute.
func (b *batcher[Q, A]) enough() int {
	share := b.coming
	if b.running > 0 {
		share = (b.coming + b.crew - 1) / b.crew
	}
	return min(b.most, share)
}

// patience is how long an item waits for others. While another batch is computed, most others are in it or have just been in it:
// they come soon after its end, and a batch of few rows would take the time of one of many.
func (b *batcher[Q, A]) patience() time.Duration {
	if b.running == 0 || b.wait < 0 {
		return b.wait
	}
	return max(b.wait, b.took/2)
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

// take removes a batch from the queue: the item that has waited longest, and those that are nearest to it in size, at most twice
// or half as large. All rows are computed at the length of the longest.
func (b *batcher[Q, A]) take() []*waiting[Q, A] {
	first := b.queue[0]
	near := make([]*waiting[Q, A], 0, len(b.queue))
	for _, w := range b.queue {
		if w.size <= 2*first.size && first.size <= 2*w.size {
			near = append(near, w)
		}
	}
	slices.SortStableFunc(near, func(v, w *waiting[Q, A]) int { return abs(v.size-first.size) - abs(w.size-first.size) })
	batch, left := near[:0], b.load
	for _, w := range near {
		if len(batch) == 0 || len(batch) < b.most && w.size <= left {
			batch, left = append(batch, w), left-w.size
		}
	}
	batch = batch[:worthwhile(len(batch))]
	for _, w := range batch {
		w.taken = true
	}
	b.queue = slices.DeleteFunc(b.queue, func(w *waiting[Q, A]) bool { return w.taken })
	b.running++
	return batch
}

func abs(n int) int { return max(n, -n) }

// close has the batcher finish what is in its queue and end.
func (b *batcher[Q, A]) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.wake.Broadcast()
	b.workers.Wait()
}

// fullSpeed is a number of rows whose products use all that a processor can do: sequences that are read at once, of which each step
// has a product, gain nothing in larger batches, which take more memory.
const fullSpeed = 16

// rowsFor is the number of rows with which n are computed. Each number is compiled for, so there are few.
func rowsFor(n int) int {
	rows := 1
	for rows < n {
		rows *= 4
	}
	return rows
}

// worthwhile is how many of n items to take: so many that no row is computed for nobody, unless that is a single one. The others
// are first in the next batch.
func worthwhile(n int) int {
	if rows := rowsFor(n); n > 4 && n < rows {
		return rows / 4
	}
	return n
}
