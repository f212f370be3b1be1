package main

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/unroll-go/unroll/losses/distribution"
	"github.com/unroll-go/unroll/nn/train/metric"
)

// market says what is sold.
type market struct {
	products, days, ahead, test int
	family                      distribution.Family
	seed                        uint64
}

// product is what one is sold of, with the rule behind it.
type product struct {
	name, kind string
	promotion  []bool                      // of all days and those ahead
	rule       []distribution.Distribution // of each day of sales
	sold       []float64                   // drawn from it
}

// kinds have weeks of their own, from Sunday on, and like promotions more or less.
var kinds = []struct {
	name string
	week [7]float64
	lift float64
}{
	{"food", [7]float64{0.5, 0.9, 0.9, 1.0, 1.1, 1.4, 1.2}, 1.5},
	{"garden", [7]float64{1.6, 0.6, 0.6, 0.7, 0.8, 1.1, 1.6}, 1.3},
	{"office", [7]float64{0.2, 1.5, 1.4, 1.3, 1.3, 1.1, 0.2}, 2.2},
}

var opening = time.Date(2022, 1, 3, 0, 0, 0, 0, time.UTC)

// open draws the products.
func (m market) open() ([]product, error) {
	if m.products < 1 || m.days < 1 || m.ahead < 0 || m.test < 1 || m.test > m.days {
		return nil, fmt.Errorf("%d products, %d days, %d ahead, %d to test; want 1 or more", m.products, m.days, m.ahead, m.test)
	}
	out := make([]product, m.products)
	for i := range out {
		rng := rand.New(rand.NewPCG(m.seed, uint64(i)))
		kind := kinds[rng.IntN(len(kinds))]
		level := 20 * math.Exp(2*rng.Float64()) // 20 to 148 a day
		p := product{name: fmt.Sprintf("p%03d", i), kind: kind.name}
		for day, left := 0, 0; day < m.days+m.ahead; day++ {
			if left--; left < 0 && rng.Float64() < 0.05 {
				left = 3 + rng.IntN(5)
			}
			p.promotion = append(p.promotion, left > 0)
			mean := level * kind.week[opening.AddDate(0, 0, day).Weekday()]
			if left > 0 {
				mean *= kind.lift
			}
			if day >= m.days {
				continue
			}
			spread := 0.05 // of a negative binomial: the variance is mean + 0.05·mean²
			if m.family == distribution.Gaussian {
				spread = 0.15 * mean
			}
			d, err := m.family.New(mean, spread)
			if err != nil {
				return nil, err
			}
			p.rule, p.sold = append(p.rule, d), append(p.sold, d.Sample(rng))
		}
		out[i] = p
	}
	return out, nil
}

// write writes a table of all products.
func write(w io.Writer, list []product) error {
	c := csv.NewWriter(w)
	_ = c.Write([]string{"date", "product", "kind", "promotion", "units"}) // an error stays, and Flush tells it
	for _, p := range list {
		for day, promotion := range p.promotion {
			units, flag := "", "0"
			if day < len(p.sold) {
				units = strconv.FormatFloat(p.sold[day], 'g', 6, 64)
			}
			if promotion {
				flag = "1"
			}
			_ = c.Write([]string{opening.AddDate(0, 0, day).Format(time.DateOnly), p.name, p.kind, flag, units})
		}
	}
	c.Flush()
	return c.Error()
}

// verdict is how good a forecast was.
type verdict struct {
	crps     float64    // over the mean size of the truth, by quantiles at 0.05, 0.10 and so on
	coverage [3]float64 // of the intervals of 50, 80 and 95 %
}

func (v verdict) String() string {
	return fmt.Sprintf("CRPS %.4f, %.1f, %.1f and %.1f %% in the intervals of 50, 80 and 95 %%",
		v.crps, 100*v.coverage[0], 100*v.coverage[1], 100*v.coverage[2])
}

// judge tells how good the rule itself forecasts the last days.
func judge(list []product, test int) (v verdict, err error) {
	var levels []float64
	for i := 1; i < 20; i++ {
		levels = append(levels, float64(i)/20)
	}
	q, err := metric.NewQuantileErrors(levels...)
	if err != nil {
		return v, err
	}
	var in [3]metric.IntervalErrors
	for _, p := range list {
		for day := len(p.sold) - test; day < len(p.sold); day++ {
			values := make([]float64, len(levels))
			for i, level := range levels {
				values[i] = p.rule[day].Quantile(level)
			}
			if err := q.Add(values, p.sold[day]); err != nil {
				return v, err
			}
			for i, share := range []float64{0.5, 0.8, 0.95} {
				low, high := p.rule[day].Quantile((1-share)/2), p.rule[day].Quantile((1+share)/2)
				if err := in[i].Add([]float64{low}, []float64{high}, p.sold[day:day+1]); err != nil {
					return v, err
				}
			}
		}
	}
	v.crps = q.WeightedLoss()
	for i := range in {
		v.coverage[i] = in[i].Coverage()
	}
	return v, nil
}
