package main

import (
	"math"
	"testing"
)

// Sensors are the same every time; about the share that is asked for is strange, of every kind; each is of the length it should be.
func TestSensors(t *testing.T) {
	p, again := newParts(6, 2000), newParts(6, 2000)
	count := map[int]map[int]int{}
	for i, list := range p.mixed {
		for k, r := range list {
			if r.Value != again.mixed[i][k].Value || math.IsNaN(r.Value) {
				t.Fatalf("%g, then %g", r.Value, again.mixed[i][k].Value)
			}
			if r.kind >= 0 {
				if count[r.kind] == nil {
					count[r.kind] = map[int]int{}
				}
				count[r.kind][r.event]++
			}
		}
	}
	for kind := range anomalies {
		if len(count[kind]) == 0 {
			t.Errorf("%s never comes", anomalies[kind])
		}
	}
	for i, list := range p.calm {
		for _, r := range list {
			if r.kind >= 0 {
				t.Fatalf("sensor %d is strange in what is calm", i)
			}
		}
	}
	if first, last := p.calm[0][0].Time, p.clean[0][len(p.clean[0])-1].Time; first.Sub(last).Hours() != 1 {
		t.Errorf("%v follows %v", first, last)
	}
}

// The simple method finds what differs from a day ago.
func TestSeasonal(t *testing.T) {
	list := inTime(newParts(1, 400).calm)
	list[150].Value *= 10
	s := seasonal(list)
	for i, v := range s {
		if i != 150 && v > s[150] {
			t.Errorf("hour %d has %g, the spike %g", i, v, s[150])
		}
	}
	seen, all := events([]reading{{kind: 1, event: 3}, {kind: 1, event: 3}, {kind: -1, event: 3}, {kind: 1, event: 4}}, []float64{0, 5, 9, 1}, 2,
		func(kind int) bool { return kind == 1 })
	if seen != 1 || all != 2 {
		t.Errorf("%d of %d", seen, all)
	}
}
