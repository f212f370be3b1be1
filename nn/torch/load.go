package torch

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/internal/dense"
	"gorgonia.org/tensor"
)

// Load reads a file's Weights into a store: parameters that exist are replaced, others are added, and after an error
// nothing has changed. Names are PyTorch's, which this library has too, but for these: module. and _orig_mod. before all
// names, from wrappers, are left out; parameters of single cells such as torch.nn.LSTMCell get the number of layer 0, and
// those of torch.nn.utils.parametrizations.weight_norm are weight_g and weight_v. As in graph.Params.Load, tensors without elements and the counts of batch normalisation,
// num_batches_tracked, are passed over: nothing is computed from them.
func Load(p *graph.Params, path string) (*File, error) {
	if p == nil {
		return nil, errors.Errorf("torch: load %s: the store of weights is nil", path)
	}
	f, err := Read(path)
	if err != nil {
		return nil, err
	}
	_, tensors := f.Weights()
	tensors = slices.DeleteFunc(tensors, func(t graph.Named) bool {
		return dense.Empty(t.Value) || t.Value.Dtype() == tensor.Int && strings.HasSuffix(t.Name, "num_batches_tracked")
	})
	return f, errors.Wrapf(p.SetAll(renamed(tensors)), "torch: load %s", path)
}
