package datasets_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"golang.org/x/text/unicode/norm"
)

func TestReadNormalises(t *testing.T) {
	for text, want := range map[string]string{
		"plain\n":                             "plain\n",
		"\ufeffa\r\nb\r\n":                    "a\nb\n",
		"\ufeff\ufeffa":                       "a",
		"a\ufeffb":                            "a\ufeffb", // inside, it is a character like others
		"a\r\r\nb":                            "a\nb",
		"a\rb\n\rc\r":                         "a\rb\n\rc\r",
		"Truye\u0323\u0302n Kie\u0302\u0300u": "Truyện Kiều",
		"Truye\u0302\u0323n":                  "Truyện", // the marks in the other order
		"\u0301":                              "\u0301",
		" ":                                   " ",
	} {
		c, err := datasets.Read(iotest.OneByteReader(strings.NewReader(text)), "x")
		if err != nil || c.Text != want || c.Name != "x" {
			t.Errorf("%+q became %+q, %v; want %+q", text, c.Text, err, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "x is empty",
		"\ufeff":              "x is empty",
		"\xff":                "x is not UTF-8: byte 0xff at offset 0, line 1",
		"ab\ncd\xff":          "x is not UTF-8: byte 0xff at offset 5, line 2",
		"\ufeffé\r\nb\x80":    "x is not UTF-8: byte 0x80 at offset 8, line 2", // as in the file, before normalising
		"Ki\xe1\xbb":          "x is not UTF-8: byte 0xe1 at offset 2, line 1", // cut off in the middle of a letter
		"\xed\xa0\x80":        "x is not UTF-8: byte 0xed at offset 0",         // a surrogate
		"\ufffd\xc0\xaf":      "x is not UTF-8: byte 0xc0 at offset 3",         // an overlong form, after a valid U+FFFD
		"\xff\xfeh\x00i\x00":  "(the text looks like UTF-16)",
		"caf\xe9 in Latin-1.": "x is not UTF-8: byte 0xe9 at offset 3",
	} {
		c, err := datasets.Read(strings.NewReader(text), "x")
		wantError(t, err, want)
		if c != (datasets.Corpus{}) {
			t.Errorf("%q: an error, and %+v", text, c)
		}
	}
	_, err := datasets.Read(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(errors.New("cable cut"))), "x")
	wantError(t, err, "read x: cable cut")
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "poem.txt")
	if err := os.WriteFile(path, []byte("\ufeffTrăm năm\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := datasets.ReadFile(path)
	if want := (datasets.Corpus{Name: path, Text: "Trăm năm\n", Source: path}); err != nil || c != want {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = datasets.ReadFile(filepath.Join(dir, "absent"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	wantError(t, err, "absent")
	_, err = datasets.ReadFile(dir)
	wantError(t, err, dir)
}

// A million letters in one word, and a million \r before a \n: were the cost quadratic in either, this would run for
// longer than go test allows.
func TestHugeLine(t *testing.T) {
	const n = 1 << 20
	c, err := datasets.Read(strings.NewReader(strings.Repeat("ệ", n)+strings.Repeat("\r", n)+"\n"), "x")
	if err != nil {
		t.Fatal(err)
	}
	v := characters(t, c.Text)
	if ids := encode(t, v, c.Text); v.Len() != 2 || len(ids) != n+1 {
		t.Errorf("%d distinct, %d characters", v.Len(), len(ids))
	}
	if ids := encode(t, words(t, c.Text, 0), c.Text); len(ids) != 2 {
		t.Errorf("%d words; want one and the end of its line", len(ids))
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "\ufeff", "a\r\r\nb\r", "e\u0323\u0302", "ab\ncd\xff", "\xff\xfea\x00", "\u1100\u1161\u11a8",
		"a" + strings.Repeat("\u0301", 70), "\u0344\u0958\u2126", "\xed\xa0\x80"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := datasets.Read(strings.NewReader(string(raw)), "x")
		if err != nil {
			if utf8.Valid(raw) && strings.Trim(string(raw), "\ufeff") != "" {
				t.Fatalf("%q was refused: %v", raw, err)
			}
			return
		}
		if !utf8.Valid(raw) || c.Text == "" {
			t.Fatalf("%q was accepted as %q", raw, c.Text)
		}
		if strings.Contains(c.Text, "\r\n") || strings.HasPrefix(c.Text, "\ufeff") || !norm.NFC.IsNormalString(c.Text) {
			t.Fatalf("%q became %+q", raw, c.Text)
		}
		if again := datasets.Normalize(c.Text); again != c.Text {
			t.Fatalf("%+q, normalised again, is %+q", c.Text, again)
		}
	})
}
