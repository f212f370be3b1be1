package datasets_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
)

// streamed encodes a text part by part, through a reader that gives little at a time.
func streamed(text string, t datasets.Tokenizer) (ids []int, parts int, err error) {
	err = datasets.EncodeStream(iotest.HalfReader(strings.NewReader(text)), t, func(part []int) error {
		ids, parts = append(ids, part...), parts+1
		return nil
	})
	return ids, parts, err
}

// mixed makes a text of what is hard to cut.
func mixed(r *rand.Rand, n int) string {
	pieces := []string{"word", " ", "  ", "\n", "\r\n", "\n\n", "\t", "\u00a0", "e\u0301", "\u0301", "👩‍🚀", "ệ", "don't", "3.14", " <mask> ", "<|endoftext|>",
		"new york", "new\nyork", " \u0600 ", "\u2028", "x\n", ".", "<mask>", "☕ ", "Tiếng", "'s", "\u200d"}
	var b strings.Builder
	for range n {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func TestStreamsGiveTheIDsOfTheWhole(t *testing.T) {
	defer datasets.SetPartSize(24)()
	r := rand.New(rand.NewPCG(3, 4))
	all := variants(t, filepath.Join("testdata", "bpe"))
	delete(all, "whole") // merges across blanks
	tokenizers := map[string]datasets.Tokenizer{}
	for name, b := range all {
		tokenizers[name] = b
	}
	cut := 0
	for trial := range 300 {
		text := "a" + mixed(r, 40)
		tokenizers["characters"], tokenizers["words"] = characters(t, text), words(t, text, 5)
		for name, tok := range tokenizers {
			want, err := tok.Encode(text)
			if err != nil {
				t.Fatal(err)
			}
			got, parts, err := streamed(text, tok)
			if err != nil {
				if !strings.Contains(err.Error(), "no place to cut") {
					t.Fatal(err)
				}
				continue
			}
			if !slices.Equal(got, want) {
				t.Fatalf("trial %d, %s: %+q in %d parts: %v, whole %v", trial, name, text, parts, got, want)
			}
			cut += parts - 1
		}
	}
	if cut < 5000 {
		t.Errorf("only %d cuts", cut)
	}
}

func TestStreamErrors(t *testing.T) {
	defer datasets.SetPartSize(16)()
	v := characters(t, "abc \n")
	for text, want := range map[string]string{
		"abc abc\nabc abc\nabc a\xffb\n":        "not UTF-8: byte 0xff at offset 21, line 3",
		"abc abc\nabc abc\nabc abc\nabc abc\nd": `character "d"`,
		strings.Repeat("a", 300):                "offset 0: no place to cut it into parts in 256 bytes",
	} {
		_, _, err := streamed(text, v)
		wantError(t, err, want)
	}
	_, _, err := streamed("abc abc\nabc abc\nabc abc\nabc d", v)
	wantError(t, err, "the text, counted from line 2: ")
	broken := errors.New("stop")
	if err := datasets.EncodeStream(strings.NewReader("abc"), v, func([]int) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	take := func([]int) error { return nil }
	wantError(t, datasets.EncodeStream(iotest.ErrReader(broken), v, take), "stop")
	wantError(t, datasets.EncodeStream(strings.NewReader("abc"), v, nil), "the function is nil")
	if ids, parts, err := streamed("", v); err != nil || len(ids) != 0 || parts != 0 {
		t.Error(ids, parts, err)
	}
	whole := variants(t, filepath.Join("testdata", "bpe"))["whole"]
	_, _, err = streamed(strings.Repeat("a b\n", 100), whole)
	wantError(t, err, "no place to cut")
}

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFileWindowsAreThoseOfMemory(t *testing.T) {
	defer datasets.SetPartSize(512)()
	c := kingJames(t)
	text := c.Text[:60000]
	small, err := datasets.BPETrainer{Size: 400}.Train(text)
	if err != nil {
		t.Fatal(err)
	}
	big := make([]string, 70000)
	for i := range big {
		big[i] = fmt.Sprint("t", i)
	}
	many, err := datasets.Labels(append(big, strings.Fields(strings.ToLower(regexp.MustCompile(`[a-zA-Z]+`).FindString(text)))...))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		tok  datasets.Tokenizer
		text string
	}{"1 byte": {characters(t, text), text}, "2 bytes": {small, text}, "4 bytes": {many, strings.Repeat("t5 t69999 t0\n", 900)}} {
		t.Run(name, func(t *testing.T) {
			path := writeFile(t, "text.txt", c.text)
			f, err := datasets.EncodeFile(path, path+".ids", c.tok)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			ids, _ := c.tok.Encode(c.text)
			all := make([]int, f.Len())
			if err := f.Read(all, 0); err != nil || !slices.Equal(ids, all) {
				t.Fatalf("%d ids, want %d: %v", len(all), len(ids), err)
			}
			train, validation, err := f.Split(0.9)
			if err != nil {
				t.Fatal(err)
			}
			first, rest, _ := datasets.Split(ids, 0.9)
			for part, ids := range map[*datasets.IDFile][]int{train: first, validation: rest} {
				memory, _ := datasets.NewWindows(ids, 7, 5)
				file, err := datasets.NewFileWindows(part, 7, 5)
				if err != nil || file.Len() != memory.Len() || part.Len() != len(ids) {
					t.Fatal(part.Len(), len(ids), err)
				}
				for memory.Next() {
					if !file.Next() || !slices.Equal(file.Inputs, memory.Inputs) || !slices.Equal(file.Targets, memory.Targets) {
						t.Fatal("another window", file.Err())
					}
				}
				if file.Next() || file.Err() != nil {
					t.Error("more windows", file.Err())
				}
			}
		})
	}
}

func TestIDFilesAreMadeAnewWhenNeeded(t *testing.T) {
	path := writeFile(t, "text.txt", "abc abc\n")
	ids := path + ".ids"
	v := characters(t, "abc \n")
	modified := func() time.Time {
		t.Helper()
		info, err := os.Stat(ids)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime()
	}
	open := func(v datasets.Tokenizer, want int) {
		t.Helper()
		f, err := datasets.EncodeFile(path, ids, v)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if f.Len() != want {
			t.Errorf("%d ids, want %d", f.Len(), want)
		}
	}
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	settle := func() {
		t.Helper()
		if err := os.Chtimes(ids, old, old); err != nil {
			t.Fatal(err)
		}
	}
	open(v, 8)
	settle()
	if open(v, 8); !modified().Equal(old) {
		t.Error("encoded again for nothing")
	}
	if open(characters(t, "abcd \n"), 8); modified().Equal(old) {
		t.Error("ids of another vocabulary")
	}
	settle()
	if err := os.WriteFile(path, []byte("abc\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if open(v, 4); modified().Equal(old) {
		t.Error("ids of another text")
	}
	if err := os.Truncate(ids, 20); err != nil {
		t.Fatal(err)
	}
	_, err := datasets.OpenIDs(ids)
	wantError(t, err, "no whole file of ids")
	_, err = datasets.EncodeFile(path, ids, v) // what it was, nobody can tell
	wantError(t, err, "it is not written over")
	if err := os.Remove(ids); err != nil {
		t.Fatal(err)
	}
	open(v, 4)

	if err := os.WriteFile(path, []byte("abcd"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = datasets.EncodeFile(path, ids, v)
	wantError(t, err, `"d"`)
	f, err := datasets.OpenIDs(ids) // the old file is whole
	if err != nil || f.Len() != 4 {
		t.Fatal(err)
	}
	wantError(t, f.Read(make([]int, 2), 3), "ids 3 to 5; the file has 4")
	w, err := datasets.NewFileWindows(f, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if w.Next() || w.Err() == nil {
		t.Error("a window of a closed file")
	}
	_, _, err = f.Split(1)
	wantError(t, err, "train fraction 1")
	_, err = datasets.EncodeFile("absent.txt", ids, v)
	wantError(t, err, "absent.txt")
}

// A text of 64 MB goes through in less memory than half of it, with Go's collector as it is.
func TestLargeTextsNeedLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 64 MB")
	}
	path := filepath.Join(t.TempDir(), "large.txt")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("In the beginning was the word, and the word was with you. ", 18) + "\n"
	for range 64 << 20 / len(line) {
		if _, err := out.WriteString(line); err != nil {
			t.Fatal(err)
		}
	}
	out.Close()
	v := words(t, line, 0)
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	highest := uint64(0)
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	total := 0
	err = datasets.EncodeStream(in, v, func(ids []int) error {
		total += len(ids)
		runtime.ReadMemStats(&now)
		highest = max(highest, now.HeapAlloc)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total < 12<<20 || highest > before.HeapAlloc+32<<20 {
		t.Errorf("%d ids; %d MB at most, %d before", total, highest>>20, before.HeapAlloc>>20)
	}
}

// FuzzPieces checks the scanner against the regular expression, whose look-ahead is done by hand.
func FuzzPieces(f *testing.F) {
	white := `\t\n\v\f\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`
	words := regexp.MustCompile(`^(?:'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^` + white + `\p{L}\p{N}]+)`)
	blanks := regexp.MustCompile(`^[` + white + `]+`)
	for _, s := range []string{"don't 'they''ll", "a  b \n\n c\u00a0", "½ x²", " \u3000x", "é'", "\u2028\u2029"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "")
		for len(s) > 0 {
			want := len(words.FindString(s))
			if want == 0 {
				run := blanks.FindString(s)
				want = len(run)
				if last := []rune(run); want < len(s) && len(last) > 1 {
					want -= len(string(last[len(last)-1]))
				}
			}
			if got := datasets.NextPiece(s); got != want {
				t.Fatalf("%+q begins with %+q, want %+q", s, s[:got], s[:want])
			}
			s = s[want:]
		}
	})
}

// FuzzMerges checks the fast ways of merging against each other, and that bytes come back.
func FuzzMerges(f *testing.F) {
	b := loadBPE(f, filepath.Join("testdata", "bpe", "tokenizer.json"))
	for _, s := range []string{"the the", strings.Repeat("aaab", 60), "beginning", "Tiếng Việt"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 5000 {
			return
		}
		x, y := datasets.MergeBothWays(b, s)
		if !slices.Equal(x, y) {
			t.Fatalf("%q: %v and %v", s, x, y)
		}
		ids := make([]int, len(x))
		for i, id := range x {
			ids[i] = int(id)
		}
		if back, err := b.DecodeBytes(ids); err != nil || string(back) != s {
			t.Fatalf("%q came back as %q, %v", s, back, err)
		}
	})
}
