package main

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/unroll-go/unroll/datasets"
)

// kinds of anomaly.
var anomalies = []string{"a spike", "a level shift", "a stuck sensor", "a missing season"}

// lengths of the anomalies, in hours.
var lengths = []int{1, 12, 12, 24}

const day = 24

// reading is an hour of a sensor.
type reading struct {
	datasets.PanelRow
	kind  int // of anomaly; -1 where all is well
	event int // its number
}

// sensors are the hours of some sensors, each with a day of its own shape, weekends, noise that lasts for hours, and a scale between
// 1 and 1,000. About so many anomalies come to each in a thousand hours. The seed is that of the noise: the sensors stay the same.
func sensors(seed uint64, from time.Time, count, hours int, anomaliesPerThousand float64) [][]reading {
	out := make([][]reading, count)
	for i := range out {
		out[i] = sensor(rand.New(rand.NewPCG(seed, uint64(i))), i, from, hours, anomaliesPerThousand)
	}
	number := 0
	for _, list := range out {
		for t := range list {
			if list[t].kind >= 0 && (t == 0 || list[t-1].kind < 0) {
				number++
			}
			list[t].event = number
		}
	}
	return out
}

func sensor(rng *rand.Rand, i int, from time.Time, hours int, anomaliesPerThousand float64) []reading {
	own := rand.New(rand.NewPCG(7, uint64(i)))
	scale := math.Pow(10, 3*own.Float64())
	phase, second := 2*math.Pi*own.Float64(), 0.4*own.Float64()
	out := make([]reading, hours)
	noise, stuck, kind, left, shift := 0.0, 0.0, -1, 0, 0.0
	for t := range out {
		at := from.Add(time.Duration(t) * time.Hour)
		angle := 2*math.Pi*float64(at.Hour())/day + phase
		weekend := 1.0
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			weekend = 0.6
		}
		noise = 0.7*noise + 0.08*rng.NormFloat64()
		season := weekend * (math.Sin(angle) + second*math.Sin(2*angle))
		v := 3 + season + noise
		if left == 0 {
			kind = -1
			if t > 3*day && rng.Float64() < anomaliesPerThousand/1000 {
				kind = rng.IntN(len(anomalies))
				left, stuck = lengths[kind], v
				shift = (0.6 + 0.6*rng.Float64()) * float64(2*rng.IntN(2)-1)
			}
		}
		switch kind {
		case 0, 1:
			v += shift
		case 2:
			v = stuck
		case 3:
			v -= season
		}
		out[t].kind = kind
		out[t].ID, out[t].Time, out[t].Value = "s"+strconv.Itoa(i), at, scale*v
		left = max(0, left-1)
	}
	return out
}

// panelOf are the readings as a table of series.
func panelOf(list [][]reading) *datasets.Panel {
	p := &datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitHour, Count: 1}}
	for _, readings := range list {
		s := datasets.PanelSeries{ID: readings[0].ID, Start: readings[0].Time}
		for _, r := range readings {
			s.Values = append(s.Values, r.Value)
		}
		p.Series = append(p.Series, s)
	}
	return p
}

// table are the readings in CSV, hour by hour.
func table(list [][]reading) string {
	var b strings.Builder
	b.WriteString("time,sensor,value\n")
	for t := range list[0] {
		for _, readings := range list {
			r := readings[t]
			b.WriteString(r.Time.Format("2006-01-02 15:04") + "," + r.ID + "," + strconv.FormatFloat(r.Value, 'g', 6, 64) + "\n")
		}
	}
	return b.String()
}
