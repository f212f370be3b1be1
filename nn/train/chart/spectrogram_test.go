package chart_test

import (
	"math"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/nn/train/chart"
)

// spoken is a sound of so many rows.
func spoken(rows int) chart.Sound {
	s := chart.Sound{Seconds: 0.01, Words: []chart.Spoken{{"seven", 0.1, 0.35}, {"<two>", 0.4, 0.6}}}
	for t := range rows {
		row := make([]float64, 40)
		for f := range row {
			row[f] = math.Sin(float64(t)/9) * math.Cos(float64(f)/5)
		}
		s.Values = append(s.Values, row)
	}
	return s
}

// A spectrogram has its words, axes and shades; of a long one, rows are drawn together, so that the file stays small.
func TestSpectrogram(t *testing.T) {
	short, err := chart.Spectrogram("call.wav", spoken(80)).SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"call.wav", ">seven<", ">&lt;two&gt;<", ">seconds<", ">band<"} {
		if !strings.Contains(string(short), want) {
			t.Errorf("the picture lacks %q", want)
		}
	}
	if n := strings.Count(string(short), "<path"); n < 1000 {
		t.Errorf("%d shapes; want some for every row", n)
	}
	long, err := chart.Spectrogram("hour.wav", spoken(20000)).SVG()
	if err != nil || strings.Count(string(long), "<path") > 40*1000+500 {
		t.Errorf("%d shapes, %v; want those of 1000 columns at most", strings.Count(string(long), "<path"), err)
	}
	if _, err := chart.Spectrogram("silence", chart.Sound{Values: [][]float64{{0}}, Seconds: 1}).PNG(); err != nil {
		t.Error(err)
	}
}

func TestSpectrogramRefuses(t *testing.T) {
	bad := func(change func(s *chart.Sound)) *chart.Picture {
		s := spoken(3)
		change(&s)
		return chart.Spectrogram("x", s)
	}
	for want, p := range map[string]*chart.Picture{
		"of 0 rows":                     bad(func(s *chart.Sound) { s.Values = nil }),
		"0 seconds each":                bad(func(s *chart.Sound) { s.Seconds = 0 }),
		"row 1 has 2 values":            bad(func(s *chart.Sound) { s.Values[1] = s.Values[1][:2] }),
		"row 2 has a value of NaN":      bad(func(s *chart.Sound) { s.Values[2][7] = math.NaN() }),
		`"seven" is said from 0.5 to`:   bad(func(s *chart.Sound) { s.Words[0].Start = 0.5 }),
		`"seven" is said from NaN to 0`: bad(func(s *chart.Sound) { s.Words[0].Start = math.NaN() }),
	} {
		if _, err := p.PNG(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}
