package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/unroll-go/unroll/recurrent/models"
)

// task is a set of sensor windows to make: rows of four measurements of a machine that is in one of four states.
type task struct {
	windows     int
	missing     float64 // share of the values that are missing
	informative bool    // what is missing depends on the state, as where somebody measures what worries them
	seed        uint64
}

const rows = 60

var (
	channels = []string{"vibration", "current", "temperature", "pressure"}
	states   = []string{"idle", "normal", "strained", "worn"}
)

// sequences makes the windows. The state shows in how fast the vibration is, in how far the current lags behind it, and a
// little in the levels of the two slow measurements, which drift by themselves.
func (k task) sequences() models.Sequences {
	rng := rand.New(rand.NewPCG(k.seed, 7))
	s := models.Sequences{}
	for _, c := range channels {
		s.Columns = append(s.Columns, models.SequenceColumn{Name: c})
	}
	for i := range k.windows {
		state := i % len(states)
		s.IDs, s.Labels = append(s.IDs, fmt.Sprintf("w%05d", i)), append(s.Labels, states[state])
		s.Values = append(s.Values, k.window(rng, state))
	}
	return s
}

// window is one of them, [rows, 4].
func (k task) window(rng *rand.Rand, state int) []float64 {
	fast, late := float64(state%2), float64(state/2)
	speed := (0.3 + 0.25*fast) * (1 + 0.08*rng.NormFloat64()) // radians a row
	lag, phase := 0.5+1.1*late, 2*math.Pi*rng.Float64()
	temperature, pressure := rng.NormFloat64(), rng.NormFloat64()
	values := make([]float64, 0, rows*len(channels))
	for t := range rows {
		at := phase + speed*float64(t)
		temperature = 0.95*temperature + 0.31*rng.NormFloat64()
		pressure = 0.95*pressure + 0.31*rng.NormFloat64()
		row := []float64{
			math.Sin(at) + 0.3*rng.NormFloat64(),
			math.Sin(at-lag) + 0.3*rng.NormFloat64(),
			60 + 8*(temperature+0.6*fast),
			3 + 0.5*(pressure+0.6*late),
		}
		for c, v := range row {
			if rng.Float64() < k.absence(state, c) {
				v = math.NaN()
			}
			values = append(values, v)
		}
	}
	return values
}

// absence is how likely a measurement is missing. Where that tells of the state, each state has two measurements that are taken
// more often, and two that are less.
func (k task) absence(state, channel int) float64 {
	if !k.informative {
		return k.missing
	}
	there, sign := 1-k.missing, 1.0
	if (channel^state)&1 != (channel>>1^state>>1)&1 {
		sign = -1
	}
	return 1 - min(there*(1+0.25*sign), 1)
}

// write writes windows as a table, a row of the table for each of theirs; what is missing is empty.
func write(w io.Writer, s models.Sequences) error {
	out := csv.NewWriter(w)
	if err := out.Write(append([]string{"window", "row"}, append(channels, "state")...)); err != nil {
		return err
	}
	for i, values := range s.Values {
		for t := range rows {
			record := []string{s.IDs[i], strconv.Itoa(t)}
			for _, v := range values[t*len(channels) : (t+1)*len(channels)] {
				text := ""
				if !math.IsNaN(v) {
					text = strconv.FormatFloat(v, 'f', 3, 64)
				}
				record = append(record, text)
			}
			if err := out.Write(append(record, s.Labels[i])); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
