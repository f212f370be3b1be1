package graph

import (
	"github.com/unroll-go/unroll/internal/weights"
	"gorgonia.org/tensor"
)

func init() {
	weights.Of = func(param any) *tensor.Dense {
		p, _ := param.(*Param)
		if p.absent() {
			return nil
		}
		return p.value
	}
	weights.Changed = func(params any) {
		if p, _ := params.(*Params); p.made() == nil {
			p.numbers.Lock()
			p.numbers.packs.Changed()
			p.numbers.Unlock()
		}
	}
}
