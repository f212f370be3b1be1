package compile

import "testing"

// The list of passes keeps every order that has a reason, and every neighbour in it has one: a new pass says why it stands
// where it stands.
func TestOrderOfPasses(t *testing.T) {
	reasons := map[[2]Pass]string{}
	for _, o := range order {
		if o.first >= o.then {
			t.Errorf("%v comes after %v, although %s", o.first, o.then, o.why)
		}
		if o.why == "" {
			t.Errorf("why does %v come before %v?", o.first, o.then)
		}
		reasons[[2]Pass{o.first, o.then}] = o.why
	}
	for p := range Pass(count) {
		if p.String() == "" {
			t.Errorf("pass %d has no name", p)
		}
		reached := p == 0
		for first := range p {
			reached = reached || reasons[[2]Pass{first, p}] != ""
		}
		if !reached {
			t.Errorf("nothing says why %v comes where it comes", p)
		}
	}
}

func TestPassSets(t *testing.T) {
	for setting, want := range map[string]struct {
		runs, rests []Pass
		checks      bool
	}{
		"":                {runs: []Pass{Merge, Flatten, Batch, Hoist, Associate, Accumulate, Pack, Place, Fuse}, rests: []Pass{Freeze}},
		"none":            {rests: []Pass{Merge, Flatten, Batch, Hoist, Associate, Accumulate, Pack, Freeze, Place, Fuse}},
		"-fuse,-batch":    {runs: []Pass{Merge, Flatten, Hoist, Associate, Accumulate, Pack, Place}, rests: []Pass{Fuse, Batch, Freeze}},
		"check,-pack":     {runs: []Pass{Merge, Batch, Fuse}, rests: []Pass{Pack}, checks: true},
		"-merge,-flatten": {runs: []Pass{Batch}, rests: []Pass{Merge, Flatten}},
	} {
		t.Setenv("UNROLL_PASSES", setting)
		s, err := Chosen()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range want.runs {
			if !s.Has(p) {
				t.Errorf("%q: %v rests", setting, p)
			}
		}
		for _, p := range want.rests {
			if s.Has(p) {
				t.Errorf("%q: %v runs", setting, p)
			}
		}
		if (s&checked != 0) != want.checks {
			t.Errorf("%q: checked %v", setting, s&checked != 0)
		}
	}
	for _, setting := range []string{"fuse", "-fuss", "-", ",", "none,-fuse", "-check"} {
		t.Setenv("UNROLL_PASSES", setting)
		if _, err := Chosen(); err == nil {
			t.Errorf("%q was taken", setting)
		}
	}
}
