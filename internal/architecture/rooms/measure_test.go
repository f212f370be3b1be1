package main

import (
	"slices"
	"testing"
)

func TestOrder(t *testing.T) {
	u := uses{}
	for _, a := range []arrow{{"loop", "batch"}, {"batch", "shape"}, {"loop", "shape"}, {"shape", "errors"}} {
		u[a] = []string{"x"}
	}
	if got, want := u.order(), []string{"loop", "batch", "shape", "errors"}; !slices.Equal(got, want) {
		t.Errorf("order %v; want %v", got, want)
	}
	if back := u.backUp(); len(back) != 0 {
		t.Errorf("%v run back up in a tree", back)
	}
	u[arrow{"errors", "loop"}] = []string{"y"} // closes a circle: one arrow has to run back up
	if back := u.backUp(); len(back) != 1 {
		t.Errorf("%v run back up; want one arrow", back)
	}
	if u.count() != 5 {
		t.Errorf("%d arrows", u.count())
	}
}

// The package measures itself.
func TestMeasure(t *testing.T) {
	packages, err := load([]string{"."})
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) != 1 || packages[0].name() != "internal/architecture/rooms" {
		t.Fatalf("found %v", packages)
	}
	r, err := measure(packages[0])
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(r.uses[arrow{"main.go", "load.go"}], "load") || r.uses[arrow{"load.go", "main.go"}] != nil {
		t.Errorf("uses %v", r.uses)
	}
	if r.exported != 0 || r.longest < 20 || r.lines < 100 {
		t.Errorf("%+v", r)
	}
}
