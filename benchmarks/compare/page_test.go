package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The page and its pictures are what the recorded results give: go run ./benchmarks/compare -page writes them.
func TestPageIsWhatResultsGive(t *testing.T) {
	root := filepath.Join("..", "..")
	want, drawn, err := makePage(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, pagePath))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what benchmarks/results give; run go run ./benchmarks/compare -page", pagePath)
	}
	if len(drawn) < 2 {
		t.Errorf("%d pictures, want at least one for each machine", len(drawn))
	}
	there, err := filepath.Glob(filepath.Join(root, pictures, "benchmarks-*.svg"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range there {
		svg, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(svg, drawn[filepath.Base(path)]) {
			t.Errorf("%s is not what benchmarks/results give", path)
		}
	}
	if len(there) != len(drawn) {
		t.Errorf("%d pictures are there, %d are on the page", len(there), len(drawn))
	}
}

const wantSection = `
### Abacus

#### Abacus: 1 thread

![Speed of others, Unroll's being 1](images/benchmarks-abacus-1.svg)

| work | library | tokens a second | Unroll / library | peak MB |
| --- | --- | --: | --: | --: |
| Generate/gru/B1T1I8H8L1V9 | **Unroll** | 9,000 ±11 % | 0 % of the limit | 30 |
|  | torch 2 | 3,000 ±33 % | **3.00** (2.00 to 5.00) | 210 |
| Train/lstm/B32T50I128H128L1V65 | **Unroll** | 90,000 | 75 % of the limit | 50 |
|  | torch 2 | 52,500 ±14 % | **1.75** (1.50 to 2.00) | 250 |
|  | Gorgonia | 10,000 | 9.00 | - |

#### Abacus: 2 threads

![Speed of others, Unroll's being 1](images/benchmarks-abacus-2.svg)

| work | library | tokens a second | Unroll / library | peak MB |
| --- | --- | --: | --: | --: |
| Train/lstm/B32T50I128H128L1V65 | **Unroll** | 180,000 ±12 % |  | 50 |
|  | torch 2 | 90,000 | **2.00** (1.50 to 2.00) | 250 |

Not run, or not offered:
`

func TestSection(t *testing.T) {
	c := example(t)
	path := filepath.Join(t.TempDir(), "abacus.json")
	if err := keep(path, c.machine, c.record("compare")); err != nil {
		t.Fatal(err)
	}
	r, err := readRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	r.Runs[0].Command, r.Runs[0].Conditions = "", nil // TestMarkdown has them
	var out strings.Builder
	drawn := map[string][]byte{}
	if err := r.section(&out, "abacus", drawn); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(out.String(), "\n\n\n", "\n\n")
	if !strings.HasPrefix(got, wantSection) {
		t.Errorf("%s\nwant\n%s", got, wantSection)
	}
	if !strings.HasSuffix(got, "- gone: no such file\n") {
		t.Errorf("what was not run is missing in:\n%s", got)
	}
	if svg := drawn["benchmarks-abacus-1.svg"]; !bytes.Contains(svg, []byte("torch 2")) || !bytes.Contains(svg, []byte("1/10")) {
		t.Errorf("the picture lacks a library or the axis: %s", svg)
	}
}

// A run takes the place of those with the same numbers of threads, and leaves others.
func TestKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.json")
	for _, threads := range [][]int{{1}, {2}, {1, 2}, {4}, {4}} {
		if err := keep(path, machine{model: "Abacus"}, run{Threads: threads}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := readRecord(path)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]int
	for _, one := range r.Runs {
		got = append(got, one.Threads)
	}
	if r.Machine != "Abacus" || len(got) != 2 || !slices.Equal(got[0], []int{1, 2}) || !slices.Equal(got[1], []int{4}) {
		t.Errorf("%s has the runs %v, want [1 2] and [4]", r.Machine, got)
	}
}

func TestReadRecordRefuses(t *testing.T) {
	for text, why := range map[string]string{
		`{`: "unexpected end",
		`{"runs":[{"threads":[1],"results":[{"work":"Train","threads":1,"tokens_per_second":[1]}]}]}`:                     "want a name like",
		`{"runs":[{"threads":[1],"results":[{"work":"Infer/rnn/B1T1I1H1L1V1","threads":1}]}]}`:                            "want speeds above 0",
		`{"runs":[{"threads":[1],"results":[{"work":"Infer/rnn/B1T1I1H1L1V1","threads":1,"tokens_per_second":[0]}]}]}`:    "want speeds above 0",
		`{"runs":[{"threads":[1],"results":[{"work":"Infer/rnn/B1T1I1H1L1V1","threads":1,"tokens_per_second":[1,-1]}]}]}`: "want speeds above 0",
		`{"runs":[{"threads":[1],"results":[{"work":"Infer/rnn/B1T1I1H1L1V1","threads":2,"tokens_per_second":[1]}]}]}`:    "has 2 threads",
	} {
		path := filepath.Join(t.TempDir(), "m.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readRecord(path); err == nil || !strings.Contains(err.Error(), why) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s gave %v, want %q", text, err, why)
		}
	}
}

func TestQuoted(t *testing.T) {
	if got, want := quoted([]string{"-only", "a|b", "-rounds", "3"}), "-only 'a|b' -rounds 3"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
