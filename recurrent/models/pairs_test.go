package models

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadPairs(t *testing.T) {
	for _, c := range []struct {
		name, text, problem string
		sources, targets    []string
		lines               []int
	}{
		{name: "two columns", text: "Run!\tChạy!\nHello!\tChào bạn.\n", sources: []string{"Run!", "Hello!"}, targets: []string{"Chạy!", "Chào bạn."}, lines: []int{1, 2}},
		{name: "Tatoeba's third column", text: "\"Go.\"\tVa !\tCC-BY 2.0\n", sources: []string{`"Go."`}, targets: []string{"Va !"}, lines: []int{1}},
		{name: "a byte order mark, CRLF and empty lines", text: "\ufeffa\tb\r\n\r\nc\td\r\n", sources: []string{"a", "c"}, targets: []string{"b", "d"}, lines: []int{1, 3}},
		{name: "nothing", problem: "is empty"},
		{name: "no tab at all", text: "Run!\n", problem: `line 1 is "Run!"; want a source, a tab and its target`},
		{name: "no tab in one line", text: "Run!\tChạy!\nHello!\n", problem: "line 2"},
		{name: "no source", text: "Run!\tChạy!\n \tChào bạn.\n", problem: "line 2: its source is empty"},
		{name: "no target", text: "Run!\t\n", problem: "line 1: its target is empty"},
		{name: "binary", text: "\x00\xff\t\xfe\n", problem: "line 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := write(t, t.TempDir(), "pairs.txt", c.text)
			got, err := ReadPairs(path)
			switch {
			case c.problem != "":
				if err == nil || !strings.Contains(err.Error(), c.problem) || !strings.Contains(err.Error(), "pairs.txt") {
					t.Errorf("error %v, want one that names pairs.txt and %s", err, c.problem)
				}
			case err != nil:
				t.Error(err)
			case !slices.Equal(got.Sources, c.sources) || !slices.Equal(got.Targets, c.targets) || !slices.Equal(got.Lines, c.lines) || got.Name != path:
				t.Errorf("%+v", got)
			}
		})
	}
	if _, err := ReadPairs("no such file"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestReadParallel(t *testing.T) {
	dir := t.TempDir()
	a, b := write(t, dir, "a.en", "Run!\nHello!\n"), write(t, dir, "a.vi", "Chạy!\nChào bạn.")
	got, err := ReadParallel(a, b)
	if want := (Pairs{Sources: []string{"Run!", "Hello!"}, Targets: []string{"Chạy!", "Chào bạn."}, Name: a, Lines: []int{1, 2}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	short, gap := write(t, dir, "short", "Run!\n"), write(t, dir, "gap", "Run!\n\n")
	for _, c := range []struct{ source, target, want string }{
		{a, short, "short ends after 1 lines, and " + a + " goes on"},
		{short, b, "short ends after 1 lines, and " + b + " goes on"},
		{gap, b, "gap, line 2: its source is empty"},
		{a, gap, "line 2: its target is empty"},
		{a, filepath.Join(dir, "none"), "none"},
		{filepath.Join(dir, "none"), a, "none"},
		{a, write(t, dir, "binary", "\xff\n\xfe\n"), "binary"},
	} {
		if _, err := ReadParallel(c.source, c.target); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want %s", err, c.want)
		}
	}
}

// TestPairsSplit: a source has all its targets, written in any case, and is in one part, the same for one seed.
func TestPairsSplit(t *testing.T) {
	var p Pairs
	for i := range 100 {
		s := strings.Repeat("a ", i%50) + "b" // every source twice
		if i >= 50 {
			s = "  " + strings.ToUpper(s)
		}
		if err := p.Add(s, strings.Repeat("c ", i+1), i+1); err != nil {
			t.Fatal(err)
		}
	}
	fit, check, exam, err := p.Split(0.05, 0.1, 1)
	if err != nil || fit.Len() != 86 || check.Len() != 4 || exam.Len() != 10 || len(p.DistinctSources()) != 50 {
		t.Fatalf("parts of %d, %d and %d, %v; want 86, 4 and 10", fit.Len(), check.Len(), exam.Len(), err)
	}
	in := map[string]int{}
	for i, part := range []Pairs{fit, check, exam} {
		for j, s := range part.Sources {
			key := strings.ToLower(strings.TrimSpace(s))
			if before, ok := in[key]; ok && before != i {
				t.Errorf("%q is in parts %d and %d", key, before, i)
			}
			in[key] = i
			if n := part.Lines[j] - 1; p.Sources[n] != s || p.Targets[n] != part.Targets[j] {
				t.Errorf("line %d has another pair", n+1)
			}
		}
	}
	if _, _, again, _ := p.Split(0.05, 0.1, 1); !reflect.DeepEqual(exam, again) {
		t.Error("another test part for the same seed")
	}
	if _, _, other, _ := p.Split(0.05, 0.1, 2); reflect.DeepEqual(exam, other) {
		t.Error("the same test part for another seed")
	}
	if fit, check, exam, err := p.Split(0.001, 0, 1); err != nil || check.Len() != 2 || exam.Len() != 0 || fit.Len() != 98 {
		t.Errorf("%d, %d, %d, %v; want one source to stop by, and none to test", fit.Len(), check.Len(), exam.Len(), err)
	}
	for _, bad := range []func() error{
		func() error { _, _, _, err := p.Split(0.5, 0.5, 1); return err },
		func() error { _, _, _, err := p.Split(-0.1, 0, 1); return err },
		func() error { _, _, _, err := Pairs{Sources: []string{"a"}}.Split(0, 0, 1); return err },
		func() error {
			_, _, _, err := Pairs{Sources: []string{"a"}, Targets: []string{"b"}, Lines: []int{1, 2}}.Split(0, 0, 1)
			return err
		},
	} {
		if err := bad(); err == nil {
			t.Error("no error")
		}
	}
}

func TestPairsPickAndSwap(t *testing.T) {
	p := Pairs{Sources: []string{"a", "b"}, Targets: []string{"x", "y"}, Name: "f", Lines: []int{3, 5}}
	if got := p.Swapped().Pick([]int{1, -1, 7}); !reflect.DeepEqual(got, Pairs{Sources: []string{"y"}, Targets: []string{"b"}, Name: "f", Lines: []int{5}}) {
		t.Errorf("%+v", got)
	}
	if got := p.Place(1) + "; " + p.Place(2) + "; " + (Pairs{}).Place(0); got != "f, line 5; pair 2; pair 0" {
		t.Error(got)
	}
}
