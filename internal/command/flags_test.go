package command

import (
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// Every field that a configuration may complain of has a flag, by which the command complains.
func TestEveryFieldHasAFlag(t *testing.T) {
	flags := tuneCommand().Flags()                       // has those of train's configuration, too
	unset := map[string]bool{"Hash": true, "From": true} // found out, or of another flag
	var visit func(of reflect.Type, prefix string)
	visit = func(of reflect.Type, prefix string) {
		for i := range of.NumField() {
			f := of.Field(i)
			if f.Type.Kind() == reflect.Struct {
				visit(f.Type, f.Name+".")
			} else if !unset[f.Name] && flags.Lookup(flagOf(prefix+f.Name)) == nil {
				t.Errorf("%v.%s: no flag is called --%s", of, f.Name, flagOf(prefix+f.Name))
			}
		}
	}
	visit(reflect.TypeFor[models.Config](), "")
	for _, each := range tasks() {
		c := models.Defaults(each.kind())
		own := flagsOf(each, &c)
		for _, name := range append(append(networkSettings(each.kind()), runSettings...), each.data()) {
			if own.Lookup(name) == nil {
				t.Errorf("%v: no flag is called --%s", each.kind(), name)
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
