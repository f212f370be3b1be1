package command

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

// What the String of a value says, Set takes, and gives the same value.
func TestValuesMove(t *testing.T) {
	for _, c := range []struct {
		given []string
		want  []string
	}{
		{nil, nil}, {[]string{""}, []string{""}}, {[]string{"NA,?"}, []string{"", "NA", "?"}}, {[]string{"a", "b,c"}, []string{"", "a", "b", "c"}},
		{[]string{`"a,b",c`}, []string{"", "a,b", "c"}},
	} {
		var one, other []string
		for _, s := range c.given {
			if err := (words{&one, []string{""}}).Set(s); err != nil {
				t.Fatal(err)
			}
		}
		if c.given != nil {
			if err := (words{&other, []string{""}}).Set(words{&one, []string{""}}.String()); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(one, c.want) || !slices.Equal(other, c.want) {
			t.Errorf("%q: %q, moved %q; want %q", c.given, one, other, c.want)
		}
	}
	if err := (words{list: new([]string)}).Set(`"`); err == nil {
		t.Error("half a quotation")
	}
	var a, b string
	for _, s := range []string{auto, "yes"} {
		if err := (orElse{&a, auto}).Set(s); err != nil {
			t.Fatal(err)
		}
		if err := (orElse{&b, auto}).Set(orElse{&a, auto}.String()); err != nil || a != b || (orElse{&a, auto}).String() != s {
			t.Errorf("%q: %q %q %v", s, a, b, err)
		}
	}
	for _, v := range []pflag.Value{orElse{}, words{}, numbers{}} {
		if v.String() == "" && v.Type() == "" {
			t.Errorf("%T", v)
		}
	}
}
