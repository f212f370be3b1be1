package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

// Tensors lists the store's values under prefix+name, ready for WriteSafetensors. The tensors are not copied; see
// Param.Value.
func (p *Params) Tensors(prefix string) []Named {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := p.tensors(prefix)
	for _, q := range p.list {
		q.lent.Store(true)
	}
	return out
}

// tensors is Tensors for those that only read them. The caller holds the lock.
func (p *Params) tensors(prefix string) []Named {
	out := make([]Named, len(p.list))
	for i, q := range p.list {
		out[i] = Named{prefix + q.name, q.numbers()}
	}
	return out
}

// Save writes the store's values to path as safetensors, atomically, with the given metadata (nil for none).
// PyTorch's safetensors.torch.load_file reads it as a state_dict.
func (p *Params) Save(path string, metadata map[string]string) error {
	if err := p.made(); err != nil {
		return err
	}
	p.numbers.RLock()
	defer p.numbers.RUnlock()
	p.mu.RLock()
	list := p.tensors("")
	p.mu.RUnlock()
	return WriteSafetensors(path, list, metadata)
}

// Load reads a file that Save, or another framework, wrote. Values of parameters that exist are replaced, others are
// added, as SetAll does it: after an error nothing has changed, and runs may go on meanwhile. It returns the file's
// metadata. Passed over is what nothing is computed from: tensors without elements, the counts that PyTorch's batch
// normalisation keeps, num_batches_tracked, and in a checkpoint the state of the training, whose names begin with train/.
//
// A parameter that the file lacks is drawn anew when a function first asks for it. Call Seal after Load if that is to be an
// error.
func (p *Params) Load(path string) (map[string]string, error) {
	if err := p.made(); err != nil {
		return nil, err
	}
	tensors, metadata, err := ReadSafetensors(path)
	if err != nil {
		return nil, err
	}
	tensors = slices.DeleteFunc(tensors, func(t Named) bool {
		return dense.Empty(t.Value) || strings.HasPrefix(t.Name, weights.TrainingPrefix) ||
			t.Value.Dtype() == tensor.Int && strings.HasSuffix(t.Name, "num_batches_tracked")
	})
	if err := p.setAll(tensors); err != nil {
		return nil, errors.Wrapf(err, "load %s", path)
	}
	return metadata, nil
}

// String summarises the store: one line a parameter with its shape and size.
func (p *Params) String() string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	width, total := 0, 0
	for _, q := range p.list {
		width = max(width, len(q.name))
	}
	var out strings.Builder
	for _, q := range p.list {
		total += q.Len()
		fmt.Fprintf(&out, "%-*s  %-16s %10d\n", width, q.name, fmt.Sprint(q.Shape()), q.Len())
	}
	return out.String() + fmt.Sprintf("%-*s  %-16s %10d", width, "total", "", total)
}
