package main

import (
	"context"
	"io"
	"testing"
	"time"
)

func TestBusySeconds(t *testing.T) {
	//               user nice system idle iowait irq softirq steal guest guest_nice
	got, ok := busySeconds("cpu  1000 200 30 99999 888 4 5 600 77 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if want := 18.39; !ok || got < want-1e-9 || got > want+1e-9 {
		t.Errorf("%v s, %v; want %v", got, ok, want)
	}
	for _, s := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8 9", "cpu a b c d e f g h i"} {
		if got, ok := busySeconds(s); ok {
			t.Errorf("%q gave %v", s, got)
		}
	}
}

// TestQuiet lets others work during the first two windows.
func TestQuiet(t *testing.T) {
	readings, seconds := 0, 0.0
	m := meter(func() (float64, bool) {
		readings++
		if readings <= 4 {
			seconds += 2 * window.Seconds()
		}
		return seconds, true
	})
	if !m.quiet(context.Background(), time.Minute) || readings != 6 { // two in each of three windows
		t.Errorf("%d readings, want 6 and a quiet machine", readings)
	}
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	readings = 0
	m.quiet(ended, time.Minute)
	m.quiet(context.Background(), 0)
	if readings != 0 {
		t.Errorf("%d readings when there is no time to wait", readings)
	}
	unknown := meter(func() (float64, bool) { readings++; return 0, false })
	unknown.quiet(context.Background(), time.Minute)
	if readings != 1 {
		t.Errorf("%d readings where nothing is known, want 1", readings)
	}
}

// TestSettleGivesUp waits on a machine that never gets quiet.
func TestSettleGivesUp(t *testing.T) {
	seconds, readings := 0.0, 0
	c := &comparison{progress: io.Discard, idle: window, meter: func() (float64, bool) {
		readings++
		seconds += 2 * window.Seconds()
		return seconds, true
	}}
	for range 2 * patience {
		c.settle(context.Background())
	}
	if readings != 2*patience || !c.busy || !c.wasBusy() {
		t.Errorf("%d readings, busy %v; want %d for %d waits in vain, and none after them", readings, c.busy, 2*patience, patience)
	}
}

func TestOthers(t *testing.T) {
	readings := []float64{100, 100.75}
	m := meter(func() (float64, bool) {
		v := readings[0]
		readings = readings[1:]
		return v, true
	})
	start := time.Now()
	share := m.others(func() time.Duration { time.Sleep(250 * time.Millisecond); return 500 * time.Millisecond })
	if wall := time.Since(start).Seconds(); share > 1 || share*wall < 0.25 { // 0.25 s of others, in 0.25 s or a little more
		t.Errorf("others took %v of a processor in %v s, want 0.25 s", share, wall)
	}
	unknown := meter(func() (float64, bool) { return 0, false })
	if share := unknown.others(func() time.Duration { return 0 }); share != 0 {
		t.Errorf("others took %v where nothing is known", share)
	}
}
