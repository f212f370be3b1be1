package datasets_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

const vectorFolder = "testdata/wordvectors/"

// recordedVectors are what fastText's own program gives for the files beside, see record.py there.
type recordedVectors struct {
	Words             []string
	Skipgram          [][]float32
	Known, Supervised map[string][]float32
}

func readRecorded(t testing.TB) recordedVectors {
	t.Helper()
	var r recordedVectors
	readJSON(t, vectorFolder+"recorded.json", &r)
	return r
}

func keys(m map[string][]float32) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

func near(a, b []float32, tolerance float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > tolerance {
			return false
		}
	}
	return true
}

// Every format gives the vectors that were written.
func TestWordVectorsAsRecorded(t *testing.T) {
	r := readRecorded(t)
	for name, format := range map[string]string{"word2vec.txt": "word2vec text", "word2vec.bin": "word2vec binary", "glove.txt": "GloVe text",
		"skipgram.bin": "fastText binary", "supervised.bin": "fastText binary"} {
		want := r.Known
		if name == "supervised.bin" {
			want = r.Supervised
		}
		words := keys(want)
		v, err := datasets.ReadWordVectors(vectorFolder+name, words)
		if err != nil {
			t.Fatal(err)
		}
		if v.Format != format || v.Exact != len(words) || v.Found() != len(words) {
			t.Errorf("%s: %s, %d of %d words", name, v.Format, v.Found(), len(words))
		}
		for i, w := range words {
			if !near(v.Values[i], want[w], 1e-6) {
				t.Errorf("%s: %q is %v; want %v", name, w, v.Values[i], want[w])
			}
		}
	}
}

// Words that a model of fastText lacks get the vectors that its own program gives them.
func TestFastTextMakesVectorsOfParts(t *testing.T) {
	r := readRecorded(t)
	v, err := datasets.ReadWordVectors(vectorFolder+"skipgram.bin", r.Words)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range r.Words {
		if want := r.Skipgram[i]; !near(v.Values[i], want, 1e-6) && r.Known[strings.ToLower(w)] == nil && !near(want, make([]float32, 4), 0) {
			t.Errorf("%q is %v; want %v", w, v.Values[i], want)
		}
	}
	// "The" and "HUND" have the vectors of "the" and "hund"; the first of these is known.
	at := func(word string) []float32 {
		for i, w := range r.Words {
			if w == word {
				return v.Values[i]
			}
		}
		return nil
	}
	if !near(at("The"), r.Known["the"], 1e-6) || v.Lower != 1 || v.Parts == 0 {
		t.Errorf("The is %v; %d in small letters, %d of parts", at("The"), v.Lower, v.Parts)
	}
}

// Words are found as they are before they are found in small letters, wherever in the file; the first of two counts.
func TestWordVectorsOfLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.txt")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	const text = "the 1 2\nThe 3 4\r\nthe 9 9\nnew york 5 6 \n\n, 7 -8e-1"
	fmt.Fprint(z, text)
	z.Close()
	for _, data := range []string{text, "5 2\n" + text, zipped.String()} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := datasets.ReadWordVectors(path, []string{"The", "THE", "the", "new york", "York", ",", "the"})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(v.Values), "[[3 4] [1 2] [1 2] [5 6] [] [7 -0.8] [1 2]]"; got != want {
			t.Errorf("%s: %s; want %s", v.Format, got, want)
		}
		if v.Exact != 5 || v.Lower != 1 || v.Parts != 0 || v.Width != 2 {
			t.Errorf("%+v", v)
		}
	}
}

