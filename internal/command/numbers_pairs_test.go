package command

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// writeNumbers writes the numbers from 1 to 999 in English and in Vietnamese, as docs/sequence-to-sequence.md has them.
func writeNumbers(t *testing.T, path string) {
	t.Helper()
	var b strings.Builder
	for n := 1; n < 1000; n++ {
		fmt.Fprintf(&b, "%s\t%s\n", english(n), vietnamese(n))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func english(n int) string {
	small := strings.Fields("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen " +
		"seventeen eighteen nineteen")
	tens := strings.Fields("- - twenty thirty forty fifty sixty seventy eighty ninety")
	switch {
	case n < 20:
		return small[n]
	case n < 100 && n%10 == 0:
		return tens[n/10]
	case n < 100:
		return tens[n/10] + " " + small[n%10]
	case n%100 == 0:
		return small[n/100] + " hundred"
	}
	return small[n/100] + " hundred and " + english(n%100)
}

func vietnamese(n int) string {
	small := strings.Fields("không một hai ba bốn năm sáu bảy tám chín")
	one := func(n int) string { // behind a ten
		switch {
		case n%10 == 5:
			return " lăm"
		case n%10 == 1 && n > 20:
			return " mốt"
		case n%10 == 0:
			return ""
		}
		return " " + small[n%10]
	}
	switch {
	case n < 10:
		return small[n]
	case n < 20:
		return "mười" + one(n)
	case n < 100:
		return small[n/10] + " mươi" + one(n)
	case n%100 == 0:
		return small[n/100] + " trăm"
	case n%100 < 10:
		return small[n/100] + " trăm linh " + small[n%10]
	}
	return small[n/100] + " trăm " + vietnamese(n%100)
}

func TestWriteNumbers(t *testing.T) {
	for n, want := range map[int]string{
		5: "five\tnăm", 15: "fifteen\tmười lăm", 20: "twenty\thai mươi", 21: "twenty one\thai mươi mốt", 11: "eleven\tmười một",
		305: "three hundred and five\tba trăm linh năm", 110: "one hundred and ten\tmột trăm mười", 400: "four hundred\tbốn trăm",
		999: "nine hundred and ninety nine\tchín trăm chín mươi chín",
	} {
		if got := english(n) + "\t" + vietnamese(n); got != want {
			t.Errorf("%d is %q; want %q", n, got, want)
		}
	}
}
