package datasets_test

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// brokenSource fails, or panics, at batch 2.
type brokenSource struct {
	at   int
	boom bool
}

func (s *brokenSource) Len() int             { return 9 }
func (s *brokenSource) SetEpoch(int)         { s.at = 0 }
func (s *brokenSource) Seek(batch int) error { s.at = batch; return nil }
func (s *brokenSource) Err() error           { return errors.New("the disk is gone") }
func (s *brokenSource) Next() (*datasets.Batch, bool) {
	if s.at++; s.at <= 2 {
		return &datasets.Batch{Steps: s.at}, true
	}
	if s.boom {
		panic("boom")
	}
	return nil, false
}

func TestPrefetchTellsErrors(t *testing.T) {
	for want, boom := range map[string]bool{"the disk is gone": false, "boom": true} {
		p := datasets.NewPrefetch(context.Background(), &brokenSource{boom: boom}, 4)
		for i := range 2 {
			if b, ok := p.Next(); !ok || b.Steps != i+1 || p.Err() != nil {
				t.Fatal(b, ok, p.Err())
			}
		}
		for range 2 {
			if _, ok := p.Next(); ok {
				t.Fatal("a batch after an error")
			}
			wantError(t, p.Err(), want)
		}
		p.SetEpoch(1) // a new pass may go better
		if _, ok := p.Next(); !ok || p.Err() != nil {
			t.Error("no new pass", p.Err())
		}
		p.Close()
	}
}

func TestPrefetchStops(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(context.Background())
	var all []*datasets.Prefetch
	for range 10 {
		p := datasets.NewPrefetch(ctx, labelled(t, 100, datasets.Batching{Size: 1}), 2)
		if _, ok := p.Next(); !ok {
			t.Fatal("no batch")
		}
		all = append(all, p)
	}
	all[0].Close()
	if _, ok := all[0].Next(); ok || all[0].Err() != nil {
		t.Error("a batch of a closed Prefetch", all[0].Err())
	}
	wantError(t, all[0].Seek(0), "closed")
	all[0].Close()
	cancel()
	if _, ok := all[1].Next(); ok || !errors.Is(all[1].Err(), context.Canceled) {
		t.Error("a batch after the context's end", all[1].Err())
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) { // of a busy machine
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

// However many batches are to wait, room for them is not made before there are any.
func TestPrefetchFarAhead(t *testing.T) {
	for _, ahead := range []int{math.MinInt, -1, 0, math.MaxInt} {
		p := datasets.NewPrefetch(context.Background(), labelled(t, 100, datasets.Batching{Size: 1}), ahead)
		if n := len(pass(t, p)); n != 100 {
			t.Errorf("%d ahead: %d batches", ahead, n)
		}
		p.Close()
	}
}

// Batches are prepared while the network computes.
func ExamplePrefetch() {
	batches, _ := datasets.LabelledBatches([][]int{{1}, {2}, {3}}, []int{0, 1, 0}, datasets.Batching{Size: 1})
	p := datasets.NewPrefetch(context.Background(), batches, 2)
	defer p.Close()
	for b, ok := p.Next(); ok; b, ok = p.Next() {
		fmt.Println(b.Inputs, b.Labels)
	}
	fmt.Println(p.Err())
	// Output:
	// [1] [0]
	// [2] [1]
	// [3] [0]
	// <nil>
}
