package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets"
)

// unpacked returns the text of a shipped set.
func unpacked(t testing.TB, packed []byte) string {
	t.Helper()
	r, err := gunzip(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// grouped writes a number as the documents do: 133,784.
func grouped(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Every shipped text is the one that its README tells of.
func TestShippedTexts(t *testing.T) {
	total := 0
	for _, set := range []struct {
		info   Info
		packed []byte
		heads  int // lines of headings
	}{
		{cmudictInfo, cmudictGzip, 0}, {namesInfo, namesGzip, 0}, {spamInfo, spamGzip, 0}, {digitsInfo, digitsGzip, 0},
		{co2Info, co2Gzip, 1}, {sunspotsInfo, sunspotsGzip, 1}, {weatherInfo, weatherGzip, 1},
	} {
		text := unpacked(t, set.packed)
		readme, err := os.ReadFile(filepath.Join(set.info.Name, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(text))
		if hash := hex.EncodeToString(sum[:]); !strings.Contains(string(readme), "the text, unpacked | `"+hash+"`") {
			t.Errorf("%s: the README has not the hash %s", set.info.Name, hash)
		}
		rows := strings.Count(text, "\n") - set.heads
		if rows != set.info.Rows || !strings.Contains(string(readme), " "+grouped(rows)+" lines") {
			t.Errorf("%s: %d lines; the description has %d", set.info.Name, rows, set.info.Rows)
		}
		if licence, err := os.ReadFile(filepath.Join(set.info.Name, "LICENCE")); err != nil || len(licence) < 50 {
			t.Errorf("%s: licence %q, %v", set.info.Name, licence, err)
		}
		if !set.info.Shipped || len(set.info.Files) != 0 {
			t.Errorf("%s is not called shipped", set.info.Name)
		}
		total += len(set.packed)
	}
	if total > 4<<20 {
		t.Errorf("the shipped sets have %d bytes", total)
	}
}

func TestNames(t *testing.T) {
	all, err := Names.Load(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantSizes(t, Names.Info, all.Train.Len(), all.Validation.Len(), all.Test.Len())
	if got := strings.Join(all.Train.Classes, " "); got != "Czech Dutch English French German Indonesian Italian Polish Romanian Spanish Turkish Vietnamese" {
		t.Errorf("classes %s", got)
	}
	counts := make([]int, 12)
	trained := map[string]bool{}
	for i, part := range []Labelled{all.Train, all.Validation, all.Test} {
		for row, text := range part.Texts {
			counts[part.Labels[row]]++
			if i == 0 {
				trained[text] = true
			} else if trained[text] {
				t.Fatalf("%q is trained on and tested", text)
			}
		}
	}
	if got := fmt.Sprint(counts); got != "[3505 1215 3609 1046 2802 981 3745 1099 916 846 2093 2514]" {
		t.Errorf("names by language: %s", got)
	}
}

func TestSpam(t *testing.T) {
	all, err := Spam.Load(t.Context(), Options{Validation: -1, Test: 0.25, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	wantSizes(t, Spam.Info, all.Train.Len(), all.Validation.Len(), all.Test.Len())
	if all.Validation.Len() != 0 || all.Test.Len() != 1472 {
		t.Errorf("%d to validate, %d to test", all.Validation.Len(), all.Test.Len())
	}
	spam := 0
	for _, part := range []Labelled{all.Train, all.Test} {
		for row, text := range part.Texts {
			spam += part.Labels[row]
			if n := len([]rune(text)); n > 1500 || strings.ContainsAny(text, "\n\t") {
				t.Fatalf("a mail of %d characters: %q", n, text)
			}
		}
	}
	if spam != 1780 {
		t.Errorf("%d spam", spam)
	}
}

func TestCMUdict(t *testing.T) {
	all, err := CMUdict.Load(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantSizes(t, CMUdict.Info, all.Train.Len(), all.Validation.Len(), all.Test.Len())
	symbols, sounds, trained := map[string]bool{}, map[string][]string{}, map[string]bool{}
	for i, part := range []Pairs{all.Train, all.Validation, all.Test} {
		for row, word := range part.Source {
			for s := range strings.FieldsSeq(part.Target[row]) {
				symbols[s] = true
			}
			sounds[word] = append(sounds[word], part.Target[row])
			if i == 0 {
				trained[word] = true
			} else if trained[word] {
				t.Fatalf("%s is trained on and tested", word)
			}
			if strings.ContainsAny(word, "\ufffd ()") && word != "(" {
				t.Errorf("the word %q", word)
			}
		}
	}
	if len(symbols) != 69 {
		t.Errorf("%d symbols", len(symbols))
	}
	for word, want := range map[string]string{
		"AARDVARK": "AA1 R D V AA2 R K", "DÉJÀ": "D EY2 JH AA1", "READ": "R EH1 D|R IY1 D",
	} {
		if got := strings.Join(sounds[word], "|"); got != want {
			t.Errorf("%s: %q; want %q", word, got, want)
		}
	}
}

func TestDigits(t *testing.T) {
	all, err := Digits.Load(t.Context(), Options{Validation: 0.1, Test: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	wantSizes(t, Digits.Info, all.Train.Len(), all.Validation.Len(), all.Test.Len())
	if all.Test.Len() != 359 {
		t.Errorf("%d to test", all.Test.Len())
	}
	counts := make([]int, 10)
	ink := 0.0
	for _, part := range []Images{all.Train, all.Validation, all.Test} {
		if part.Rows != 8 || part.Columns != 8 || len(part.Pixels) != 64*part.Len() {
			t.Fatalf("%d x %d, %d points of %d images", part.Rows, part.Columns, len(part.Pixels), part.Len())
		}
		for _, label := range part.Labels {
			counts[label]++
		}
		for _, p := range part.Pixels {
			if p < 0 || p > 1 {
				t.Fatalf("a grey of %g", p)
			}
			ink += float64(p) * 16
		}
	}
	// By the table of the UCI, and the sum of all points.
	if got := fmt.Sprint(counts); got != "[178 182 177 183 181 182 181 179 174 180]" {
		t.Errorf("digits by class: %s", got)
	}
	if ink != 561718 {
		t.Errorf("ink %g", ink)
	}
	one, err := Digits.Load(t.Context(), Options{Validation: -1, Test: -1})
	if err != nil {
		t.Fatal(err)
	}
	if one.Train.Len() != 1797 || one.Train.Pixel(3, 4, 5) != one.Train.Pixels[3*64+4*8+5] {
		t.Errorf("%d images", one.Train.Len())
	}
}

func wantSizes(t *testing.T, info Info, train, validation, test int) {
	t.Helper()
	if train+validation+test != info.Rows || train <= validation+test {
		t.Errorf("%s: %d, %d and %d rows; want %d together", info.Name, train, validation, test, info.Rows)
	}
}

func TestNature(t *testing.T) {
	for _, c := range []struct {
		set         SeriesSet
		first, last string
		columns     string
		missing     int
		classes     string
	}{
		{CO2, "1958-03-29", "2001-12-29", "[co2]", 59, ""},
		{Sunspots, "1700-01-01", "2008-01-01", "[SUNACTIVITY]", 0, ""},
		{Weather, "2012-01-01", "2015-12-31", "[precipitation temp_max temp_min wind]", 0, "[53 101 641 26 640]"},
	} {
		all, err := c.set.Load(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		wantSizes(t, c.set.Info, all.Train.Len(), all.Validation.Len(), all.Test.Len())
		first, last := all.Train.Times[0], all.Test.Times[all.Test.Len()-1]
		if first.Format("2006-01-02") != c.first || last.Format("2006-01-02") != c.last {
			t.Errorf("%s: from %s to %s", c.set.Name, first, last)
		}
		missing, classes := 0, make([]int, len(all.Train.Classes))
		for _, part := range []Series{all.Train, all.Validation, all.Test} {
			missing += part.Missing()
			if fmt.Sprint(part.Columns) != c.columns || len(part.Values) != part.Len()*len(part.Columns) {
				t.Errorf("%s: columns %s, %d values", c.set.Name, part.Columns, len(part.Values))
			}
			for _, label := range part.Labels {
				classes[label]++
			}
		}
		if missing != c.missing {
			t.Errorf("%s: %d missing", c.set.Name, missing)
		}
		if c.classes != "" && fmt.Sprint(classes) != c.classes {
			t.Errorf("%s: days by class: %d", c.set.Name, classes)
		}
		if !all.Validation.Times[0].After(all.Train.Times[all.Train.Len()-1]) || !all.Test.Times[0].After(all.Validation.Times[all.Validation.Len()-1]) {
			t.Errorf("%s: the parts are not one after the other", c.set.Name)
		}
	}
	weather, err := Weather.Load(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	highest, ok := weather.Train.Column("temp_max")
	if _, not := weather.Train.Column("rain"); !ok || not || highest[0] != 12.8 || highest[1] != 10.6 {
		t.Errorf("%v, %v", highest[:2], ok)
	}
}

func TestKingJames(t *testing.T) {
	all, err := KingJames.Load(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(all.Train.Text) + len(all.Validation.Text) + len(all.Test.Text); n != 4139038 {
		t.Errorf("%d characters", n)
	}
	for _, part := range []string{all.Train.Text, all.Validation.Text, all.Test.Text} {
		if !strings.HasSuffix(part, "\n") {
			t.Errorf("a part ends within a verse: %q", part[len(part)-40:])
		}
	}
	if n := len(all.Test.Text); n < 400_000 || n > 414_000 {
		t.Errorf("%d characters to test", n)
	}
}

// Series have even steps, as Series promises: weeks, years, days.
func TestShippedSeriesAreEven(t *testing.T) {
	for _, set := range []SeriesSet{CO2, Sunspots, Weather} {
		parts, err := set.Load(t.Context(), Options{Validation: -1, Test: -1})
		if err != nil {
			t.Fatal(err)
		}
		s := parts.Train
		all := datasets.Series{Values: s.Values, Features: len(s.Columns), Window: 1, Times: s.Times}.FillForward()
		if _, err := all.Batches(datasets.Batching{Size: 1}); err != nil {
			t.Errorf("%s: %v", set.Name, err)
		}
	}
}
