package work

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseReadsEveryNameOfTheSuite(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range Suite() {
		got, err := Parse(w.String())
		if err != nil || got != w {
			t.Errorf("%v came back as %+v, %v", w, got, err)
		}
		if seen[w.String()] {
			t.Errorf("%v is there twice", w)
		}
		seen[w.String()] = true
	}
	for _, name := range []string{
		"Train/lstm/B32T50I128H128L1V65", "Train/rnn/B32T35I512H512L2V10000", "Train/gru/B20T35I650H650L2V10000",
		"Train/lstm/B64T35I1024H1024L2V10000", "Train/bilstm/B32T50I256H256L1V65", "Generate/lstm/B1T1I128H128L1V65",
		"Generate/gru/B1T1I512H512L1V10000", "Infer/lstm/B32T35I512H512L2V10000", "Ragged/lstm/B32T200I128H128L1V65",
		"Train/fifth/B32T50I128H128L1V65", "Train/lstm/B32T35I256H256L1V30000",
	} {
		if !seen[name] {
			t.Errorf("%s is not in the suite", name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, name := range []string{
		"", "lstm", "Train/lstm", "Train/lstm/B32T50", "Train/elman/B32T50I128H128L1V65", "train/lstm/B32T50I128H128L1V65",
		"Train/lstm/B0T50I128H128L1V65", "Train/lstm/B32T50I128H128L1V65x", "Train/lstm/B99999999999999999999T1I1H1L1V1",
		"Generate/lstm/B2T1I8H8L1V9", "Generate/lstm/B1T5I8H8L1V9", "Generate/bilstm/B1T1I8H8L1V9", "Train/bififth/B2T2I8H8L1V9",
	} {
		if w, err := Parse(name); err == nil {
			t.Errorf("%q was read as %+v", name, w)
		}
	}
}

func TestFLOPs(t *testing.T) {
	for _, c := range []struct {
		name string
		want float64
	}{
		{"Train/rnn/B2T3I5H7L1V11", 3 * 2 * 6 * (7*12 + 77)},
		{"Train/lstm/B2T3I5H7L2V11", 3 * 2 * 6 * (4*7*12 + 4*7*14 + 77)},
		{"Train/bigru/B2T3I5H7L2V11", 3 * 2 * 6 * (6*7*12 + 6*7*21 + 14*11)},
		{"Generate/gru/B1T1I5H7L1V11", 2 * (3*7*12 + 77)},
		{"Infer/lstm/B2T3I5H7L1V11", 2 * 6 * (4*7*12 + 77)},
		{"Train/fifth/B2T3I5H7L1V11", 3 * 2 * 6 * (5*7*12 + 77)},
		{"Ragged/rnn/B3T9I5H7L1V11", 3 * 2 * (5 + 7 + 9) * (7*12 + 77)},
	} {
		w, err := Parse(c.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.FLOPs(); got != c.want {
			t.Errorf("%s: %v operations, want %v", c.name, got, c.want)
		}
	}
}

func TestLengths(t *testing.T) {
	for _, c := range []struct {
		w    Work
		want []int
	}{
		{Work{Kind: Train, B: 3, T: 9}, []int{9, 9, 9}},
		{Work{Kind: Ragged, B: 3, T: 9}, []int{5, 7, 9}},
		{Work{Kind: Ragged, B: 2, T: 3}, []int{3, 3}},
		{Work{Kind: Ragged, B: 1, T: 9}, []int{9}},
	} {
		if got := c.w.Lengths(); !slices.Equal(got, c.want) {
			t.Errorf("%+v: lengths %v, want %v", c.w, got, c.want)
		}
	}
}

func TestMeasure(t *testing.T) {
	w := Suite()[0]
	calls := 0
	r, err := Measure(w, 0, 1.5, func() error {
		calls++
		if calls > settling {
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	})
	if err != nil || calls != settling+least || r.Steps != least || r.BaseMB != 1.5 {
		t.Errorf("%d calls, result %+v, %v", calls, r, err)
	}
	if r.Nanoseconds < 2e6 || r.TokensPerSecond > 500 {
		t.Errorf("a step of 2 ms took %v ns, %v tokens/s", r.Nanoseconds, r.TokensPerSecond)
	}
	broken := errors.New("broken")
	if _, err := Measure(w, 0, 0, func() error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a broken step gave %v", err)
	}
}

func TestPeakMB(t *testing.T) {
	status := "Name:\tcompare\nVmPeak:\t 1227520 kB\nVmHWM:\t    12500 kB\nVmRSS:\t    12000 kB\n"
	if got := peakMB(status); got != 12.8 {
		t.Errorf("%v MB, want 12.8", got)
	}
	for _, broken := range []string{"", "VmHWM:\tmany kB\n"} {
		if got := peakMB(broken); got != 0 {
			t.Errorf("%q gave %v MB, want 0", broken, got)
		}
	}
}

func TestFalls(t *testing.T) {
	zero := 0.0
	for _, last := range []float64{2, 3, zero / zero} {
		if Falls(2, last) == nil {
			t.Errorf("a loss from 2 to %v was taken for learning", last)
		}
	}
	if err := Falls(2, 1.5); err != nil {
		t.Error(err)
	}
}

func TestReportComesBack(t *testing.T) {
	want := Report{Library: "torch 2.15.0+cpu", Build: "AVX512, oneDNN 3.1", Results: []Result{
		{Work: Suite()[0], Threads: 2, Steps: 100, Nanoseconds: 12345, TokensPerSecond: 81004, PeakMB: 412.3, BaseMB: 230.1},
		{Work: Suite()[9], Threads: 1, Steps: 3, Nanoseconds: 2e9, TokensPerSecond: 800},
	}}
	var text strings.Builder
	if err := want.Write(&text); err != nil {
		t.Fatal(err)
	}
	got, err := ParseReport("a library talks\n" + text.String() + "PASS\n")
	if err != nil {
		t.Fatal(err)
	}
	if got.Library != want.Library || got.Build != want.Build || len(got.Results) != 2 ||
		got.Results[0] != want.Results[0] || got.Results[1] != want.Results[1] {
		t.Errorf("%+v came back as %+v", want, got)
	}
}

func TestParseReportRefuses(t *testing.T) {
	const head, name = "library: torch 1\n", "BenchmarkTrain/lstm/B1T1I1H1L1V1"
	for _, text := range []string{
		"", head, name + "-1 1 5 ns/op 1 tokens/s\n", head + name + " 1 5 ns/op 1 tokens/s\n", head + name + "-1 1 5 ns/op\n",
		head + name + "-0 1 1 tokens/s", head + name + "-1 0 1 tokens/s", head + name + "-1 1 fast tokens/s",
		head + name + "-1 1 1 tokens/s 5", head + name + "-1 1 -1 tokens/s", head + "BenchmarkTrain/x-1 1 1 tokens/s",
		head + name + "-1 1 NaN tokens/s",
	} {
		if r, err := ParseReport(text); err == nil {
			t.Errorf("%q was read as %+v", text, r)
		}
	}
}
