package main

import "testing"

func TestSpread(t *testing.T) {
	for _, c := range []struct {
		values        []float64
		want          spread
		number, ratio string
	}{
		{[]float64{3}, spread{3, 3, 3}, "3", "3.00"},
		{[]float64{1200, 1000, 1100}, spread{1000, 1100, 1200}, "1,100 ±9 %", "**1100** (1000 to 1200)"},
		{[]float64{4, 1, 3, 2}, spread{1, 2.5, 4}, "2 ±60 %", "**2.50** (1.00 to 4.00)"},
		{[]float64{0, 0}, spread{}, "0", "0.00"},
	} {
		got := over(c.values)
		if got != c.want || got.number() != c.number || got.ratio() != c.ratio {
			t.Errorf("%v: %v, %q, %q; want %v, %q, %q", c.values, got, got.number(), got.ratio(), c.want, c.number, c.ratio)
		}
	}
}

func TestOverLeavesItsArgumentAlone(t *testing.T) {
	v := []float64{2, 1}
	over(v)
	if v[0] != 2 {
		t.Error("the order of rounds was changed")
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 7.4: "7", 999: "999", 1000: "1,000", 123456: "123,456", 1234567.8: "1,234,568", -123456: "-123,456"} {
		if got := thousands(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0.126: "0.13", 9.5: "9.50", 12.34: "12.3", 123.4: "123"} {
		if got := significant(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
