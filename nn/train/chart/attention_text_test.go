package chart

import (
	"math"
	"testing"
)

func TestAttentionText(t *testing.T) {
	got := AttentionText([][]float64{{1, 0}, {0.3, 0.7}}, []string{"Hi", "!"}, []string{"chào", "!"})
	want := "     Hi\n     │  !\nchào ██\n   ! ·· ▓▓\n"
	if got != want {
		t.Errorf("\n%swant\n%s", got, want)
	}
	got = AttentionText([][]float64{{math.NaN(), -1}, {math.Inf(1)}}, []string{"a", "b"}, []string{"x", "y", "zz"})
	if want := "   a\n   │  b\n x\n y ██\nzz\n"; got != want {
		t.Errorf("\n%swant\n%s", got, want)
	}
	if got := AttentionText(nil, nil, nil); got != "" {
		t.Errorf("%q", got)
	}
}