func TestWordVectorsRefuse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v")
	skipgram, err := os.ReadFile(vectorFolder + "skipgram.bin")
	if err != nil {
		t.Fatal(err)
	}
	change := func(at int, b ...byte) string {
		out := bytes.Clone(skipgram)
		copy(out[at:], b)
		return string(out)
	}
	for want, data := range map[string]string{
		"an empty file":                                  "",
		"a zip archive; unpack it":                       "PK\x03\x04 and so on",
		"no word vectors of GloVe, word2vec or fastText": "Call me Ishmael.\nSome years ago\n",
		"line 2: has 1 numbers; want a word and 2":       "a 1 2\n1 2\n",
		`line 2: has "x" as a number of the word "b"`:    "a 1 2\nb 1 x\n",
		`line 2: the word "b": number 2 is NaN`:          "a 1 2\nb 1 nan\n",
		`line 2: the word "b": number 1 is +Inf`:         "a 1 2\nb inf 2\n",
		"line 1 counts 3 words; the file has 2":          "3 2\na 1 2\nb 1 2\n",
		"line 1 counts 1 words; the file has 2":          "1 2\na 1 2\nb 1 2\n",
		"line 1 counts -1 words":                         "-1 2\na 1 2\n",
		"line 1: vectors of 0 numbers; want 1 to 65536":  "1 0\na\n",
		"line 1: vectors of 70000 numbers":               "1 70000\na 1\n",
		"the file ends early, at word 2 of 2":            "2 1\na \x00\x00\x00\x00\n",
		"line 1 counts 1 words, and more follow":         "1 1\na \x00\x00\x00\x00b \x00\x00\x00\x00",
		"is longer than 1048576 bytes":                   "a 1 2\n" + strings.Repeat("b", 1<<20),
		"the file ends early, in its settings":           string(skipgram[:30]),
		"the file ends early, at entry 1 of 15":          string(skipgram[:100]),
		"the file ends early, before its vectors":        string(skipgram[:len(skipgram)-15*4*4-8-8-1-112*4*4-16]),
		"the file ends early, at row":                    string(skipgram[:len(skipgram)-15*4*4-8-8-1-900]),
		"fastText's format 13; want 11 or 12":            change(4, 13),
		"vectors of 0 numbers":                           change(8, 0),
		"its matrix is 112 x 4; want":                    change(8, 5),
		"its settings make no sense":                     change(40, 0, 0, 0, 0),
		"its dictionary has 15 words; it says 14":        change(68, 14),
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := datasets.ReadWordVectors(path, []string{"a", "b", "catty", "the"})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "datasets: "+path) {
			t.Errorf("error %v (%+v); want one with %q", err, v, want)
		}
	}
	if _, err := datasets.ReadWordVectors(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("no file")
	}
}

// Damaged files are errors or other vectors, in bounded memory, and nothing else.
func TestDamagedWordVectors(t *testing.T) {
	words := readRecorded(t).Words
	rng := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "v")
	try := func(data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		bounded(t, len(data)+4*fixedBytes/bytesPerByte, func() { // the reader's buffer, twice with gzip
			v, err := datasets.ReadWordVectors(path, words)
			if err == nil && len(v.Values) != len(words) {
				t.Fatalf("%+v", v)
			}
		})
	}
	for _, name := range []string{"word2vec.txt", "word2vec.bin", "glove.txt", "skipgram.bin", "supervised.bin"} {
		whole, err := os.ReadFile(vectorFolder + name)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(whole); n += 1 + len(whole)/50 {
			try(whole[:n])
		}
		for range 100 {
			data := bytes.Clone(whole)
			for range 1 + rng.IntN(3) {
				data[rng.IntN(len(data))] = []byte{0, 0x7f, 0x80, 0xff, ' ', '\n', byte(rng.Uint32())}[rng.IntN(7)]
			}
			try(data)
		}
	}
}

func FuzzWordVectors(f *testing.F) {
	for _, name := range []string{"word2vec.txt", "word2vec.bin", "glove.txt", "skipgram.bin"} {
		data, err := os.ReadFile(vectorFolder + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "v")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := datasets.ReadWordVectors(path, []string{"the", "The", "catty"})
		if err != nil {
			return
		}
		for i, x := range v.Values {
			if x != nil && len(x) != v.Width {
				t.Errorf("vector %d has %d numbers of %d", i, len(x), v.Width)
			}
		}
		if _, err := json.Marshal(v.Found()); err != nil {
			t.Error(err)
		}
	})
}
