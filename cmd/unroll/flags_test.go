package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// Every field that a configuration may complain of has a flag, by which the command complains.
func TestEveryFieldHasAFlag(t *testing.T) {
	flags := trainCommand().Flags()
	unset := map[string]bool{"Hash": true, "InitFrom": true, "Missing": true, "Origin": true, "Table": true} // found out, or of other flags
	for _, of := range []reflect.Type{reflect.TypeFor[models.Config](), reflect.TypeFor[models.Origin](), reflect.TypeFor[models.Table]()} {
		for i := range of.NumField() {
			if name := of.Field(i).Name; !unset[name] && flags.Lookup(flagOf(name)) == nil {
				t.Errorf("%v.%s: no flag is called --%s", of, name, flagOf(name))
			}
		}
	}
	for _, list := range [][]string{networkSettings, classSettings, trainingSettings, resumeSettings} {
		for _, name := range list {
			if flags.Lookup(name) == nil {
				t.Errorf("no flag is called --%s", name)
			}
		}
	}
}

// What belongs to classifiers is refused for a language model.
func TestPoolingIsForClassifiers(t *testing.T) {
	dir := t.TempDir()
	status, _, errs := capture(t, t.Context(), small(writeText(t, dir), dir+"/x", "--pool", "mean")...)
	if want := `--pool "mean"; want none: a language model predicts at every step`; status != 2 || !strings.Contains(errs, want) {
		t.Errorf("status %d; want 2 and %s\n%s", status, want, errs)
	}
}
