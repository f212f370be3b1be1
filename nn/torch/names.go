package torch

import (
	"strings"

	"github.com/unroll-go/unroll/graph"
)

// wrappers stand before every name of a model that was saved inside a wrapper: DataParallel, torch.compile.
var wrappers = []string{"module.", "_orig_mod."}

// endings are those of names that PyTorch and this library have for the same parameter. Single cells, such as
// torch.nn.LSTMCell, have no number of a layer; the newer weight normalisation, of torch.nn.utils.parametrizations, keeps
// the length and the direction as a parametrisation's originals.
var endings = map[string]string{
	"weight_ih": "weight_ih_l0", "weight_hh": "weight_hh_l0", "bias_ih": "bias_ih_l0", "bias_hh": "bias_hh_l0",
	"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v",
}

// renamed gives tensors the names that this library has for them.
func renamed(tensors []graph.Named) []graph.Named {
	out := make([]graph.Named, len(tensors))
	for i, t := range tensors {
		out[i] = graph.Named{Name: ours(t.Name), Value: t.Value}
	}
	for _, w := range wrappers {
		inside := len(out) > 0
		for _, t := range out {
			inside = inside && strings.HasPrefix(t.Name, w)
		}
		for i := range out {
			if inside {
				out[i].Name = strings.TrimPrefix(out[i].Name, w)
			}
		}
	}
	return out
}

func ours(name string) string {
	for theirs, own := range endings {
		if scope, ok := strings.CutSuffix(name, theirs); ok && (scope == "" || strings.HasSuffix(scope, ".")) {
			return scope + own
		}
	}
	return name
}
