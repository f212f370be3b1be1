package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
)

func TestReadPairs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pairs.txt")
	if err := os.WriteFile(path, []byte("Run!\tChạy!\tCC-BY\nHello!\tChào bạn.\tCC-BY\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := readPairs(path)
	if want := (catalog.Pairs{Source: []string{"Run!", "Hello!"}, Target: []string{"Chạy!", "Chào bạn."}}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := readPairs("no such file"); err == nil || !strings.Contains(err.Error(), "manythings.org") {
		t.Errorf("error %v, want one that says where to find a file", err)
	}
}

func TestWrite(t *testing.T) {
	for want, w := range map[string][]string{
		"Đây là tom's, phải không?": {"đây", "là", "tom", "'s", ",", datasets.Unknown, "phải", "không", "?"},
		"":                          {datasets.Unknown},
	} {
		if got := write(w); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestSplit: a sentence has all its translations, written in any case, and is in one part, the same for one seed.
func TestSplit(t *testing.T) {
	var p catalog.Pairs
	for i := range 100 {
		s := strings.Repeat("a ", i%50) + "b" // every source twice
		if i >= 50 {
			s = strings.ToUpper(s)
		}
		p.Source, p.Target = append(p.Source, s), append(p.Target, strings.Repeat("c ", i+1))
	}
	all := group(p)
	train, check, test := split(all, 1)
	if len(all) != 50 || len(train) != 43 || len(check) != 2 || len(test) != 5 {
		t.Fatalf("%d sentences in parts of %d, %d and %d; want 50 in 43, 2 and 5", len(all), len(train), len(check), len(test))
	}
	seen := map[string]bool{}
	for _, s := range append(append(append([]*sentence{}, train...), check...), test...) {
		if key := strings.Join(s.tokens, " "); seen[key] || len(s.translations) != 2 {
			t.Errorf("%q twice, or with %d translations; want once, with 2", key, len(s.translations))
		} else {
			seen[key] = true
		}
	}
	if _, _, again := split(group(p), 1); again[0].text != test[0].text || again[4].text != test[4].text {
		t.Error("another test part for the same seed")
	}
	if _, _, other := split(all, 2); reflect.DeepEqual(other, test) {
		t.Error("the same test part for another seed")
	}
	if sources, targets := pairs(test); len(sources) != 10 || len(targets) != 10 {
		t.Errorf("%d sources and %d targets, want 10", len(sources), len(targets))
	}
}
