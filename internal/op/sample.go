package op

import (
	"fmt"
	"math"

	"github.com/unroll-go/unroll/internal/kernel"
)

// LogUniform draws N different ids below Classes, small ones more often, p(id) = log((id+2)/(id+1)) / log(Classes+1):
// for vocabularies that begin with their most frequent words, whose counts fall about so (Zipf's law). It draws until it has
// N; how often it had to is the last of the N+1 results. They depend on the run's seed and the node alone.
type LogUniform struct{ N, Classes int }

func (o LogUniform) String() string {
	return fmt.Sprintf("%d log-uniform ids below %d", o.N, o.Classes)
}

func (o LogUniform) Bind(b *Binding) Task {
	dst, seed, node := b.Out.IDs, b.Seed, uint64(b.Node)
	drawn := make(map[int]bool, o.N)
	span := math.Log(float64(o.Classes) + 1)
	return func() error {
		key, tries, n := Mix(*seed^Mix(node)), 0, 0
		for ; n < o.N; tries++ {
			u := float64(Mix(key+uint64(tries)*golden)>>11) / (1 << 53)
			id := min(int(math.Exp(u*span))-1, o.Classes-1) // rounding may reach the end
			if !drawn[id] {
				drawn[id], dst[n] = true, id
				n++
			}
		}
		clear(drawn)
		dst[n] = tries
		return nil
	}
}

// FirstIDs is all ids but the last: what LogUniform drew.
type FirstIDs struct{}

func (FirstIDs) String() string { return "drawn ids" }

func (FirstIDs) Bind(b *Binding) Task {
	return func() error { copy(b.Out.IDs, b.In[0].IDs); return nil }
}

// LogUniformCount is the logarithm of the number of times that an id is expected among LogUniform's: for t tries, of
// 1 - (1-p)ᵗ. Operands: ids [...], and the draw [N+1]. The id Pad counts as id 0.
type LogUniformCount struct {
	Classes int
	Pad     Exempt
}

func (LogUniformCount) String() string { return "log expected count" }

func (o LogUniformCount) Bind(b *Binding) Task {
	return pick(b, bindLogUniformCount[float32](o), bindLogUniformCount[float64](o))
}

func bindLogUniformCount[T kernel.Float](o LogUniformCount) func(*Binding) Task {
	return func(b *Binding) Task {
		dst, ids, draw := Vec[T](b.Out), b.In[0].IDs, b.In[1].IDs
		span := math.Log(float64(o.Classes) + 1)
		return func() error {
			tries := float64(draw[len(draw)-1])
			for i, id := range ids {
				if o.Pad.is(id) {
					id = 0
				}
				p := math.Log1p(1/(float64(id)+1)) / span
				dst[i] = T(math.Log(-math.Expm1(tries * math.Log1p(-p))))
			}
			return nil
		}
	}
}
