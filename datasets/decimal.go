package datasets

import (
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// DecimalDetect as the Decimal of a CSV or TSV finds by the fields of each column whether its numbers have a decimal point or a decimal
// comma, as spreadsheets in much of the world write them. A comma with three digits behind, as in 1,234, may stand between thousands:
// it is left as it is unless another number tells, such as 21,5, above it in any column, or in the rows that a header is detected by.
const DecimalDetect rune = -1

// decimals turns the decimal commas of a table's numbers into points.
type decimals struct {
	comma   bool            // the table has some: a comma is none between thousands
	columns []columnDecimal // by number
}

// columnDecimal is the first number of a column with a comma, and with a point; "" if there is none.
type columnDecimal struct {
	comma, point         string
	commaLine, pointLine int
}

func newDecimals(decimal rune, name string) (*decimals, error) {
	switch decimal {
	case 0, '.':
		return nil, nil
	case ',', DecimalDetect:
		return &decimals{comma: decimal == ','}, nil
	}
	return nil, errors.Errorf("datasets: %s: decimal %q; want '.', ',' or DecimalDetect", name, decimal)
}

// look finds a decimal comma in a row.
func (d *decimals) look(fields []string) {
	for _, f := range fields {
		if d.comma {
			return
		}
		_, d.comma = number.DecimalComma(strings.TrimSpace(f))
	}
}

// read turns the fields of a row that are numbers with a decimal comma. A column that has decimal points, too, is an error.
func (d *decimals) read(fields, names []string, line int) error {
	if d == nil {
		return nil
	}
	d.look(fields)
	for len(d.columns) < len(fields) {
		d.columns = append(d.columns, columnDecimal{})
	}
	for i, f := range fields {
		c, f := &d.columns[i], strings.TrimSpace(f)
		comma, _ := number.DecimalComma(f)
		switch {
		case comma && d.comma:
			if c.comma == "" {
				c.comma, c.commaLine = f, line
			}
			fields[i] = strings.Replace(f, ",", ".", 1)
		case c.point == "" && !comma && strings.Contains(f, ".") && isNumber(f):
			c.point, c.pointLine = f, line
		}
		if c.comma != "" && c.point != "" {
			return errors.Errorf("column %q mixes decimals: %.40q in line %d has a comma, %.40q in line %d a point; want one of them",
				names[i], c.comma, c.commaLine, c.point, c.pointLine)
		}
	}
	return nil
}

// DecimalCommas are the columns in which numbers with a decimal comma were read so far; Text and all others have a point in its place.
func (r *Rows) DecimalCommas() []string {
	var out []string
	if r.decimals != nil {
		for i, c := range r.decimals.columns {
			switch {
			case c.comma == "":
			case r.columns[i] == "":
				out = append(out, strconv.Itoa(i)) // as Text finds it
			default:
				out = append(out, r.columns[i])
			}
		}
	}
	return out
}
