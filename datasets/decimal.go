package datasets

import (
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/internal/number"
)

// DecimalDetect as the Decimal of a CSV or TSV finds by the fields of each column whether its numbers have a decimal point or a decimal
// comma, as spreadsheets in much of the world write them. A comma with three digits behind, as in 1,234, may stand between thousands:
// it is left as it is unless another number tells, such as 21,5, above it or in the rows that a header is detected by. That number
// may be of any column; of a table with commas between its fields, which may as well be of where commas stand between thousands, it
// must be of the same.
const DecimalDetect rune = -1

// decimals turns the decimal commas of a table's numbers into points.
type decimals struct {
	alone   bool            // what a column has tells nothing about others
	comma   bool            // the table has some: a comma is none between thousands
	columns []columnDecimal // by number
}

// columnDecimal is the first number of a column with a comma, and with a point; "" if there is none.
type columnDecimal struct {
	sure                 bool // a comma of the column is none between thousands
	comma, point         string
	commaLine, pointLine int
}

// newDecimals reads the numbers of a table with some character between its fields.
func newDecimals(decimal, between rune, name string) (*decimals, error) {
	switch decimal {
	case 0, '.':
		return nil, nil
	case ',', DecimalDetect:
		return &decimals{comma: decimal == ',', alone: between == ','}, nil
	}
	return nil, errors.Errorf("datasets: %s: decimal %q; want '.', ',' or DecimalDetect", name, decimal)
}

// look finds decimal commas in a row.
func (d *decimals) look(fields []string) {
	for len(d.columns) < len(fields) {
		d.columns = append(d.columns, columnDecimal{})
	}
	if d.comma {
		return
	}
	for i, f := range fields {
		if _, sure := number.DecimalComma(strings.TrimSpace(f)); sure {
			d.columns[i].sure, d.comma = true, !d.alone
		}
	}
}

// read turns the fields of a row that are numbers with a decimal comma. A column that has decimal points, too, is an error.
func (d *decimals) read(fields, names []string, line int) error {
	if d == nil {
		return nil
	}
	d.look(fields)
	for i, f := range fields {
		c, f := &d.columns[i], strings.TrimSpace(f)
		comma, _ := number.DecimalComma(f)
		switch {
		case comma && (d.comma || c.sure):
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
