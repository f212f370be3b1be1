package command

import (
	"strings"
	"testing"

	"github.com/unroll-go/unroll/recurrent/models"
)

// Every kind of model has a task of its own, with a flag for its data, a part of the help, and a description.
func TestTasks(t *testing.T) {
	list, flags := tasks(), map[string]bool{}
	for k := models.Kind(0); !strings.HasPrefix(k.String(), "Kind("); k++ {
		own := taskOf(list, k)
		if own == nil {
			t.Fatalf("there is no task for a %v", k)
		}
		c := models.Defaults(k)
		f := flagsOf(own, &c)
		if flags[own.data()] || f.Lookup(own.data()) == nil || !strings.Contains(own.help(), "--"+own.data()) {
			t.Errorf("%v: --%s, %q", k, own.data(), own.help())
		}
		flags[own.data()] = true
		if err := own.check(c); err != nil {
			t.Errorf("%v: its defaults: %v", k, err)
		}
		narrow(t, k.String(), own.help())
	}
	if len(flags) != len(list) {
		t.Errorf("%d tasks for %d kinds of model", len(list), len(flags))
	}
}
