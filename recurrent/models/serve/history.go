package serve

import (
	"encoding/json"
	"slices"
)

// told is what the network said after a step of a session: the number of the step, and JSON.
type told struct {
	Step int             `json:"step"`
	Data json.RawMessage `json:"data"`
}

// history is what a session that is streamed said last, for clients that come back: all that it said after step Since.
type history struct {
	Since int    `json:"since"`
	Told  []told `json:"told"`
}

// mostHistory is how many bytes of what a session said are kept with it.
const mostHistory = 16 << 10

// and is a history with what was said next. The oldest goes where it is too much.
func (h history) and(list []told) *history {
	out := &history{Since: h.Since, Told: slices.Concat(h.Told, list)}
	bytes := out.cost()
	for bytes > mostHistory {
		bytes -= out.Told[0].cost()
		out.Since, out.Told = out.Told[0].Step, out.Told[1:]
	}
	return out
}

// after is what was said after a step.
func (h *history) after(step int) []told {
	if h == nil {
		return nil
	}
	from, _ := slices.BinarySearchFunc(h.Told, step+1, func(t told, step int) int { return t.Step - step })
	return h.Told[from:]
}

// cost is what it takes in memory, roughly.
func (t told) cost() int64 { return int64(len(t.Data)) + 64 }

func (h *history) cost() int64 {
	var n int64
	if h != nil {
		for _, t := range h.Told {
			n += t.cost()
		}
	}
	return n
}
