package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// whole is the text in one piece.
var whole = Options{Validation: -1, Test: -1}

func TestKingJamesText(t *testing.T) {
	parts, err := KingJames.Load(t.Context(), whole)
	if err != nil {
		t.Fatal(err)
	}
	if parts.Validation.Text != "" || parts.Test.Text != "" {
		t.Error("parts that nobody wants")
	}
	c := parts.Train
	// The sum in kingjames/README.md.
	sum := sha256.Sum256([]byte(c.Text))
	if got := hex.EncodeToString(sum[:]); got != "82a24e4e23c644fe579ed387b20e54eb529cc0a87a25e0810064edb2216780c2" {
		t.Error("another text: ", got)
	}
	if c.Name == "" || c.Source == "" || c.Licence != "public domain" {
		t.Errorf("%q %q %q", c.Name, c.Source, c.Licence)
	}
	chapters := strings.Split(c.Text, "\n\n")
	verses := 0
	for _, chapter := range chapters {
		verses += strings.Count(strings.TrimRight(chapter, "\n"), "\n") + 1
	}
	if len(chapters) != 1189 || verses != 31102 {
		t.Errorf("%d chapters, %d verses; the King James text has 1189 and 31102", len(chapters), verses)
	}
	for _, known := range []string{
		"In the beginning God created the heaven and the earth.\n",
		"\nJesus wept.\n",
		"\nThe LORD is my shepherd; I shall not want.\n",
	} {
		if strings.Count(c.Text, known) != 1 {
			t.Errorf("not there once: %q", known)
		}
	}
	if !strings.HasSuffix(c.Text, "\nThe grace of our Lord Jesus Christ be with you all. Amen.\n") {
		t.Errorf("it ends with %q", c.Text[len(c.Text)-60:])
	}
	v, err := datasets.Characters(c.Text)
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := v.Encode(c.Text); err != nil || len(ids) != 4139038 || v.Len() != 63 {
		t.Errorf("%d characters, %d distinct, %v", len(ids), v.Len(), err)
	}
	if n := testing.AllocsPerRun(3, func() {
		if _, err := KingJames.Load(t.Context(), whole); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations: unpacked again", n)
	}
}
