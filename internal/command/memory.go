package command

import (
	"fmt"
	"io"
	"math"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/dense"
	"github.com/unroll-go/unroll/recurrent/models"
)

// memory is what this machine, or the part of it that the process may use, has; 0 where nobody tells.
type memory struct {
	all  float64 // bytes, with the swap space
	free float64
}

// enough refuses a model whose weights alone cannot be trained in the memory that there is, in place of dying of it, and
// warns of one that may not fit.
func enough(w io.Writer, model models.Model, tokens int, m memory) error {
	c, d := model.Config(), model.Demand()
	sizes := fmt.Sprintf("--hidden %d, --layers %d", c.Hidden, c.Layers)
	if tokens > 0 {
		sizes += fmt.Sprintf(", --embed %d, %s tokens", c.Embed, thousands(tokens))
	}
	switch {
	case d.Weights > dense.MaxElements:
		return errors.Errorf("a network of %s weights is more than any machine can hold (%s)", rough(d.Weights), sizes)
	case m.all > 0 && d.Least > m.all:
		return errors.Errorf("a network of %s weights takes at least %sB to train with %s, and there are %sB in all (%s)",
			rough(d.Weights), rough(d.Least), c.Optimizer, rough(m.all), sizes)
	case m.free > 0 && d.Likely > m.free:
		tell(w, "Memory", "training may take %sB; %sB are free", rough(d.Likely), rough(m.free))
	}
	return nil
}

// rough writes a large number with a prefix of the SI: 1.6 G.
func rough(v float64) string {
	i := 0
	for v >= 999.5 && i < 6 {
		v /= 1000
		i++
	}
	digits := max(0, 2-int(math.Log10(max(v, 1))))
	return fmt.Sprintf("%.*f %s", digits, v, []string{"", "k", "M", "G", "T", "P", "E"}[i])
}
