package compile

import (
	"slices"
)

// markFrozen finds what depends on weights and constants alone.
func (k *Code) markFrozen() {
	for _, v := range k.Order {
		if v.Leaf != nil {
			v.frozen = v.Leaf.Kind != FromInput
			continue
		}
		v.frozen = v.operands() > 0 && !v.Opaque
		for i := range v.operands() {
			v.frozen = v.frozen && v.operand(i).frozen
		}
	}
}

// freezeFirst puts the steps that need to run once only before the others.
func (p *planner) freezeFirst() {
	slices.SortStableFunc(p.steps, func(a, b *step) int {
		switch fa, fb := a.values[0].frozen, b.values[0].frozen; {
		case fa && !fb:
			return -1
		case fb && !fa:
			return 1
		}
		return 0
	})
}
