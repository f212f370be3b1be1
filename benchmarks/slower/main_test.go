package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Something is slower if its median grew and its times lie apart from those before.
func TestSlower(t *testing.T) {
	old, err := read(strings.NewReader(`goos: linux
BenchmarkTrain/lstm-2 100 1000 ns/op 5 tokens/s
BenchmarkTrain/lstm-2 100 1100 ns/op
BenchmarkTrain/lstm-2 100 1050 ns/op
BenchmarkNoise-2 	 100	 2000 ns/op
BenchmarkNoise-2 100 3000 ns/op
BenchmarkBetter-2 7 4000000 ns/op
BenchmarkGone-2 7 5 ns/op
BenchmarkRate-2 7 5 MB/s
PASS
`))
	if err != nil {
		t.Fatal(err)
	}
	now, err := read(strings.NewReader(`BenchmarkTrain/lstm-2 100 1200 ns/op
BenchmarkTrain/lstm-2 100 1300 ns/op
BenchmarkNoise-2 100 2900 ns/op
BenchmarkNoise-2 100 3300 ns/op
BenchmarkBetter-2 7 2000000 ns/op
BenchmarkNew-2 7 3 ns/op
`))
	if err != nil {
		t.Fatal(err)
	}
	changes, missing := compare(old, now, 0.05)
	var b strings.Builder
	slower := write(&b, changes, missing, true)
	want := `Noise-2                                      2.5 µs   3.1 µs  +24.0 %
Train/lstm-2                                1.05 µs  1.25 µs  +19.0 % slower
Better-2                                       4 ms     2 ms  -50.0 % faster
3 benchmarks: 1 slower, 1 faster, 1 as before
Some ran 1 times only: with -count 6 on a quiet machine, this says more.
no longer there: Gone-2
`
	if slower != 1 || b.String() != want {
		t.Errorf("%d slower:\n%s\nwant\n%s", slower, b.String(), want)
	}
	// A change below the share is none, however clear it is.
	a := results{map[string][]float64{"a": {100, 101}}, []string{"a"}}
	later := results{map[string][]float64{"a": {104, 105}}, []string{"a"}}
	if changes, _ := compare(a, later, 0.05); changes[0].verdict != "" {
		t.Errorf("%+v", changes)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(line) - 1; n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
