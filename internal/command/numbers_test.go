package command

import (
	"slices"
	"strings"
	"testing"
)

// What a flag of numbers says is what it takes.
func TestNumbers(t *testing.T) {
	for text, want := range map[string][]int{"": nil, "7": {7}, "2000, 10000": {2000, 10000}, "-1,0": {-1, 0}} {
		list, back := []int{1}, []int(nil)
		n := numbers{&list}
		if err := n.Set(text); err != nil || !slices.Equal(list, want) {
			t.Errorf("%q gives %v, error %v; want %v", text, list, err, want)
		}
		if err := (numbers{&back}).Set(n.String()); err != nil || !slices.Equal(back, want) {
			t.Errorf("%q comes back as %v, error %v", n, back, err)
		}
	}
	var list []int
	if err := (numbers{&list}).Set("2000,x"); err == nil || !strings.Contains(err.Error(), `"x" is no whole number`) {
		t.Errorf("error %v", err)
	}
}
