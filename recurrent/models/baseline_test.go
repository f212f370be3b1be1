package models

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/unroll-go/unroll/datasets"
)

// The windows that the linear forecast is learned from are of all times of a series, however many windows a series has.
func TestLinearReadsAllWindows(t *testing.T) {
	const series, days = 5000, 30 // nine windows each, of which every ninth would be the last of all
	p := &datasets.Panel{Frequency: datasets.Frequency{Unit: datasets.UnitDay, Count: 1}}
	for i := range series {
		s := datasets.PanelSeries{ID: fmt.Sprint(i), Start: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)}
		for day := range days {
			noise := rand.New(rand.NewPCG(uint64(i), uint64(day))).NormFloat64()
			s.Values = append(s.Values, 10+float64(day%7)+0.1*noise)
		}
		p.Series = append(p.Series, s)
	}
	m, err := NewForecaster(Config{Hidden: 1, Forecast: ForecastConfig{Horizon: 5}}, p)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Backtest(t.Context(), p, Backtesting{})
	if err != nil {
		t.Fatal(err)
	}
	seasonal, linear := b.Scores[2], b.Scores[3]
	if seasonal.Name != "seasonal naive" || linear.Name != "linear" || linear.MAE > 1.2*seasonal.MAE {
		t.Errorf("%s has an error of %g, %s of %g", seasonal.Name, seasonal.MAE, linear.Name, linear.MAE)
	}
	for _, period := range []int{1, 2, 7, 9, 13, 261, 365} {
		for _, share := range []float64{1, 0.3, 1.0 / 18} {
			drawnOf := make([]int, period)
			const each = 5000
			for i := range each * period {
				if drawn(i, share) {
					drawnOf[i%period]++
				}
			}
			for phase, n := range drawnOf {
				if math.Abs(float64(n)/each-share) > 0.02 {
					t.Errorf("of windows %d, %d later and so on, %d of %d are drawn; want a share of %g", phase, period, n, each, share)
				}
			}
		}
	}
}
