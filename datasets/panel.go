package datasets

import (
	"fmt"
	"math"
	"time"

	"github.com/pkg/errors"
)

// Panel is one or many series in time with the same step, such as the sales of shops, and what is known beside them: columns
// that are known up to the last value (past), columns that are known ahead (known: prices, promotions, holidays), and what
// stays the same (static: the kind of shop). NaN stands for a missing number everywhere.
type Panel struct {
	Frequency Frequency
	Past      []string // names of the columns, in the order of the series' fields
	Known     []string
	Numbers   []string // static columns of numbers
	Classes   []string // static columns of classes
	Series    []PanelSeries
}

// PanelSeries is one series of a panel.
type PanelSeries struct {
	ID     string
	Start  time.Time   // of Values[0]
	Values []float64   // [N]
	Past   [][]float64 // [columns][N]
	Known  [][]float64 // [columns][N + steps that are known ahead]

	Numbers []float64 // [columns]
	Classes []string  // [columns]; empty is missing
}

// Check refuses a panel whose parts do not fit together.
func (p *Panel) Check() error {
	if p == nil || len(p.Series) == 0 {
		return errors.New("datasets: a panel without series")
	}
	if err := p.Frequency.Check(); err != nil {
		return err
	}
	for i, s := range p.Series {
		if err := p.check(s); err != nil {
			return errors.WithMessagef(err, "datasets: series %d of a panel, %.40q", i, s.ID)
		}
	}
	return nil
}

func (p *Panel) check(s PanelSeries) error {
	for _, c := range []struct {
		what      string
		has, want int
	}{
		{"past columns", len(s.Past), len(p.Past)}, {"known columns", len(s.Known), len(p.Known)},
		{"static numbers", len(s.Numbers), len(p.Numbers)}, {"static classes", len(s.Classes), len(p.Classes)},
	} {
		if c.has != c.want {
			return errors.Errorf("%d %s; want %d", c.has, c.what, c.want)
		}
	}
	for i, past := range s.Past {
		if len(past) != len(s.Values) {
			return errors.Errorf("%d values of the column %q; want %d, as of the series", len(past), p.Past[i], len(s.Values))
		}
	}
	for i, known := range s.Known {
		if len(known) < len(s.Values) || len(known) != len(s.Known[0]) {
			return errors.Errorf("%d values of the column %q; want as many as of the other known columns, and %d at least",
				len(known), p.Known[i], len(s.Values))
		}
	}
	for _, list := range append(append([][]float64{s.Values, s.Numbers}, s.Past...), s.Known...) {
		for i, v := range list {
			if math.IsInf(v, 0) {
				return errors.Errorf("value %d is infinite; want a number, or NaN for a missing one", i)
			}
			if math.Abs(v) > math.MaxFloat32 {
				return errors.Errorf("value %d is %g; want at most %.2g in size, as float32 has it", i, v, math.MaxFloat32)
			}
		}
	}
	return nil
}

// Len is the number of values, with those that are missing.
func (s PanelSeries) Len() int { return len(s.Values) }

// Missing counts the values that are missing.
func (s PanelSeries) Missing() int {
	n := 0
	for _, v := range s.Values {
		if math.IsNaN(v) {
			n++
		}
	}
	return n
}

// Ahead is for how many steps after the last value the known columns are there; without such columns it is 0.
func (s PanelSeries) Ahead() int {
	if len(s.Known) == 0 {
		return 0
	}
	return max(0, len(s.Known[0])-len(s.Values))
}

// Until is the series as it was known after n values. The known columns are known ahead as they are.
func (s PanelSeries) Until(n int) PanelSeries {
	n = min(max(n, 0), len(s.Values))
	s.Values = s.Values[:n:n]
	past := make([][]float64, len(s.Past))
	for i, c := range s.Past {
		past[i] = c[:min(n, len(c))]
	}
	s.Past = past
	return s
}

// Last is the panel with the last n values of each series, and what is known ahead of them.
func (p *Panel) Last(n int) *Panel {
	if p == nil {
		return nil
	}
	out := *p
	out.Series = make([]PanelSeries, len(p.Series))
	for i, s := range p.Series {
		from := max(0, len(s.Values)-n)
		s.Start = p.Frequency.Add(s.Start, from)
		s.Values = s.Values[from:]
		s.Past, s.Known = columnsFrom(s.Past, from), columnsFrom(s.Known, from)
		out.Series[i] = s
	}
	return &out
}

func columnsFrom(columns [][]float64, from int) [][]float64 {
	out := make([][]float64, len(columns))
	for i, c := range columns {
		out[i] = c[min(from, len(c)):]
	}
	return out
}

// String tells how many series there are, how long, and of which step.
func (p *Panel) String() string {
	if p == nil || len(p.Series) == 0 {
		return "no series"
	}
	least, most := math.MaxInt, 0
	for _, s := range p.Series {
		least, most = min(least, s.Len()), max(most, s.Len())
	}
	what := fmt.Sprintf("%d series", len(p.Series))
	if least == most {
		return fmt.Sprintf("%s of %d values, %s apart", what, most, p.Frequency.phrase())
	}
	return fmt.Sprintf("%s of %d to %d values, %s apart", what, least, most, p.Frequency.phrase())
}
