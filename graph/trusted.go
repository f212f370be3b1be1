package graph

import (
	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

func init() {
	weights.Of = func(param any) *tensor.Dense {
		p, _ := param.(*Param)
		if p.absent() {
			return nil
		}
		return p.numbers()
	}
	weights.Take = func(params any, name string, value *tensor.Dense) error {
		p, _ := params.(*Params)
		if err := p.made(); err != nil {
			return err
		}
		return errors.Wrap(p.adopt([]Named{{name, value}}, nil, nil, nil), "graph")
	}
	weights.Changed = func(params any) {
		if p, _ := params.(*Params); p.made() == nil {
			p.numbers.Lock()
			p.numbers.packs.Changed()
			p.numbers.Unlock()
		}
	}
}
