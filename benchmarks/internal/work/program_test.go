package work

import (
	"errors"
	"strings"
	"testing"
)

// falling is a program whose loss is lower at every step.
func falling() Program {
	return Program{
		Module: "example.org/slow/steady",
		Build:  "BLAS",
		Lacks: func(w Work) string {
			if w.Generates() {
				return "no generation"
			}
			return ""
		},
		Start: func(Work) (func() (float64, error), error) {
			loss := 9.0
			return func() (float64, error) { loss--; return loss, nil }, nil
		},
	}
}

func TestProgramReports(t *testing.T) {
	var out strings.Builder
	if _, err := falling().run(&out, []string{"Train/lstm/B2T3I4H5L1V6"}, 1, 0); err != nil {
		t.Fatal(err)
	}
	r, err := ParseReport(out.String())
	if err != nil {
		t.Fatal(err)
	}
	if r.Library != "steady of unknown version" || !strings.HasSuffix(r.Build, ", BLAS") || r.Results[0].Steps != least {
		t.Errorf("reported %+v", r)
	}
}

func TestProgramRefuses(t *testing.T) {
	rising := falling()
	rising.Start = func(Work) (func() (float64, error), error) {
		loss := 0.0
		return func() (float64, error) { loss++; return loss, nil }, nil
	}
	broken := falling()
	broken.Start = func(Work) (func() (float64, error), error) { return nil, errors.New("no memory") }
	const train, generate = "Train/lstm/B2T3I4H5L1V6", "Generate/lstm/B1T1I4H5L1V6"
	for _, c := range []struct {
		program Program
		args    []string
		threads int
		status  int
		why     string
	}{
		{falling(), nil, 1, 2, "one name"},
		{falling(), []string{train, train}, 1, 2, "one name"},
		{falling(), []string{train}, 0, 2, "at least one thread"},
		{falling(), []string{"Train"}, 1, 2, "want a name like"},
		{falling(), []string{generate}, 1, Unsupported, "no generation"},
		{rising, []string{train}, 1, 1, "want it to fall"},
		{broken, []string{train}, 1, 1, "no memory"},
	} {
		var out strings.Builder
		status, err := c.program.run(&out, c.args, c.threads, 0)
		if err == nil || status != c.status || !strings.Contains(err.Error(), c.why) || out.Len() > 0 {
			t.Errorf("%q: status %d, %v, printed %q; want %d and %q", c.args, status, err, out.String(), c.status, c.why)
		}
	}
	if _, err := falling().run(&strings.Builder{}, []string{"Infer/lstm/B2T3I4H5L1V6"}, 1, 0); err != nil {
		t.Errorf("inference has no loss that could fall: %v", err)
	}
}
