package datasets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/datasets/catalog"
)

// sharedPath is a file of the measuring data that may lie beside the checkout; without it, the test is skipped.
func sharedPath(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("not there: ", name)
	}
	return path
}

// shared reads a file of the measuring data.
func shared(t *testing.T, name string) datasets.Corpus {
	t.Helper()
	c, err := datasets.ReadFile(sharedPath(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kingJames is the text that comes with the catalogue.
func kingJames(t testing.TB) datasets.Corpus {
	t.Helper()
	parts, err := catalog.KingJames.Load(t.Context(), catalog.Options{Validation: -1, Test: -1})
	if err != nil {
		t.Fatal(err)
	}
	return parts.Train
}

// wantError fails unless err has the text want.
func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("want an error with %q, got %v", want, err)
	}
}

func characters(t testing.TB, text string) *datasets.Vocabulary {
	t.Helper()
	v, err := datasets.Characters(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func words(t testing.TB, text string, limit int) *datasets.Vocabulary {
	t.Helper()
	v, err := datasets.Words(text, limit)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func encode(t testing.TB, v *datasets.Vocabulary, text string) []int {
	t.Helper()
	ids, err := v.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// tokens cuts a text as a vocabulary does, and checks that its pieces, joined, are what Decode gives.
func tokens(t testing.TB, v *datasets.Vocabulary, text string) []string {
	t.Helper()
	ids := encode(t, v, text)
	got := make([]string, len(ids))
	for i, id := range ids {
		s, err := v.Token(id)
		if err != nil {
			t.Fatal(err)
		}
		if back, ok := v.ID(s); !ok || back != id {
			t.Fatalf("token %d is %q, whose id is %d", id, s, back)
		}
		got[i] = s
	}
	if all, err := v.Decode(ids); err != nil || all != strings.Join(got, "") {
		t.Fatalf("decoded %q, %v; the tokens are %q", all, err, got)
	}
	return got
}
